"""Which device a node computes on."""

from __future__ import annotations

import os

import torch

from graphrun.node import MissingResource, notice, settings

from ._fitting.precision import obstacle


def find_device(name: str) -> None:
    """Pass if this machine has the device, and it computes in the precision of the run.

    Raises:
        MissingResource: it has not, or does not.
    """
    if name in ("auto", "cpu") or _present(name):
        _check_precision(name)
        return
    others = [other for other in ("cuda", "mps") if _present(other)]
    raise MissingResource.of(
        "device",
        f"there is no {name} device that torch {torch.__version__} can use",
        [f"--device {other} computes on what is here" for other in (*others, "cpu")],
    )


def _check_precision(name: str) -> None:
    asked = settings().precision
    if asked == "auto":
        return
    if name == "auto":
        name = next((one for one in ("cuda", "mps") if _present(one)), "cpu")
    if why := obstacle(asked, torch.device(name)):
        ways = ["--precision auto takes the fastest that it can"]
        raise MissingResource.of("device", f"the precision {asked} {why}", ways)


def pick_device(use_gpu: bool) -> torch.device:
    """The device the run asked for; without one, a GPU if `use_gpu` and there is one.

    Raises:
        MissingResource: the run asked for a device that is not here.
    """
    wanted = settings().device
    if wanted != "auto":
        find_device(wanted)
        return _own(wanted)
    if not use_gpu:
        return torch.device("cpu")
    for name in ("cuda", "mps"):
        if _present(name):
            return _own(name)
    notice(
        "use_gpu is on and there is no GPU; computing on the CPU",
        code="no_gpu",
        input="use_gpu",
        once=True,
    )
    return torch.device("cpu")


def _own(name: str) -> torch.device:
    """A device of this kind. Of several processes on a machine, each has a GPU of its own.

    Raises:
        MissingResource: there are fewer GPUs than processes.
    """
    if name != "cuda" or "MASTER_ADDR" not in os.environ or "LOCAL_RANK" not in os.environ:
        return torch.device(name)
    number, found = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if number >= found:
        message = f"process {number + 1} of this machine has no GPU: there are {found}"
        ways = [f"start {found} processes", "--device cpu computes on what is here"]
        raise MissingResource.of("device", message, ways)
    device = torch.device(name, number)
    torch.cuda.set_device(device)
    return device


def _present(name: str) -> bool:
    if name == "cuda":
        return torch.cuda.is_available()
    return name == "mps" and torch.backends.mps.is_available()
