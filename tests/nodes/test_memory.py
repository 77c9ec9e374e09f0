"""Memory that does not suffice: within an epoch, in a step, and on a CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes._fitting.limits import available
from graphrun_nodes.loaders import tensor_loader
from graphrun_nodes.training import train_regression
from recording import Recorder
from test_ways import LITERAL, Outcome
from torch import Tensor, nn

from graphrun.errors import InputError

FULL = "no memory is left for this"


def full(_: Any) -> None:
    raise torch.OutOfMemoryError(FULL)


class FullAt(nn.Module):
    """Memory that is full at one call, if it is with more than some tokens, and at all after it."""

    def __init__(self, inner: nn.Module, number: int, most: int, where: str) -> None:
        super().__init__()
        self.inner, self.number, self.most, self.where = inner, number, most, where
        self.calls = self.refused = 0

    def forward(self, ids: Tensor) -> Tensor:
        if self.training:
            self.calls += 1
        found: Tensor = self.inner(ids)
        if not self.training or self.calls < self.number or ids.numel() <= self.most:
            return found
        self.refused += 1
        if self.where == "forward":
            full(None)
        found.register_hook(full)
        return found


def slowly(model: nn.Module, rate: float) -> Any:
    """Steps that tell gradients: those of Adam hardly depend on their size."""
    return torch.optim.SGD(model.parameters(), 50 * rate)


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_memory_that_is_full_within_an_epoch(where: str, tmp_path: Path) -> None:
    """The batch is done again: its gradients are those of the whole one, and so are the weights."""

    def spoil(model: Any) -> None:
        part = model.llm_model.embeddings
        part.word_embeddings = FullAt(part.word_embeddings, 4, 45, where)

    whole = Outcome(tmp_path, optimize=slowly)
    parted = Outcome(tmp_path, optimize=slowly, spoil=spoil)
    spoilt = parted.model.llm_model.embeddings.word_embeddings
    assert spoilt.refused
    assert spoilt.calls > 4
    assert "computed_in_pieces" in parted.call.codes
    parted.check(whole)
    weights = whole.model.state_dict()
    for name, value in parted.model.state_dict().items():
        wanted = weights[name.replace("word_embeddings.inner", "word_embeddings")]
        torch.testing.assert_close(value, wanted, rtol=1e-4, atol=1e-6)


class Scarce(nn.Parameter):
    """A weight that nothing else of its size has room beside."""

    scarce = True

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.zeros_like and cls.scarce:
            full(None)
        return super().__torch_function__(func, types, args, kwargs or {})


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_a_step_without_room_for_what_it_remembers(call: Recorder, kind: Any) -> None:
    """It is not done twice, and leaves the model as it was, for whatever comes next."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    model[1].weight = Scarce(model[1].weight.detach())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer, steps = kind(model.parameters(), 0.1), []
    optimizer.register_step_pre_hook(lambda *_: steps.append(1))
    loader = tensor_loader(torch.randn(6, 3), torch.randn(6, 1), 2)
    with pytest.raises(InputError, match=f"a step of {kind.__name__}, .* 21 trained") as caught:
        train_regression(model, loader, optimizer=optimizer)
    assert (caught.value.code, caught.value.input) == ("out_of_memory", "optimizer")
    assert "low-rank adapters" in (caught.value.hint or "")
    assert len(steps) == 1
    assert not optimizer.state
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not call.metrics
    Scarce.scarce = False
    try:
        _, losses, _ = train_regression(model, loader, optimizer=optimizer, epochs=2)
    finally:
        Scarce.scarce = True
    assert losses[1] < losses[0]


class Hungry(nn.Linear):
    """A layer that is not given what it asks for: in a training, or in a validation."""

    def __init__(self, *sizes: int, training: bool) -> None:
        super().__init__(*sizes)
        self.refusing = training

    def forward(self, x: Tensor) -> Tensor:
        if self.training == self.refusing:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return super().forward(x)


