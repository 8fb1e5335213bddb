"""Search: many settings of a spec compared (sweep), and questions asked backwards (solve)."""
