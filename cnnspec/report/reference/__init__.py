"""The reference that ``cnnspec docs`` prints: the language, operators, rules and conventions."""
