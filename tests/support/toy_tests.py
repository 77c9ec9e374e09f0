"""A small workflow with a pack of its own, to write tests for; a node makes tensors, if it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PACK = '''
from graphrun.node import metric, notice, output_file, show


class Toy:
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    CATEGORY = "toys"


class Number(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0, "min": 0, "max": 100})}}

    def run(self, value):
        return (value,)


class Learn(Toy):
    """A training: its loss falls from 1 to 1 / steps."""

    RETURN_TYPES = ("FLOAT", "STRING")
    RETURN_NAMES = ("loss", "told")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"steps": ("INT", {})}}

    def run(self, steps):
        for step in range(1, steps + 1):
            metric(epoch=step, loss=1 / step, accuracy=1 - 1 / step)
        notice("it was learned", code="learned")
        return (1 / steps, "learned")


class Fail(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {})}}

    def run(self, value):
        raise ValueError(f"no {value}")


class Tensor(Toy):
    RETURN_TYPES = ("TENSOR",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"rows": ("INT", {}), "by": ("FLOAT", {"default": 7.0})}}

    def run(self, rows, by):
        import torch

        return (torch.arange(rows * 10.0).reshape(rows, 10) / by,)


class Nothing(Toy):
    """A list of no values."""

    OUTPUT_NODE = True
    OUTPUT_IS_LIST = (True,)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def run(self):
        return ([],)


class Strange(Toy):
    """Figures and a file of odd kinds."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def run(self):
        metric(loss=float("nan"), size=4, done=True)
        target = output_file("a[1].txt")
        target.write_text("")
        show(files=[str(target)])
        return ()


class Object(Toy):
    RETURN_TYPES = ("OBJECT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def run(self):
        return (self,)


class Crash(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def run(self):
        import os

        os._exit(7)


class Show(Toy):
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*", {})}}

    def run(self, value):
        target = output_file("shown.txt")
        target.write_text(str(value))
        show(files=[str(target)], text=[str(value)])
        return ()


TOYS = (Number, Learn, Fail, Tensor, Nothing, Strange, Object, Crash, Show)
NODE_CLASS_MAPPINGS = {one.__name__: one for one in TOYS}
'''

FLOW: dict[str, tuple[str, dict[str, Any]]] = {
    "1": ("Number", {"value": 4}),
    "2": ("Learn", {"steps": ["1", 0]}),
    "3": ("Show", {"value": ["2", 0]}),
}


def room(folder: Path) -> Path:
    """A folder with a pack and the workflow `flow.json`."""
    (folder / "pack.py").write_text(PACK)
    return workflow(folder / "flow.json", FLOW)


def workflow(path: Path, nodes: dict[str, tuple[str, dict[str, Any]]]) -> Path:
    """A prompt as a file; the nodes have titles such as `My Learn`."""
    document = {
        i: {"class_type": kind, "inputs": inputs, "_meta": {"title": f"My {kind}"}}
        for i, (kind, inputs) in nodes.items()
    }
    path.write_text(json.dumps(document, indent=1))
    return path
