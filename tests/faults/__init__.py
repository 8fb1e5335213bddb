"""Plant faults: change one field of a network, and compare it with the library's model."""
