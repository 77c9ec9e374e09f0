"""The public node API. Packs import this module and nothing else of graphrun."""

from graphrun.catalog.node import *  # noqa: F403
from graphrun.catalog.node import __all__ as __all__
from graphrun.catalog.pack import Pack as Pack
