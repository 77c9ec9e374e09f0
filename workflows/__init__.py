"""Example workflows in the editor's format."""
