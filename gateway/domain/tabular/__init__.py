"""Tables that people and other systems send: rows, cells, and what is wrong with them."""
