"""Stand-in for the package: how nodes build graphs, and what they can learn about the run."""
