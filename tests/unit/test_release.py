"""Values are let go with the last node that may use them."""

import subprocess
import sys

import comfy_toys as toys
from comfy_toys import Toy, prompt

import graphrun

CHAIN = """
import resource, sys
import numpy
import graphrun

class Toy:
    RETURN_TYPES = ("ARRAY",)
    FUNCTION = "run"

class First(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}
    def run(self):
        return (numpy.zeros(1 << 23) + 1,)

class Next(Toy):
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"array": ("ARRAY",)}}
    def run(self, array):
        return (array + 1,)

class Show(Toy):
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"array": ("ARRAY",)}}
    def run(self, array):
        return {"ui": {"mean": [float(array.mean())]}}

nodes = {"0": {"class_type": "First", "inputs": {}}}
for i in range(1, 200):
    nodes[str(i)] = {"class_type": "Next", "inputs": {"array": [str(i - 1), 0]}}
nodes["end"] = {"class_type": "Show", "inputs": {"array": ["199", 0]}}

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = peak()
report = graphrun.run(nodes, packs=[{"First": First, "Next": Next, "Show": Show}])
print(report.ui["end"]["mean"][0], peak() - before)
"""


def test_a_chain_of_200_arrays_of_64_mib_stays_small():
    command = [sys.executable, "-c", CHAIN]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    mean, mib = map(float, found.stdout.split())
    assert mean == 200
    assert mib < 400


class Token:
    """A value that says when it goes."""

    alive = 0

    def __init__(self):
        Token.alive += 1

    def __del__(self):
        Token.alive -= 1


class Make(Toy):
    RETURN_TYPES = ("TOKEN",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"number": ("INT", {})}}

    def run(self, number):
        return (Token(),)


class Pass(Toy):
    """Gives a token of its own, and takes down how many there are."""

    RETURN_TYPES = ("TOKEN",)
    seen: list[int] = []  # noqa: RUF012

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"token": ("TOKEN", {})}, "optional": {"other": ("TOKEN", {})}}

    def run(self, token, other=None):
        self.seen.append(Token.alive)
        return (Token(),)


class Pick(toys.Choose):
    pass


CLASSES = {**toys.CLASSES, "Make": Make, "Pass": Pass, "Pick": Pick}


def run(nodes, **options):
    Pass.seen.clear()
    report = graphrun.run(prompt(nodes), packs=[CLASSES], **options)
    assert report.status == "success"
    return report


def test_nothing_is_left_after_the_run():
    nodes = {"1": ("Make", {"number": 1}), "2": ("Pass", {"token": ["1", 0]})}
    nodes |= {str(i): ("Pass", {"token": [str(i - 1), 0]}) for i in range(3, 9)}
    nodes["end"] = ("Show", {"value": ["8", 0]})
    report = run(nodes)
    assert max(Pass.seen) == 1
    del report
    toys.CALLS.clear()
    assert Token.alive == 0


def test_what_only_an_input_that_is_not_wanted_could_use_goes_with_it():
    nodes = {
        "1": ("Make", {"number": 1}),
        "2": ("Pass", {"token": ["1", 0]}),
        "3": ("Make", {"number": 3}),
        # Only the other branch would use 1 again.
        "4": ("Pass", {"token": ["3", 0], "other": ["1", 0]}),
        "5": ("Pick", {"first": True, "a": ["2", 0], "b": ["4", 0]}),
        "6": ("Pass", {"token": ["5", 0]}),
        "end": ("Show", {"value": ["6", 0]}),
    }
    run(nodes)
    toys.CALLS.clear()
    # 2 sees 1; 6 sees what 5 passed on, and no longer 1.
    assert Pass.seen == [1, 1]
    assert Token.alive == 0


def test_outputs_that_are_asked_for_stay():
    nodes = {"1": ("Make", {"number": 1}), "2": ("Pass", {"token": ["1", 0]})}
    report = run(nodes, targets=["2"], keep=["1"])
    assert Token.alive == 2
    assert isinstance(report.outputs["1"][0][0], Token)
    del report
    assert Token.alive == 0
