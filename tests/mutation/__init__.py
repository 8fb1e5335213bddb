"""Mutation testing of cnnspec itself: faults planted in spec/, ops/ and rules/."""
