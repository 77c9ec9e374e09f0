"""A node that uses an operation of which torch has no exact form."""

import torch

from graphrun.catalog import Catalog
from graphrun.node import Nodes, Pack, show

NODES = Nodes(category="toys")
SEEN: list[bool] = []
"""Whether torch was told to be exact, at each call."""


@NODES.node("Put", output_node=True)
def put(exact: bool = False) -> str:
    """Puts numbers into a tensor."""
    SEEN.append(torch.are_deterministic_algorithms_enabled())
    found = torch.zeros(3)
    if not exact:
        found.put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))
    show(text=["done"])
    return "done"


def catalog() -> Catalog:
    return Catalog((Pack("inexact", "inexact", around="graphrun_nodes._around:around"),))
