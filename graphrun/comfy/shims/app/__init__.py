"""Stand-in for the package of ComfyUI's server; most of it is not offered."""
