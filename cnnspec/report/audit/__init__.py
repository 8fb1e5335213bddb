"""Reports of audits: tables, wording and output formats."""