@pytest.mark.parametrize(("training", "name"), [(True, "train_loader"), (False, "val_loader")])
def test_batches_of_tables_that_are_too_large(call: Recorder, training: bool, name: str) -> None:
    model = nn.Sequential(Hungry(3, 1, training=training))
    loader = tensor_loader(torch.randn(6, 3), torch.randn(6, 1), 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(InputError, match=r"for a batch of the shape \(2, 3\)") as caught:
        train_regression(model, loader, optimizer=optimizer, val_loader=loader)
    assert (caught.value.code, caught.value.input) == ("out_of_memory", name)


_LIMITED = """
import resource, sys
import torch
from torch import nn
from graphrun_nodes._fitting.limits import available
from graphrun_nodes.loaders import tensor_loader
from graphrun_nodes.training import train_regression
from graphrun.errors import InputError

wide, rows, room = map(int, sys.argv[1:])
model = nn.Sequential(nn.Linear(4, wide), nn.ReLU(), nn.Linear(wide, 1))
loader = tensor_loader(torch.randn(rows, 4), torch.randn(rows, 1), rows)
optimizer = torch.optim.AdamW(model.parameters())
small = nn.Linear(4, 1)
train_regression(small, loader, optimizer=torch.optim.AdamW(small.parameters()))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + room * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
assert 0 < available() <= room * 2**20
try:
    train_regression(model, loader, optimizer=optimizer)
except InputError as error:
    print(error.code, error.input, error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and such a limit")
@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        # What a layer gives of 64 rows takes 256 MiB.
        ((2**20, 64, 128), "out_of_memory train_loader there is not enough memory for a batch of"),
        # Gradients take 96 MiB, and what the optimizer remembers twice that.
        ((2**22, 1, 230), "out_of_memory optimizer there is not enough memory for a step of AdamW"),
    ],
    ids=["batch", "step"],
)
def test_a_cpu_without_memory_ends_in_words(sizes: tuple[int, ...], said: str) -> None:
    given = [sys.executable, "-c", _LIMITED, *map(str, sizes)]
    own = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(given, env={**os.environ, **own}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said)


def system(folder: Path, files: dict[str, str]) -> Path:
    """What a system tells in files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


MACHINE = {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    5000 kB\n"}
NEW, OLD = "sys/fs/cgroup", "sys/fs/cgroup/memory"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 5000 * 1024),
        # A container: its own group is the top.
        (
            {
                "proc/self/cgroup": "0::/\n",
                f"{NEW}/memory.max": "3000000\n",
                f"{NEW}/memory.current": "1000000\n",
                f"{NEW}/memory.stat": "anon 5\ninactive_file 400000\n",
            },
            2_400_000,
        ),
        # A group without a limit, inside of one that has one.
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                f"{NEW}/a/b/memory.max": "max\n",
                f"{NEW}/a/b/memory.current": "5\n",
                f"{NEW}/a/memory.max": "900\n",
                f"{NEW}/a/memory.current": "600\n",
            },
            300,
        ),
        # The older form, in a container that sees the path outside of it.
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/x\n5:memory:/docker/1\n0::/\n",
                f"{OLD}/memory.limit_in_bytes": "800\n",
                f"{OLD}/memory.usage_in_bytes": "900\n",
                f"{OLD}/memory.stat": "total_inactive_file 20\n",
            },
            0,
        ),
    ],
    ids=["machine", "container", "nested", "older"],
)
def test_the_least_limit_counts(files: dict[str, str], expected: int, tmp_path: Path) -> None:
    assert available(system(tmp_path, {**MACHINE, **files})) == expected
    assert available(tmp_path / "nothing") is None


def test_texts_on_a_cpu_without_memory_are_computed_in_pieces(tmp_path: Path) -> None:
    """torch's word on a CPU counts as that of a GPU, also from within an encoder."""

    class Narrow(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, ids: Tensor) -> Tensor:
            if ids.numel() > 60:
                raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
            found: Tensor = self.inner(ids)
            return found

    def spoil(model: Any) -> None:
        part = model.llm_model.embeddings
        part.word_embeddings = Narrow(part.word_embeddings)

    found = Outcome(tmp_path, spoil=spoil)
    found.check(Outcome(tmp_path))
    assert found.call.codes.count("computed_in_pieces") == 1
    with pytest.raises(InputError, match=r"a batch of the shape \(4, 40\)") as caught:
        Outcome(tmp_path, spoil=spoil, settings=LITERAL)
    assert caught.value.code == "out_of_memory"
