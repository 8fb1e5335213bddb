"""What cnnspec check and cnnspec lock do: check files of specs, and report what is wrong."""
