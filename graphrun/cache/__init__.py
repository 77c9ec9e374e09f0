"""Stores of node results."""

from graphrun.cache.memory import MemoryStore, Outputs, Store, Stored

__all__ = ["MemoryStore", "Outputs", "Store", "Stored"]
