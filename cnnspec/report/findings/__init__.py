"""Findings of cnnspec check in the formats that people, editors and services read."""
