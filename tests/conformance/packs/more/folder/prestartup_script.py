"""Runs before the pack is imported."""

from toybox import WORLD

WORLD["prestarted"] = "before"
