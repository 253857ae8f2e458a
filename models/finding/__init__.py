"""How the counter is found in a whole picture: two small networks and the geometry between them."""
