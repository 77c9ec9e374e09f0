"""Eight processes of one workflow with one cache, of which one is killed."""

import json
import os
import signal
import time
from pathlib import Path

from small_training import Ended, document, ended, newest, start

TOGETHER = 8
EPOCHS = 25


def holder(cache):
    """The process that trains."""
    found = [path.read_text() for path in Path(cache).glob("trainings/v1/*/lock")]
    return int(found[0]) if found and found[0] else None


def test_eight_at_once_of_which_one_is_killed(tmp_path):
    (tmp_path / "net.json").write_text(json.dumps(document(EPOCHS)))
    cache = tmp_path / "cache"
    alone = ended(tmp_path, "--no-cache", cache=cache)
    often = ("--checkpoint-every", "0.05")
    processes = [start(tmp_path, *often, cache=cache) for _ in range(TOGETHER)]
    while newest(cache) < 3 and any(one.poll() is None for one in processes):
        time.sleep(0.005)
    victim = holder(cache)
    (killed,) = [one for one in processes if one.pid == victim]
    os.kill(victim, signal.SIGKILL)
    left = [Ended(one, tmp_path) for one in processes if one is not killed]
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert [one.code for one in left] == [0] * (TOGETHER - 1), [one.err for one in left]
    for one in left:
        assert one.weights == alone.weights is not None
        assert (one.shown, one.losses) == (alone.shown, alone.losses)
    # Who did not find the result there waited for it, went on, or had the training's end.
    ran = [one for one in left if "8" in one.ran]
    told = ("training_continued", "training_finished")
    assert all(any(code in one.said for code in told) for one in ran)
    assert sum("training_continued" in one.said for one in ran) == 1
    again = ended(tmp_path, cache=cache)
    assert (again.ran, again.weights) == (["10"], alone.weights)
    collected(tmp_path, cache)


def collected(folder, cache):
    """Nothing unfinished is left once the store was tidied."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "graphrun", "cache", "gc"]
    surroundings = {**os.environ, "GRAPHRUN_CACHE": str(cache)}
    subprocess.run(command, check=True, cwd=folder, env=surroundings, capture_output=True)
    unfinished = [p for p in cache.rglob("*") if p.parent.name == "tmp" or ".part" in p.name]
    assert unfinished == []
    assert not list(cache.glob("trainings/v1/*/tmp.*"))
    assert not list(folder.rglob(".*.part"))
