"""The folder of trainings: states that come back whole or not at all, and who holds them."""

import json
import math
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch

from graphrun.cache import Checkpoints
from graphrun.catalog.running import CALL, Silent
from graphrun.errors import Cancelled


class Call(Silent):
    """Keeps what is said, and asks to stop if it is told to."""

    def __init__(self):
        super().__init__()
        self.notices, self.stop = [], False

    def notice(self, message, *, code, **rest):
        self.notices.append((code, message))

    def cancelled(self):
        return self.stop


@pytest.fixture
def call():
    made = Call()
    token = CALL.set(made)
    yield made
    CALL.reset(token)


@pytest.fixture
def trainings(tmp_path):
    return Checkpoints(tmp_path / "kept", every=1e9)


def taken(trainings, key="a", **about):
    one = trainings.at(key, about)
    one.take()
    return one


def state(number=1.0):
    return {"weights": torch.full((3, 2), number), "step": number}


def folders(one):
    return sorted(path.name for path in one.folder.iterdir() if path.is_dir())


HARD = {
    "floats": [0.1, -0.0, math.inf, -math.inf, 5e-324, 1e308],
    "nan": math.nan,
    "tuple": ((0.9, 0.999), [1, (2,)]),
    "keys": {0: {"step": torch.tensor(3.0)}, 1: {}},
    "integers": [2**80, -1, True, None],
    "bfloat16": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "empty": torch.zeros(0, 4),
    "scalar": torch.tensor(0.1, dtype=torch.float64),
}


def test_what_comes_back_is_what_was_saved(trainings):
    taken(trainings).save(1, 2, HARD)
    found = trainings.at("a").newest()
    assert (found.epoch, found.step, found.finished) == (1, 2, False)
    back = found.state
    assert back.keys() == HARD.keys()
    assert [repr(one) for one in back["floats"]] == [repr(one) for one in HARD["floats"]]
    assert math.isnan(back["nan"])
    assert back["tuple"] == HARD["tuple"]
    assert back["integers"] == HARD["integers"]
    assert list(back["keys"]) == [0, 1]
    assert torch.equal(back["keys"][0]["step"], torch.tensor(3.0))
    for name in ("bfloat16", "empty", "scalar"):
        assert back[name].dtype == HARD[name].dtype
        assert torch.equal(back[name], HARD[name])


def test_nothing_is_there_at_first(trainings):
    assert trainings.at("a").newest() is None
    assert trainings.listing() == []
    assert trainings.gc(0) == 0
    assert not trainings.path.exists()


def test_the_newest_are_kept(trainings):
    one = taken(trainings)
    for step in range(5):
        assert one.save(1, step, state(step))
    assert folders(one) == ["00000004.1.3", "00000005.1.4"]
    assert trainings.at("a").newest().state["step"] == 4
    assert trainings.at("b").newest() is None


def test_the_latest_of_those_that_are_asked_for(trainings):
    trainings.keep = 4
    one = taken(trainings)
    for epoch, step in ((1, 0), (1, 5), (2, 0), (2, 3)):
        one.save(epoch, step, state())
    places = [(s.epoch, s.step) for u in (None, 9, 2, 1) if (s := trainings.at("a").newest(u))]
    assert places == [(2, 3), (2, 3), (2, 0), (1, 0)]
    assert trainings.at("a").newest(0) is None
    assert one.beyond == 1


def test_nothing_is_written_without_holding_it(trainings):
    one = trainings.at("a")
    assert not one.save(1, 0, state())
    assert not one.due
    assert not one.cheap
    assert not trainings.path.exists()


def damage_end(path):
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))


def cut(path):
    os.truncate(path, path.stat().st_size - 1)


def empty(path):
    path.write_bytes(b"")


def gone(path):
    path.unlink()


@pytest.mark.parametrize("file", ["manifest", "0"])
@pytest.mark.parametrize("harm", [damage_end, cut, empty, gone])
def test_of_a_damaged_state_the_one_before_is_used(trainings, call, file, harm):
    one = taken(trainings)
    one.save(1, 0, state(1.0))
    one.save(2, 0, state(2.0))
    harm(one.folder / "00000002.2.0" / file)
    assert trainings.at("a").newest().epoch == 1
    assert [code for code, _ in call.notices] == ["checkpoint_damaged"]
    assert folders(one) == ["00000001.1.0"]
    one.save(2, 0, state(3.0))
    assert trainings.at("a").newest().state["step"] == 3.0


def test_a_state_under_the_name_of_another_training_is_none(trainings, call):
    one = taken(trainings)
    one.save(1, 0, state())
    other = trainings.at("b").folder
    other.mkdir()
    (one.folder / "00000001.1.0").rename(other / "00000001.1.0")
    assert trainings.at("b").newest() is None
    assert "another training" in call.notices[0][1]


def test_what_was_given_once_is_not_read_again(trainings):
    taken(trainings).save(2, 0, state())
    one = trainings.at("a")
    found = one.newest(2)
    trainings.at("a").clear()
    assert one.newest(2) is found
    one.release()
    assert one.newest(2) is None


def test_what_has_no_form_is_not_kept(trainings, call):
    one = taken(trainings)
    assert not one.save(1, 0, {"odd": object()})
    assert folders(one) == []
    assert [code for code, _ in call.notices] == ["checkpoint_failed"]
    assert one.save(1, 0, state())


