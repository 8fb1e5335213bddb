"""Audit published figures: compare claims with the calculation, and find likely mistakes."""
