"""A pack for sweeps: a slow beginning, and an end that tells figures. Its calls go into a file."""

import os
import time
from pathlib import Path
from typing import Annotated

from graphrun.node import Extends, Nodes, Pack, Range, checkpoint, metric, progress

NODES = Nodes(category="sweeps")


def log(word: str) -> None:
    with Path(os.environ["SWEEP_LOG"]).open("a") as file:
        file.write(f"{word}\n")


@NODES.node("Prepare")
def prepare(text: str) -> str:
    """What all members have in common."""
    log("prepare")
    time.sleep(0.3)  # so that a second one would begin meanwhile
    return text.upper()


@NODES.node("Score", output_node=True)
def score(
    text: str, rate: Annotated[float, Range(0.0, 1.0)] = 0.5, *, mode: str = "", gate: str = ""
) -> str:
    """A loss that is lowest at 0.3; with a gate, it waits until there is such a file."""
    log(f"score {rate} {mode}".strip())
    if mode == "fail":
        raise RuntimeError("it is to fail")
    if mode == "crash":
        os._exit(7)
    if mode == "hang":
        time.sleep(600)
    while gate and not Path(gate).exists():
        progress(1, 2)
        time.sleep(0.02)
    metric(epoch=1, val_loss=round(abs(rate - 0.3), 6), val_f1=rate)
    return f"{text} {rate}"


@NODES.node("Fit", output_node=True)
def fit(text: str, epochs: Annotated[int, Range(1, 9), Extends()] = 1) -> str:
    """A training that goes on from where a shorter one ended."""
    kept = checkpoint()
    kept.take()
    found = kept.newest(epochs)
    begun = found.epoch if found else 0
    log(f"fit {begun} to {epochs}")
    for epoch in range(begun, epochs):
        kept.save(epoch + 1, 0, {"text": text})
        metric(epoch=epoch + 1, val_loss=1 / (epoch + 1))
    kept.release()
    return text


PACK = Pack(name="sweep_pack", package="sweep_pack")
