"""Trainings of several processes, on one machine, against those of one; see `group_worker`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import group_worker
import pytest
import torch
from graphrun_nodes._fitting.distributed import Group
from graphrun_nodes._fitting.packed import Packed
from graphrun_nodes._fitting.shares import Share
from torch import nn

from graphrun.errors import InputError

CASES = (
    "staged", "whole", "summed", "dropout", "texts", "evaluated", "agreements", "refused", "table",
    "encoded",
)  # fmt: skip


def together(folder: Path, world: int, cases: str) -> list[dict[str, Any]]:
    """What each of the processes found, started as launchers do."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = str(place.getsockname()[1])
    worker, file = Path(group_worker.__file__), folder / "found"
    started = []
    for rank in range(world):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world)}
        own["PYTHONPATH"] = os.pathsep.join(sys.path)
        own["GROUP_FOLDER"] = str(folder / "cache")
        own |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
        line = [sys.executable, str(worker), cases, str(file)]
        started.append(subprocess.Popen(line, env={**os.environ, **own}))
    assert [one.wait(300) for one in started] == [0] * world
    return [json.loads(Path(f"{file}.{rank}").read_text()) for rank in range(world)]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return together(tmp_path_factory.mktemp("group"), 2, ",".join(CASES))


def near(found: Any, expected: Any) -> None:
    """The same numbers to rounding."""
    assert found["losses"] == pytest.approx(expected["losses"], rel=1e-5)
    for name, values in expected["weights"].items():
        if name != "seen":
            assert found["weights"][name] == pytest.approx(values, rel=1e-4, abs=1e-6), name


def test_processes_know_who_they_are(two: list[dict[str, Any]]) -> None:
    assert [(one["rank"], one["world"]) for one in two] == [(0, 2), (1, 2)]


@pytest.mark.parametrize("case", ["staged", "whole", "summed", "texts"])
def test_losses_and_weights_are_those_of_one_process(case: str, two: list[dict[str, Any]]) -> None:
    """Also of a batch with fewer rows than processes, in an epoch after something was thawed."""
    expected = group_worker.CASES[case](Group())
    for one in two:
        near(one[case], expected)


@pytest.mark.parametrize("case", ["staged", "dropout", "texts"])
def test_all_processes_have_the_same_model(case: str, two: list[dict[str, Any]]) -> None:
    """To the last bit, also in buffers, and generators go on alike."""
    assert two[0][case] == two[1][case]


@pytest.mark.parametrize(("case", "rows"), [("table", (13, 11)), ("encoded", (8, 8))])
def test_a_training_node_shares_the_rows(
    case: str, rows: tuple[int, int], two: list[dict[str, Any]]
) -> None:
    """Losses, weights and figures are those of one process, and each computes its rows only."""
    expected = group_worker.CASES[case](Group())
    assert expected["rows"] == [2 * rows[1], 2 * rows[0]]
    for one in two:
        near(one[case], expected)
        assert one[case]["confusion"] == expected["confusion"]
        assert one[case]["auc"] == pytest.approx(expected["auc"])
        assert tuple(one[case]["steps"]) == expected["steps"]
        assert one[case].get("path") == expected.get("path")
        assert one[case].get("way") == expected.get("way")
    # A batch of one row is computed by both, and counts in one.
    for number in (0, 1):
        computed = [one[case]["rows"][number] for one in two]
        alone = expected["rows"][number]
        assert alone <= sum(computed) <= alone + 2
        assert max(computed) < 0.75 * alone


def test_tokens_are_made_by_one_process(two: list[dict[str, Any]]) -> None:
    assert [one["encoded"]["made"] for one in two] == [[8], []]
    assert group_worker.encoded(Group())["made"] == [8]


def test_what_is_not_called_keeps_no_gradient(two: list[dict[str, Any]]) -> None:
    assert two[0]["staged"]["grads"] == group_worker.staged(Group())["grads"]
    assert not two[0]["staged"]["grads"]["pooler.weight"]


def test_what_one_draws_does_not_change_the_order_of_rows(two: list[dict[str, Any]]) -> None:
    assert two[0]["dropout"]["drawn"] == two[0]["staged"]["drawn"]
    assert two[0]["dropout"]["losses"] != two[0]["staged"]["losses"]


def test_without_gradients_nobody_waits(two: list[dict[str, Any]]) -> None:
    """One process has answered alone; and a model with nothing to train is called as it is."""
    assert [one["evaluated"]["frozen"] for one in two] == [[4.0], [4.0]]


