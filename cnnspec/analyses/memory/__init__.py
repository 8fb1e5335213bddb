"""What a network needs in memory, to the byte: one log of every allocation and release, from which
all else follows."""
