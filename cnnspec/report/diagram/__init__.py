"""A network as a picture: folded into parts (fold), laid out (layers, order, align, route), and
drawn as SVG."""
