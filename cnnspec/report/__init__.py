"""Answers become pages: text, Markdown, LaTeX, HTML, CSV, JSON. Nothing is computed here."""