def test_a_full_disk_costs_the_state_alone(small_disk, call):
    one = taken(Checkpoints(small_disk / "kept"))
    assert one.save(1, 0, state())
    for _ in range(2):
        assert not one.save(2, 0, {"weights": torch.zeros(1_000_000)})
    assert [code for code, _ in call.notices] == ["checkpoint_failed"]
    assert "No space left" in call.notices[0][1]
    assert folders(one) == ["00000001.1.0"]
    assert one.newest().epoch == 1


def test_files_that_may_not_be_larger_cost_the_state_alone(trainings, call):
    one = taken(trainings)
    one.save(1, 0, state())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        assert not one.save(2, 0, {"weights": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert "too large" in call.notices[0][1]
    assert folders(one) == ["00000001.1.0"]


def test_a_folder_that_cannot_be_made(tmp_path, call):
    (tmp_path / "file").write_text("")
    one = taken(Checkpoints(tmp_path / "file" / "kept"))
    assert not one.save(1, 0, state())
    assert one.newest() is None
    one.release()
    assert [code for code, _ in call.notices] == ["checkpoint_failed"]


def test_leftovers_are_swept_by_the_next_who_takes_it(trainings):
    one = taken(trainings)
    one.save(1, 0, state())
    (one.folder / "tmp.1234").mkdir()
    (one.folder / "tmp.1234" / "0").write_bytes(b"half")
    one.release()
    taken(trainings)
    assert folders(one) == ["00000001.1.0"]


# Who holds it

HOLD = """
import os, sys, time
from graphrun.cache import Checkpoints
one = Checkpoints(sys.argv[1]).at("a")
one.take()
print("held", flush=True)
if sys.argv[2] == "fork" and os.fork() == 0:
    time.sleep(60)
time.sleep(60)
"""


@pytest.fixture
def holder(trainings):
    """A process that holds the training until it is killed; perhaps one with a child."""
    started = []

    def start(how=""):
        command = [sys.executable, "-c", HOLD, str(trainings.path), how]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("how", ["", "fork"])
def test_who_trains_the_same_waits_until_the_other_is_no_more(trainings, holder, call, how):
    process = holder(how)
    timer = threading.Timer(1.2, process.kill)
    timer.start()
    start = time.monotonic()
    one = taken(trainings)
    assert time.monotonic() - start > 1
    assert one.save(1, 0, state())
    message = f"another run, process {process.pid}, trains the same: waiting for it"
    assert call.notices == [("training_elsewhere", message)]


def test_waiting_can_be_stopped(trainings, holder, call):
    holder()
    timer = threading.Timer(0.3, setattr, (call, "stop", True))
    timer.start()
    one = trainings.at("a")
    with pytest.raises(Cancelled):
        one.take()
    assert not one.save(1, 0, state())


def test_threads_wait_for_each_other(trainings):
    counted, together = [], []

    def hold():
        one = taken(trainings)
        counted.append(1)
        together.append(len(counted))
        time.sleep(0.05)
        counted.pop()
        one.release()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert together == [1, 1, 1, 1]


# Lists and room


def test_the_list_of_trainings(trainings):
    assert taken(trainings, "a", class_type="PtTrainModel", title="First").save(2, 7, state())
    assert taken(trainings, "b").save(3, 0, state(), finished=True)
    taken(trainings, "c")
    later, first = trainings.listing()
    assert (first.epoch, first.step, first.finished) == (2, 7, False)
    assert first.about == {"class_type": "PtTrainModel", "title": "First"}
    assert (later.epoch, later.step, later.finished) == (3, 0, True)
    assert later.key == trainings.at("b").folder.name
    assert first.bytes > 100
    assert time.time() - first.when < 60


def test_a_list_with_files_of_others(trainings):
    one = taken(trainings)
    one.save(1, 0, state())
    (one.folder / "about.json").write_text("[1")
    (trainings.path / "v1" / "notes.txt").write_text("mine")
    (found,) = trainings.listing()
    assert found.about == {}


def test_the_oldest_go_first_and_never_one_that_is_held(trainings):
    for age, key in enumerate("abcd"):
        one = taken(trainings, key)
        one.save(1, 0, state())
        (path,) = one.folder.glob("0*")
        os.utime(path, (1000 + age, 1000 + age))
        if key != "a":
            one.release()
    size = trainings.listing()[0].bytes
    assert trainings.gc(size * 2) == pytest.approx(size * 2, rel=0.2)
    left = {one.key for one in trainings.listing()}
    assert left == {trainings.at(key).folder.name for key in "ad"}
    assert trainings.gc(0) > 0
    assert [one.key for one in trainings.listing()] == [trainings.at("a").folder.name]


def test_one_that_is_removed_leaves_nothing(trainings):
    one = taken(trainings)
    one.save(1, 0, state())
    key = one.folder.name
    assert not trainings.remove(key)
    one.release()
    assert trainings.remove(key)
    assert not one.folder.exists()
    assert not trainings.remove(key)
    assert not trainings.remove("../kept")


def test_what_is_kept_is_told_by_its_key(trainings):
    key = "0" * 64
    assert trainings.at(key).folder.name == key
    odd = trainings.at("../../x").folder
    assert odd.parent == trainings.at(key).folder.parent
    about = taken(trainings, "k", class_type="X")
    about.save(1, 0, state())
    assert json.loads((about.folder / "about.json").read_text()) == {"class_type": "X"}
