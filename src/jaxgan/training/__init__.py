"""Training: the loop, its hooks, and the compiled steps."""
