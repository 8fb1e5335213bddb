"""Reading a live model: the operations that it runs, in the words of cnnspec's operators."""
