"""`--sweep` options as axes and members; who waits for whom; which member is best."""

import pytest
import toys

from graphrun import children
from graphrun.errors import UsageError
from graphrun.sweep import grid
from graphrun.sweep.figures import Best, figures, usual
from graphrun.sweep.runner import device

PROMPT = toys.prompt(
    {
        "1": ("Numbers", {"whole": 1, "real": 0.5, "flag": False, "mode": "fast"}),
        "2": ("Show", {"text": ["1", 0]}),
        "3": ("Text", {"text": "a"}),
    }
)


def axes(*texts):
    found, wrong = grid.axes(PROMPT, toys.catalog(), texts)
    assert wrong == []
    return found


def problems(*texts):
    return grid.axes(PROMPT, toys.catalog(), texts)[1]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.real=1e-5,.25,1", (1e-5, 0.25, 1.0)),
        ("Numbers.whole=3,2", (3, 2)),
        ("1.flag=true,false", (True, False)),
        ("1.mode=slow,fast", ("slow", "fast")),
        ("3.text=a=1, b", ("a=1", " b")),
        ('3.text=["a,b", ""]', ("a,b", "")),
        ("3.text=1..3:2,x", ("1..3:2", "x")),
        ('1.real=[0.25, "5e-1"]', (0.25, 0.5)),
        ("1.whole=1..9:3", (1, 5, 9)),
        ("1.real=0..1:3", (0.0, 0.5, 1.0)),
        ("1.real=1e-5..1e-3:log3,0.5", (1e-5, 1e-4, 1e-3, 0.5)),
        ("seed=3,1", (3, 1)),
    ],
)
def test_values_are_read_as_set_reads_them(text, values):
    (axis,) = axes(text)
    assert axis.values == values
    assert [type(one) for one in axis.values] == [type(one) for one in values]


def test_members_are_all_combinations_the_last_axis_fastest():
    found = axes("Numbers.whole=1,2", "1.real=0.1,0.2", "seed=7")
    labels = [one.label(found) for one in grid.members(found)]
    assert labels == [
        "whole=1 real=0.1 seed=7", "whole=1 real=0.2 seed=7",
        "whole=2 real=0.1 seed=7", "whole=2 real=0.2 seed=7",
    ]  # fmt: skip
    last = grid.members(found)[-1]
    assert last.values == {"1.whole": 2, "1.real": 0.2, "seed": 7}
    assert (last.seed, [one.value for one in last.settings]) == (7, [2, 0.2])


def test_some_combinations_are_drawn_by_the_seed_in_their_order():
    found = axes("1.real=0..1:200", "seed=" + ",".join(map(str, range(60))))
    drawn = grid.members(found, 5, seed=1)
    labels = [one.label(found) for one in drawn]
    assert [one.number for one in drawn] == [1, 2, 3, 4, 5]
    assert len(set(labels)) == 5
    assert labels == [one.label(found) for one in grid.members(found, 5, seed=1)]
    assert labels != [one.label(found) for one in grid.members(found, 5, seed=2)]
    places = [(one.values["1.real"], one.values["seed"]) for one in drawn]
    assert places == sorted(places)
    few = axes("1.whole=1,2")
    assert [one.values for one in grid.members(few, 9)] == [{"1.whole": 1}, {"1.whole": 2}]


def test_inputs_of_one_name_are_called_by_their_addresses():
    prompt = toys.prompt({"1": ("Text", {"text": "a"}), "2": ("Text", {"text": "b"})})
    found, _ = grid.axes(prompt, toys.catalog(), ["1.text=x", "2.text=y"])
    assert grid.members(found)[0].label(found) == "1.text=x 2.text=y"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.whole", "expected NODE.INPUT=VALUE,VALUE"),
        ("whole=1", "expected NODE.INPUT=VALUE,VALUE"),
        ("9.whole=1,2", "no node has the id, title or class '9'"),
        ("1.hole=1,2", "the input hole does not exist\n  did you mean whole?"),
        ("2.text=a,b", "takes a link, not a value"),
        ("1.whole=1,x,2.5", "not 'x'"),
        ("1.whole=1,x,2.5", "not '2.5'"),
        ("1.whole=1,,2", "a value is missing"),
        ("1.whole=", "a value is missing"),
        ("1.whole=[]", "not '[]'"),
        ("1.whole=[1,", "is no JSON list"),
        ("1.whole=1,2,1", "1 is given twice"),
        ("1.real=1..2:1", "is no range of numbers"),
        ("1.real=0..2:log3", "is no range of numbers"),
        ("1.real=1e..2:3", "is no range of numbers"),
        ("1.whole=1..3:9", "1 is given twice"),
        ("seed=1,a", "'a' is no whole number"),
        ("seed=1,1", "1 is given twice"),
    ],
)
def test_what_is_no_axis(text, message):
    told = "\n".join(map(str, problems(text)))
    assert message in told
    assert told.startswith(f"--sweep {text}: error[bad_")


