"""What a check has found, in the formats that people, editors and services read."""
