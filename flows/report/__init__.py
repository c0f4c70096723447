"""Which carriers, routes and hours run late, and the weather's part in it."""
