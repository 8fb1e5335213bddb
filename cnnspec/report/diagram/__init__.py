"""A network as a picture: folded into parts (fold), laid out (layers, align, route), and drawn."""
