"""What a network needs in memory: plans of every allocation and release, exact to the byte."""
