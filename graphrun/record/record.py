"""What a run notes of its surroundings before it starts."""

from __future__ import annotations

from typing import Any

from graphrun.catalog import Catalog, Settings
from graphrun.plan import Plan
from graphrun.record.packs import packs
from graphrun.record.repository import repository
from graphrun.record.resources import resources


def recorded(plan: Plan, catalog: Catalog, settings: Settings) -> dict[str, Any]:
    """The parts of a report that only the time before the run knows: git, packs, resources."""
    used, _ = resources(plan, catalog, settings)
    return {
        "git": repository(plan.prompt.name),
        "packs": packs(catalog, (step.node.class_type for step in plan.steps)),
        "resources": [one.to_json(place=True) for one in used],
    }
