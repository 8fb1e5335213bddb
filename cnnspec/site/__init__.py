"""The static site: the reference, the zoo, and the playground, in which cnnspec runs on Pyodide."""