def test_all_wrong_axes_are_told_at_once():
    found = problems("1.hole=1", "1.whole=1,2", "1.whole=3", "8.a=1")
    assert [one.message.partition(":")[0] for one in found] == [
        "node 1 (Numbers)", "1.whole is swept twice", "no node has the id, title or class '8'",
    ]  # fmt: skip


def test_a_grid_has_a_limit():
    many = axes("1.real=0..1:200", "seed=" + ",".join(map(str, range(60))))
    with pytest.raises(UsageError, match="12,000 combinations"):
        grid.members(many)


@pytest.mark.parametrize(
    ("text", "metric", "direction"),
    [
        ("val_loss", "val_loss", "min"),
        ("test_error", "test_error", "min"),
        ("val_f1", "val_f1", "max"),
        ("glossary", "glossary", "max"),
        ("max:val_loss", "val_loss", "max"),
        ("min:f1", "f1", "min"),
    ],
)
def test_what_is_best(text, metric, direction):
    assert Best.parse(text) == Best(metric, direction)


@pytest.mark.parametrize("text", ["least:loss", "max:", ":a"])
def test_what_is_no_metric(text):
    with pytest.raises(UsageError, match="expected METRIC"):
        Best.parse(text)


def test_the_usual_figure_is_a_loss_of_validations_else_an_accuracy_else_any():
    losses = [{"node": "1", "epoch": 1, "train_loss": 2.0, "val_loss": 1.0}]
    accuracies = [{"node": "1", "epoch": 1, "train_loss": 2.0, "val_accuracy": 0.5}]
    assert usual([accuracies, losses]) == Best("val_loss", "min")
    assert usual([accuracies]) == Best("val_accuracy", "max")
    assert usual([[{"node": "1", "epoch": 1, "speed": 3}]]) == Best("speed", "max")
    assert usual([[{"node": "1", "val_loss": "nan"}], []]) is None


def test_figures_are_those_of_the_best_epoch_and_what_is_not_a_number_is_none():
    history = [
        {"node": "1", "epoch": 1, "val_loss": "nan", "val_f1": 0.1},
        {"node": "1", "epoch": 2, "val_loss": 0.5, "val_f1": 0.2},
        {"node": "1", "epoch": 3, "val_loss": 0.7, "val_f1": 0.9, "val_confusion": [[1]]},
    ]
    final = {"val_loss": 0.7, "val_f1": 0.9, "accuracy": 0.8}
    found = figures(history, final, Best("val_loss", "min"))
    assert found == {"val_loss": 0.5, "epoch": 2, "val_f1": 0.2, "accuracy": 0.8}
    assert next(iter(found)) == "val_loss"


def test_members_share_cores_and_take_turns_with_gpus():
    assert children.threads(1, {}) == {}
    assert int(children.threads(2, {})["OMP_NUM_THREADS"]) >= 1
    assert children.threads(2, {"OMP_NUM_THREADS": "3"}) == {}
    several = {"CUDA_VISIBLE_DEVICES": "0, GPU-4"}
    turns = [device(slot, several)["CUDA_VISIBLE_DEVICES"] for slot in range(3)]
    assert turns == ["0", "GPU-4", "0"]
    assert device(0, {"CUDA_VISIBLE_DEVICES": "3"}) == device(0, {}) == {}
