"""Lint rules, one a file: what the language allows, and is usually a mistake.

To add a rule: write a file with a docstring (its documentation) and a ``rule``, and add its code
to RULES in registry.py. Start from a copy of even_kernel.py."""
