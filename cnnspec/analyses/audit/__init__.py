"""Published figures against the calculation: confirmed, refuted, ambiguous or undecidable, and
which mistake was made."""
