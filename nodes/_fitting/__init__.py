"""How models are trained: the loop, its batches, and the ways to compute them."""
