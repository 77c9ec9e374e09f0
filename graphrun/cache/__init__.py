"""Where results are kept, by identity."""

from graphrun.cache.disk import DiskStore
from graphrun.cache.memory import MemoryStore, Outputs, Store, Stored
from graphrun.cache.values import is_value

__all__ = ["DiskStore", "MemoryStore", "Outputs", "Store", "Stored", "is_value"]
