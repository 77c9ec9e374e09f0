"""Runs before the pack is imported."""

from toybox import LOADED

LOADED.append("folder: before")
