"""Calls of our own nodes by a running ComfyUI, which is what surrounds them then.

ComfyUI's modules are looked at only if they are there: it has imported them long before.
"""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphrun.catalog import NodeSpec, Pack, Settings
from graphrun.catalog.kind import Returned
from graphrun.catalog.running import CALL, Silent
from graphrun.errors import Cancelled, InputError, Severity

LOGGER = logging.getLogger("graphrun")


class Hosted(Silent):
    """What a node sees and says: ComfyUI's folders, its progress bar, its log, what is shown."""

    def __init__(self) -> None:
        super().__init__(_settings())
        self.ui: dict[str, list[Any]] = {}
        self._bar: Any = None

    def progress(self, step: int, total: int, metrics: Mapping[str, Any]) -> None:
        if self.cancelled():
            raise Cancelled
        utils: Any = sys.modules.get("comfy.utils")
        if self._bar is None and utils is not None:
            self._bar = utils.ProgressBar(total)
        if self._bar is not None:
            self._bar.update_absolute(step, total)

    def metric(self, values: Mapping[str, Any]) -> None:
        numbers = {n: value for n, value in values.items() if isinstance(value, int | float)}
        LOGGER.info("%s", "  ".join(f"{name} {value:.6g}" for name, value in numbers.items()))

    def notice(
        self, message: str, *, code: str, input: str | None, severity: Severity, hint: str | None
    ) -> None:
        level = logging.INFO if severity == "info" else logging.WARNING
        LOGGER.log(level, "%s", f"{message} ({hint})" if hint else message)

    def show(self, ui: Mapping[str, list[Any]]) -> None:
        for key, values in ui.items():
            self.ui.setdefault(key, []).extend(values)

    def cancelled(self) -> bool:
        management: Any = sys.modules.get("comfy.model_management")
        return management is not None and bool(management.processing_interrupted())


def function(pack: Pack, spec: NodeSpec) -> Callable[..., Returned]:
    """The function of a node kind, as it is called outside of graphrun's engine.

    Inside of the engine, which loads the classes like those of any pack, the call is the engine's.
    """

    def call(**inputs: Any) -> Returned:
        kind = pack.kind(spec)
        # One number of the host's generator: a host that is seeded repeats itself.
        seed = random.getrandbits(63)
        if not isinstance(CALL.get(), Silent):
            with pack.surround(seed):
                return kind.returned(kind.call(None, inputs))
        with _alone() as said, pack.surround(seed):
            plain = {name: _trainable(value) for name, value in inputs.items()}
            returned = kind.returned(kind.call(None, plain))
        return Returned(returned.values, {**returned.ui, **said.ui})

    return call


@contextmanager
def _alone() -> Iterator[Hosted]:
    """Outside of the inference mode that ComfyUI runs nodes in: tensors made in it cannot be
    trained with. Stops become ComfyUI's, and errors say their way out.
    """
    import torch

    said = Hosted()
    token = CALL.set(said)
    try:
        with torch.inference_mode(False):
            yield said
    except InputError as error:
        hint, error.hint = error.hint, None
        error.args = (f"{error}\n{hint}",) if hint else error.args
        raise
    except Cancelled:
        management: Any = sys.modules.get("comfy.model_management")
        if management is not None:
            management.throw_exception_if_processing_interrupted()
        raise
    finally:
        CALL.reset(token)


def _trainable(value: Any) -> Any:
    """The value; a tensor that another node made in inference mode is copied."""
    if isinstance(value, list):
        return [_trainable(one) for one in value]
    torch: Any = sys.modules["torch"]
    return value.clone() if isinstance(value, torch.Tensor) and value.is_inference() else value


def _settings() -> Settings:
    """ComfyUI's folders; outside of it, the current one."""
    folders: Any = sys.modules.get("folder_paths")
    if folders is None:
        return Settings()
    return Settings(
        outputs=Path(folders.get_output_directory()),
        inputs=Path(folders.get_input_directory()),
        models=Path(folders.models_dir),
        temporary=Path(folders.get_temp_directory()),
    )
