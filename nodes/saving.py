"""Weights to files and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from graphrun.node import Mutates, Nodes, Resource, notice, output_file, show

from ._paths import WEIGHTS, find_weights, newer_beside
from ._types import Model
from ._weights import load_into, read_weights, requested_name, save_weights

NODES = Nodes(category="Data Analysis", spaced=True)

_PICKLES = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})


@NODES.node("PtSaveModel", outputs=("model full path",), volatile=True)
def save_model(
    model: Model, model_path: Annotated[str, Resource("output_file")] = "model.pkl"
) -> str:
    """Writes the model's weights as safetensors and gives the file's absolute path.

    Relative paths lie in the run's output folder; folders are made. A suffix of pickle files
    (.pt, .pth, .pkl, .bin, .ckpt) becomes .safetensors. The file appears whole or not at all, and
    its header says which model it is for.

    Raises:
        OSError: the file cannot be written, for instance because the disk is full.
    """
    asked = output_file(model_path)
    target = _target(asked)
    if target != asked:
        notice(
            f"{model_path} is written as {target.name}: safetensors instead of a pickle",
            code="saved_as_safetensors",
            input="model_path",
            hint="PtLoadModel finds it under the old name too",
        )
    path = str(save_weights(model, target, requested=asked.name))
    show(files=[path])
    return path


@NODES.node("PtLoadModel", outputs=("model",), volatile=True)
def load_model(
    model: Annotated[Model, Mutates()],
    model_path: Annotated[str, Resource("weights")] = "model.pkl",
) -> Model:
    """Loads weights into the given model, which is also the result.

    Reads safetensors and torch state dicts; a file with anything but tensors in it is refused.
    Relative paths are looked for in the run's output folder, then in the working folder, each
    also with the suffix .safetensors. Names and shapes have to be the model's.

    Raises:
        MissingResource: there is no such file.
        InputError: the file is damaged, holds more than tensors, or is of another model.
    """
    path = find_weights(model_path)
    newer = newer_beside(path)
    if newer:
        notice(
            f"{path} is loaded, and {newer.name} beside it is newer",
            code="newer_weights",
            input="model_path",
            hint=f"name {newer.name} to load that one",
        )
    load_into(model, read_weights(path), path)
    return model


def _target(asked: Path) -> Path:
    """Where the weights go. Never onto another model's file that has the name by chance."""
    if asked.suffix.lower() not in _PICKLES:
        return asked
    beside = asked.with_suffix(WEIGHTS)
    if beside.exists() and requested_name(beside) != asked.name:
        return asked.with_name(asked.name + WEIGHTS)
    return beside
