"""Where results are kept, by identity."""

from graphrun.cache.checkpoints import Checkpoint, Checkpoints
from graphrun.cache.disk import DiskStore
from graphrun.cache.memory import Kept, MemoryStore, Outputs, Placed, Store, Stored
from graphrun.cache.values import is_value

__all__ = [
    "Checkpoint",
    "Checkpoints",
    "DiskStore",
    "Kept",
    "MemoryStore",
    "Outputs",
    "Placed",
    "Store",
    "Stored",
    "is_value",
]
