"""A file that is no pack: neither a mapping nor an entry point."""