def test_processes_agree(two: list[dict[str, Any]]) -> None:
    for one in two:
        found = {"agree": [True, False], "same": [True, False, True], "sum": [3.0]}
        assert one["agreements"] == found


def test_what_several_processes_cannot_train_is_refused(two: list[dict[str, Any]]) -> None:
    codes = [*["loss_not_divisible"] * 3, "model_not_shaped", "no_group"]
    assert [one["refused"]["codes"] for one in two] == [codes, codes]


def test_a_loss_of_which_nothing_is_known_is_told_of(two: list[dict[str, Any]]) -> None:
    assert ["loss_by_process" in one["table"]["codes"] for one in two] == [True, True]
    assert "loss_by_process" not in group_worker.table(Group())["codes"]


def test_who_waits_for_a_process_that_ended_says_so(tmp_path: Path) -> None:
    found = together(tmp_path, 2, "lost")
    assert [one["lost"]["lost"] for one in found] == ["process_lost", "itself"]


def test_three_processes_share_a_batch_of_one_row(tmp_path: Path) -> None:
    expected = group_worker.CASES["staged"](Group())
    for one in together(tmp_path, 3, "staged"):
        near(one["staged"], expected)


def test_one_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    group, model = Group.current(), nn.Linear(2, 1)
    assert group == Group(0, 1)
    assert group.first
    x, state = torch.ones(3, 2), torch.get_rng_state()
    share = group.share(3)
    assert share.of(x) is x
    assert group.factor(nn.MSELoss(), share) == 1
    assert group.sum(x) is x
    assert group.agree(True, False) == (True, False)
    assert group.same(1, 2)
    with group.joined(model, lambda m, x: (m, x)) as call, group.apart(1):
        assert call(x) == (model, x)
        assert list(call.pieces([1, 2, 3])) == [1, 2, 3]
        torch.rand(1)
    group.check(nn.CrossEntropyLoss(torch.ones(2)), model, x)
    assert not torch.equal(torch.get_rng_state(), state)


def test_variables_of_something_else_are_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    assert Group.current() == Group(0, 1)


@pytest.mark.parametrize(
    ("rank", "total", "rows", "count"),
    [(0, 5, [0, 3], 2), (1, 5, [1, 4], 2), (2, 5, [2], 1), (2, 2, [0], 0), (0, 1, [0], 1)],
)
def test_every_row_is_computed_by_one_process(
    rank: int, total: int, rows: list[int], count: int
) -> None:
    share = Group(rank, 3).share(total)
    assert list(range(total))[share.rows] == rows
    assert share.count == count
    x = torch.arange(total * 2).reshape(total, 2)
    found = share.of([x, (x, "word")])
    assert torch.equal(found[0], x[rows])
    assert torch.equal(found[1][0], x[rows])
    assert found[1][1] == "word"


def test_packed_texts_are_shared_by_rows() -> None:
    share = Share(slice(1, None, 2), 2, 4)
    ids = torch.tensor([1, 2, 2, 3, 3, 3, 4])
    found = share.of(Packed(ids, (1, 2, 3, 1)))
    assert found.lengths == (2, 1)
    assert found.ids.tolist() == [2, 2, 4]
    numbers = torch.arange(4)
    kept = share.of(Packed(ids, (1, 2, 3, 1), numbers % 2, numbers + 10, numbers, 3))
    assert kept.ids.tolist() == [2, 2, 4]
    assert (kept.lengths, kept.labels.tolist()) == ((2, 1), [1, 1])
    assert (kept.rows.tolist(), kept.places.tolist(), kept.width) == ([11, 13], [1, 3], 3)


def test_factors_make_gradients_of_the_whole_batch() -> None:
    """The mean over processes of what each has, multiplied, is the mean over rows."""
    values = torch.tensor([1.0, 5.0, 2.0, 4.0, 9.0])
    mean, total = nn.L1Loss(), nn.L1Loss(reduction="sum")
    for loss, expected in ((mean, values.mean()), (total, values.sum())):
        parts = []
        for rank in range(8):
            group = Group(rank, 8)
            share = group.share(5)
            part = loss(share.of(values), torch.zeros(share.count or 1))
            parts.append(part * group.factor(loss, share))
        torch.testing.assert_close(torch.stack(parts).mean(), expected)


def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="sizes"), Group(0, 2).talking():
        raise RuntimeError("sizes differ")
    with pytest.raises(InputError, match="has ended"), Group(0, 2).talking():
        raise RuntimeError("Connection closed by peer [127.0.0.1]:1")
