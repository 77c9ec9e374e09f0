"""Prompt → Plan."""

from graphrun.plan.overrides import override, shrink
from graphrun.plan.plan import Plan, Step, plan
from graphrun.plan.rules import RULES, check
from graphrun.plan.static import ResourceUse

__all__ = ["RULES", "Plan", "ResourceUse", "Step", "check", "override", "plan", "shrink"]
