"""Runs of two processes, as launchers start them, that are stopped or lose a process."""

import json
import os
import signal
import socket

import pytest
import small_training
from small_training import Ended, wait_for_states

from graphrun.errors import ExitCode

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")
EPOCHS, BATCHES = 3, 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("group")
    (where / "net.json").write_text(json.dumps(small_training.document(EPOCHS)))
    return where


def together(folder, cache, *options):
    """Two processes, started; the first one writes."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = str(place.getsockname()[1])
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        small_training.start(
            folder, *options, cache=cache, RANK=str(rank), LOCAL_RANK=str(rank), **group
        )
        for rank in range(2)
    ]


def ends(processes, folder):
    return [Ended(process, folder) for process in processes]


def test_what_is_stopped_or_loses_a_process_goes_on_to_the_same_weights(folder, tmp_path):
    whole, other = ends(together(folder, tmp_path / "whole"), folder)
    assert (whole.code, other.code) == (0, 0), whole.err + other.err
    assert whole.weights

    cache, often = tmp_path / "cache", ("--checkpoint-every", "0")
    processes = together(folder, cache, *often)
    wait_for_states(cache, processes[0], 2)
    for process in processes:
        process.send_signal(signal.SIGTERM)
    stopped = ends(processes, folder)
    assert [one.code for one in stopped] == [ExitCode.INTERRUPTED] * 2
    assert stopped[0].report["status"] == "interrupted"
    done = small_training.newest(cache)
    assert 2 <= done < EPOCHS * BATCHES

    processes = together(folder, cache, *often)
    wait_for_states(cache, processes[0], done + 2)
    processes[1].kill()
    # Whoever is left would wait for a day: `Ended` gives it some minutes.
    lost, killed = ends(processes, folder)
    assert killed.code == -signal.SIGKILL
    assert lost.code == ExitCode.NODE_FAILED
    assert lost.report["error"]["code"] == "process_lost"
    assert "training_continued" in lost.said

    found, other = ends(together(folder, cache), folder)
    assert (found.code, other.code) == (0, 0), found.err + other.err
    assert "training_continued" in found.said
    assert found.weights == whole.weights
    assert found.losses == whole.losses
