"""Where results are kept, by identity."""

from graphrun.cache.checkpoints import Checkpoint, Checkpoints
from graphrun.cache.disk import DiskStore
from graphrun.cache.memory import MemoryStore, Outputs, Store, Stored
from graphrun.cache.values import is_value

__all__ = [
    "Checkpoint",
    "Checkpoints",
    "DiskStore",
    "MemoryStore",
    "Outputs",
    "Store",
    "Stored",
    "is_value",
]
