"""The command line stopped and given again: it goes on, and comes to the same end."""

import json
import signal

import pytest
from small_training import Ended, document, ended, start, states, wait_for_states

EPOCHS = 25
OFTEN = ("--checkpoint-every", "0.05")


def write(folder, *about, **more):
    (folder / "net.json").write_text(json.dumps(document(*about, **more)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The training without a stop, and nothing kept."""
    folder = tmp_path_factory.mktemp("whole")
    write(folder, EPOCHS)
    return ended(folder, "--no-cache", cache=folder / "cache")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_stopped_command_given_again_goes_on(tmp_path, whole, number):
    cache = tmp_path / "cache"
    write(tmp_path, EPOCHS)
    process = start(tmp_path, *OFTEN, cache=cache)
    wait_for_states(cache, process, 3)
    process.send_signal(number)
    stopped = Ended(process, tmp_path)
    assert stopped.code == (-number if number == signal.SIGKILL else 130)
    again = ended(tmp_path, *OFTEN, cache=cache)
    assert again.said["training_continued"].startswith("continuing the training from ")
    assert again.weights == whole.weights is not None
    assert again.shown == whole.shown
    assert again.losses == whole.losses
    assert len(again.losses) == EPOCHS


def test_what_changes_behind_a_training_does_not_train(tmp_path):
    cache = tmp_path / "cache"
    write(tmp_path, 2)
    first = ended(tmp_path, cache=cache)
    assert "8" in first.ran

    write(tmp_path, 3)
    longer = ended(tmp_path, cache=cache)
    assert longer.said["training_continued"] == "continuing the training from epoch 3"
    alone = ended(tmp_path, "--no-cache", cache=cache)
    assert longer.weights == alone.weights != first.weights
    assert (longer.shown, longer.losses) == (alone.shown, alone.losses)

    served = ended(tmp_path, cache=cache)
    assert "transformers" not in served.libraries
    # A path in the folder of the run is shown anew.
    assert served.ran == ["10"]
    assert served.weights == alone.weights
    assert (served.shown, served.losses) == (alone.shown, alone.losses)

    nodes = document(3)
    del nodes["9"], nodes["10"]
    (tmp_path / "net.json").write_text(json.dumps(nodes))
    figures = ended(tmp_path, cache=cache)
    assert (figures.ran, figures.libraries, figures.shown) == ([], [], alone.shown)

    nodes = document(3)
    nodes["11"]["inputs"]["data_loader"] = ["3", 0]
    (tmp_path / "net.json").write_text(json.dumps(nodes))
    evaluated = ended(tmp_path, cache=cache)
    assert {"11", "12"} <= set(evaluated.ran)
    assert "9" not in evaluated.ran
    assert evaluated.said["training_finished"]
    assert evaluated.weights == alone.weights

    fresh = ended(tmp_path, "--fresh", cache=cache)
    assert "8" in fresh.ran
    assert not {"training_continued", "training_finished"} & fresh.said.keys()
    assert fresh.weights == alone.weights
    assert len(states(cache)) > 0
