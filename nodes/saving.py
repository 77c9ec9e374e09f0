"""Weights to files and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from graphrun.node import InputError, Mutates, Nodes, Resource, notice, output_file, settings, show
from graphrun.sources.paths import WEIGHTS, find_weights, newer_beside

from ._lora import has_adapters
from ._types import Model
from ._weights import load_into, noted, read_weights, save_weights

NODES = Nodes(category="Data Analysis", spaced=True)

_PICKLES = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})


@NODES.node("PtSaveModel", outputs=("model full path",), writes=True)
def save_model(
    model: Model, model_path: Annotated[str, Resource("output_file")] = "model.pkl"
) -> str:
    """Writes the model's weights as safetensors and gives the file's absolute path.

    Relative paths lie in the run's output folder; folders are made. A suffix of pickle files
    (.pt, .pth, .pkl, .bin, .ckpt) becomes .safetensors. The file appears whole or not at all, and
    its header says which model it is for.

    Of a model with low-rank adapters, a name such as `model.adapter.safetensors` writes the
    adapters and the head alone, for the same encoder; `model.merged.safetensors` writes the
    weights that they amount to, for PtnHfFineTunedClassificationModel. Any other name writes
    everything. PtLoadModel reads all three into a model with adapters of the same kind.

    Raises:
        OSError: the file cannot be written, for instance because the disk is full.
    """
    asked = output_file(model_path)
    target = _target(asked)
    if target != asked:
        message = f"{model_path} is written as {target.name}: safetensors instead of a pickle"
        hint = "PtLoadModel finds it under the old name too"
        notice(message, code="saved_as_safetensors", input="model_path", hint=hint)
    part = target.stem.rpartition(".")[2] if target.suffix == WEIGHTS else ""
    if part == "adapter" and not has_adapters(model):
        message = f"{type(model).__name__} has no adapters; {target.name} holds all of its weights"
        notice(message, code="no_adapters", input="model_path")
        part = ""
    path = str(save_weights(model, target, requested=asked.name, part=part))
    show(files=[path])
    return path


@NODES.node("PtLoadModel", outputs=("model",), reads=True)
def load_model(
    model: Annotated[Model, Mutates()],
    model_path: Annotated[str, Resource("weights")] = "model.pkl",
) -> Model:
    """Loads weights into the given model, which is also the result.

    Reads safetensors and torch state dicts; a file with anything but tensors in it is refused.
    Relative paths are looked for in the run's output folder, then in the working folder, then in
    the models folder, each also with the suffix .safetensors; `--alias FOLDER=PATH` says where a
    folder is that a path begins with. Names and shapes have to be the model's. Under `--tiny`,
    which makes models smaller, one whose file does not exist or fit stays as it is.

    Raises:
        MissingResource: there is no such file.
        InputError: the file is damaged, holds more than tensors, or is of another model.
    """
    path = find_weights(model_path)
    if path is None:
        message = f"there are no weights at {model_path}: the model stays as it is (--tiny)"
        notice(message, code="stand_in", input="model_path")
        return model
    newer = newer_beside(path)
    if newer:
        message = f"{path} is loaded, and {newer.name} beside it is newer"
        hint = f"name {newer.name} to load that one"
        notice(message, code="newer_weights", input="model_path", hint=hint)
    weights = read_weights(path)
    try:
        load_into(model, weights, path)
    except InputError as error:
        if not settings().tiny:
            raise
        notice(f"{error}: the model stays as it is (--tiny)", code="stand_in", input="model_path")
    return model


def _target(asked: Path) -> Path:
    """Where the weights go. Never onto another model's file that has the name by chance."""
    if asked.suffix.lower() not in _PICKLES:
        return asked
    beside = asked.with_suffix(WEIGHTS)
    if beside.exists() and noted(beside, "requested") != asked.name:
        return asked.with_name(asked.name + WEIGHTS)
    return beside
