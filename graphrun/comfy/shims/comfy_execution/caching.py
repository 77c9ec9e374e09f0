"""Stand-in: the engine keeps results in another way, so only names are here."""

from graphrun.comfy import missing

__getattr__ = missing.names(
    __name__,
    "BasicCache CacheKeySetID CacheKeySetInputSignature HierarchicalCache LRUCache "
    "RAMPressureCache include_unique_id_in_input",
)
