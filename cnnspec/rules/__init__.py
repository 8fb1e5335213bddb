"""Lint rules, one a file: what is legal in the language, and yet seldom meant.

A file says why in its docstring and ends in its ``rule``: code, severity, title, the function that
finds it, and a bad and a good example, which tests and the page of rules read."""
