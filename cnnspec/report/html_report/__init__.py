"""A network on one page of HTML that needs nothing else: its table, its plots, its memory and its
picture."""
