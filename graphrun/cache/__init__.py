"""Where results are kept, by identity."""

from graphrun.cache.memory import MemoryStore, Outputs, Store, Stored
from graphrun.cache.values import is_value

__all__ = ["MemoryStore", "Outputs", "Store", "Stored", "is_value"]
