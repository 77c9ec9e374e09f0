"""Stand-in for ComfyUI's package of this name."""
