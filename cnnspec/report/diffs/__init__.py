"""Differences between two networks on pages: text, Markdown and JSON."""
