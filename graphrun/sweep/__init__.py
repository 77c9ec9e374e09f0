"""Sweeps: one graph with several values, as runs that share what is common to them."""
