"""A prompt as a picture: where its nodes lie, and what that looks like in several formats."""

from graphrun.report.drawing.drawing import Box, Drawing, Group, Slot, Wire, draw, hue

__all__ = ["Box", "Drawing", "Group", "Slot", "Wire", "draw", "hue"]
