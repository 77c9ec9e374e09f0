"""Prompt → Plan, and what differs between two prompts."""

from graphrun.plan.diff import Difference, diff
from graphrun.plan.overrides import Setting, override, shrink
from graphrun.plan.plan import Plan, Step, plan
from graphrun.plan.rules import RULES, check
from graphrun.plan.static import ResourceUse

__all__ = [
    "RULES",
    "Difference",
    "Plan",
    "ResourceUse",
    "Setting",
    "Step",
    "check",
    "diff",
    "override",
    "plan",
    "shrink",
]
