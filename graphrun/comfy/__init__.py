"""ComfyUI's protocols: node packs written for it, and the module names that they import."""
