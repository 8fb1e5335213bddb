"""Mutation testing of the checker itself: faults planted in spec/, ops/ and rules/, and which tests
notice."""
