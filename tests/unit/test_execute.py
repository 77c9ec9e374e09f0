"""The loop: order, list mapping, hidden inputs, caching, failing, stopping."""

import pytest
import toys

from graphrun.cache import MemoryStore
from graphrun.catalog import Settings
from graphrun.errors import Cancelled, NodeError
from graphrun.execute import Stop, execute
from graphrun.execute.events import (
    Metric,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Notice,
    Progress,
    RunFinished,
    RunStarted,
)
from graphrun.plan import plan


@pytest.fixture(autouse=True)
def _no_calls():
    toys.CALLS.clear()


def run(nodes, **options):
    catalog = toys.catalog()
    seen = []
    planned = plan(toys.prompt(nodes), catalog)
    execute(planned, catalog, Settings(), observers=[seen.append], **options)
    return seen


def shown(events):
    return [e.ui["text"] for e in events if isinstance(e, NodeFinished) and "text" in e.ui]


def test_a_chain_runs_in_order_and_shows_its_result():
    events = run(
        {
            "3": ("Show", {"text": ["2", 0]}),
            "2": ("Join", {"a": ["1", 0], "b": "?"}),
            "1": ("Text", {"text": "hello"}),
        }
    )
    assert shown(events) == [["hello?"]]
    assert [e.node_id for e in events if isinstance(e, NodeStarted)] == ["1", "2", "3"]
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert events[-1].status == "success"


def test_nodes_that_feed_no_output_do_not_run():
    run(
        {
            "1": ("Text", {"text": "a"}),
            "2": ("Fail", {"text": "never"}),
            "3": ("Show", {"text": ["1", 0]}),
        }
    )
    assert [name for name, _ in toys.CALLS] == ["Text", "Show"]


def test_a_list_output_calls_its_consumer_once_per_element_and_repeats_the_shorter_list():
    events = run(
        {
            "1": ("Split", {"text": "a b c"}),
            "2": ("Split", {"text": "x y"}),
            "3": ("Join", {"a": ["1", 0], "b": ["2", 0]}),
            "4": ("Show", {"text": ["3", 0]}),
        }
    )
    assert shown(events) == [["ax", "by", "cy"]]


def test_an_empty_list_means_no_call():
    events = run(
        {
            "1": ("Split", {"text": ""}),
            "2": ("Join", {"a": ["1", 0], "b": "!"}),
            "3": ("Show", {"text": ["2", 0]}),
        }
    )
    assert list(toys.calls_of("Join")) == []
    assert shown(events) == [[]]


def test_hidden_inputs_are_filled_in():
    run({"1": ("Text", {"text": "a"}), "7": ("Show", {"text": ["1", 0]})})
    assert list(toys.calls_of("Show")) == [(("a",), "7", None)]


def test_equal_nodes_run_once_and_a_store_is_shared_between_runs():
    nodes = {
        "1": ("Join", {"a": "x", "b": "y"}),
        "2": ("Join", {"a": "x", "b": "y"}),
        "3": ("Join", {"a": ["1", 0], "b": ["2", 0]}),
        "4": ("Show", {"text": ["3", 0]}),
    }
    store = MemoryStore()
    events = run(nodes, store=store)
    assert list(toys.calls_of("Join")) == [("x", "y"), ("xy", "xy")]
    assert [e.cached for e in events if isinstance(e, NodeFinished)] == [False, True, False, False]
    again = run(nodes, store=store)
    assert len(list(toys.calls_of("Join"))) == 2
    assert shown(again) == [["xyxy"]], "a cached display shows again"


def test_mutable_values_are_never_served_from_a_store():
    store = MemoryStore()
    nodes = {
        "1": ("MakeBox", {"text": "a"}),
        "2": ("FillBox", {"box": ["1", 0], "text": "b"}),
        "3": ("ReadBox", {"box": ["2", 0]}),
        "4": ("Show", {"text": ["3", 0]}),
    }
    assert shown(run(nodes, store=store)) == [["a,b"]]
    nodes["2"] = ("FillBox", {"box": ["1", 0], "text": "c"})
    assert shown(run(nodes, store=store)) == [["a,c"]]


def test_readers_run_before_the_node_that_changes_a_value_and_a_warning_says_so():
    events = run(
        {
            "1": ("MakeBox", {"text": "a"}),
            "2": ("FillBox", {"box": ["1", 0], "text": "b"}),
            "3": ("ReadBox", {"box": ["2", 0]}),
            "4": ("ReadBox", {"box": ["1", 0]}),
            "5": ("Join", {"a": ["3", 0], "b": ["4", 0]}),
            "6": ("Show", {"text": ["5", 0]}),
        }
    )
    assert shown(events) == [["a,ba"]]
    notes = [e.diagnostic for e in events if isinstance(e, Notice)]
    assert [(n.code, n.node_id) for n in notes] == [("changed_while_shared", "4")]


def test_a_failing_node_is_named_with_its_place_and_its_inputs_but_not_their_values():
    seen = []
    catalog = toys.catalog()
    planned = plan(
        toys.prompt(
            {
                "1": ("Text", {"text": "secret"}),
                "2": ("Fail", {"text": ["1", 0]}),
                "3": ("Show", {"text": ["2", 0]}),
            }
        ),
        catalog,
    )
    with pytest.raises(NodeError, match="node 2 \\(Fail\\): RuntimeError: secret") as caught:
        execute(planned, catalog, Settings(), observers=[seen.append])
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.inputs == {"text": "str of length 6"}
    failed = next(e for e in seen if isinstance(e, NodeFailed))
    assert str(failed.diagnostic.position) == "toy.json:8:7"
    assert seen[-1].status == "failed"


def test_an_input_error_points_at_the_input():
    catalog = toys.catalog()
    planned = plan(
        toys.prompt({"2": ("Fail", {"text": "input"}), "3": ("Show", {"text": ["2", 0]})}), catalog
    )
    with pytest.raises(NodeError) as caught:
        execute(planned, catalog, Settings())
    (found,) = caught.value.diagnostics
    assert (found.code, found.input, found.hint) == ("not_good", "text", "try another")
    assert (found.position.line, found.position.column) == (5, 12)


def test_a_stop_ends_the_node_at_its_next_step():
    stop, seen = Stop(), []

    def observer(event):
        seen.append(event)
        if isinstance(event, Progress) and event.step == 2:
            stop.request()

    catalog = toys.catalog()
    planned = plan(
        toys.prompt({"1": ("Work", {"steps": 9}), "2": ("Show", {"text": ["1", 0]})}), catalog
    )
    with pytest.raises(Cancelled):
        execute(planned, catalog, Settings(), observers=[observer], stop=stop)
    assert list(toys.calls_of("Work")) == [0, 1, 2]
    assert seen[-1].status == "interrupted"


def test_progress_metrics_and_notices_are_events():
    events = run({"1": ("Work", {"steps": 2}), "2": ("Show", {"text": ["1", 0]})})
    assert [(e.step, e.total) for e in events if isinstance(e, Progress)] == [(1, 2), (2, 2)]
    assert [dict(e.values) for e in events if isinstance(e, Metric)] == [{"epoch": 1, "loss": 0.25}]
    (note,) = [e.diagnostic for e in events if isinstance(e, Notice)]
    assert (note.code, note.position.line) == ("worked", 5)


def test_values_are_released_when_their_last_consumer_has_run():
    import gc
    import weakref

    class Value(list):
        pass

    alive = []

    def observer(event):
        if isinstance(event, NodeStarted):
            gc.collect()
            alive.append([ref() is not None for ref in refs])

    refs = []
    original = toys.NODES._functions["MakeBox"]

    def make(text):
        value = Value([text])
        refs.append(weakref.ref(value))
        return value

    toys.NODES._functions["MakeBox"] = make
    try:
        catalog = toys.catalog()
        planned = plan(
            toys.prompt(
                {
                    "1": ("MakeBox", {"text": "a"}),
                    "2": ("ReadBox", {"box": ["1", 0]}),
                    "3": ("Show", {"text": ["2", 0]}),
                }
            ),
            catalog,
        )
        execute(planned, catalog, Settings(), observers=[observer])
    finally:
        toys.NODES._functions["MakeBox"] = original
    assert alive == [[], [True], [False]]


def test_ten_thousand_nodes_in_a_chain():
    nodes = {"0": ("Text", {"text": "a"})}
    for i in range(1, 10_000):
        nodes[str(i)] = ("Join", {"a": [str(i - 1), 0], "b": ""})
    nodes["end"] = ("Show", {"text": ["9999", 0]})
    assert shown(run(nodes)) == [["a"]]


def test_after_a_stop_finished_values_are_still_saved(tmp_path):
    """The stop comes when the training is over and the saving has not begun."""
    stop, seen = Stop(), []

    def observer(event):
        seen.append(event)
        if isinstance(event, NodeFinished) and event.node_id == "1":
            stop.request()

    catalog = toys.catalog()
    nodes = {
        "1": ("Work", {"steps": 2}),
        "2": ("Join", {"a": ["1", 0], "b": "!"}),
        "3": ("Save", {"text": ["2", 0], "path": "never.txt"}),
        "4": ("Save", {"text": ["1", 0], "path": "saved.txt"}),
        "5": ("Show", {"text": ["3", 0]}),
        "6": ("Show", {"text": ["4", 0]}),
    }
    planned = plan(toys.prompt(nodes), catalog)
    with pytest.raises(Cancelled):
        execute(planned, catalog, Settings(outputs=tmp_path), observers=[observer], stop=stop)
    assert (tmp_path / "saved.txt").read_text() == "done"
    assert not (tmp_path / "never.txt").exists()
    assert [e.node_id for e in seen if isinstance(e, NodeFinished)] == ["1", "4"]
    assert seen[-1].status == "interrupted"


def test_an_observer_that_fails_is_dropped_and_the_run_goes_on():
    heard, failed = [], []

    def broken(event):
        failed.append(event)
        raise OSError(28, "No space left on device")

    nodes = {"1": ("Text", {"text": "a"}), "2": ("Show", {"text": ["1", 0]})}
    catalog = toys.catalog()
    execute(
        plan(toys.prompt(nodes), catalog), catalog, Settings(), observers=[broken, heard.append]
    )
    assert len(failed) == 1
    assert heard[-1].status == "success"
    (note,) = [e.diagnostic for e in heard if isinstance(e, Notice)]
    assert note.code == "observer_failed"
    assert "No space left" in note.message


def test_two_changes_of_one_object_and_what_reads_their_results():
    """What reads the first change's result sees it before the second change."""
    events = run(
        {
            "1": ("MakeBox", {"text": "a"}),
            "2": ("FillBox", {"box": ["1", 0], "text": "b"}),
            "3": ("FillBox", {"box": ["1", 0], "text": "c"}),
            "4": ("ReadBox", {"box": ["3", 0]}),
            "5": ("ReadBox", {"box": ["2", 0]}),
            "6": ("Join", {"a": ["4", 0], "b": ["5", 0]}),
            "7": ("Show", {"text": ["6", 0]}),
        }
    )
    assert shown(events) == [["a,b,ca,b"]]
    codes = [e.diagnostic.code for e in events if isinstance(e, Notice)]
    assert set(codes) == {"changed_while_shared"}


def test_a_file_is_written_before_it_is_read_and_two_writers_are_told(tmp_path):
    nodes = {
        "1": ("Load", {"path": "x.txt"}),
        "2": ("Show", {"text": ["1", 0]}),
        "3": ("Save", {"text": "hello", "path": "x.txt"}),
        "4": ("Show", {"text": ["3", 0]}),
    }
    planned = plan(toys.prompt(nodes), toys.catalog())
    order = [s.node.id for s in planned.steps]
    assert order.index("3") < order.index("1")
    assert [use.kind for use in planned.resources] == ["output_file"]
    nodes["5"] = ("Save", {"text": "other", "path": "x.txt"})
    nodes["6"] = ("Show", {"text": ["5", 0]})
    planned = plan(toys.prompt(nodes), toys.catalog())
    assert [(w.code, w.node_id) for w in planned.warnings] == [("same_output_file", "5")]


def test_a_file_that_cannot_be_saved_after_a_stop_is_that_nodes_failure(tmp_path):
    catalog, stop, events = toys.catalog(), Stop(), []
    (tmp_path / "taken.txt").mkdir()

    def observer(event):
        events.append(event)
        if isinstance(event, NodeFinished) and event.node_id == "1":
            stop.request()

    nodes = {
        "1": ("Text", {"text": "a"}),
        "2": ("Save", {"text": ["1", 0], "path": "taken.txt"}),
        "3": ("Show", {"text": ["2", 0]}),
    }
    planned = plan(toys.prompt(nodes), catalog)
    with pytest.raises(NodeError, match="node 2"):
        execute(planned, catalog, Settings(outputs=tmp_path), observers=[observer], stop=stop)
    assert [e.node_id for e in events if isinstance(e, NodeFailed)] == ["2"]


def test_what_comes_from_files_is_read_in_every_run(tmp_path):
    file = tmp_path / "a.txt"
    nodes = {
        "1": ("ReadFile", {"path": str(file)}),
        "2": ("Join", {"a": ["1", 0], "b": "!"}),
        "3": ("Text", {"text": "b"}),
        "4": ("Join", {"a": ["3", 0], "b": "!"}),
        "5": ("Join", {"a": ["2", 0], "b": ["4", 0]}),
        "6": ("Show", {"text": ["5", 0]}),
    }
    store = MemoryStore()
    file.write_text("a")
    first = run(nodes, store=store)
    file.write_text("c")
    second = run(nodes, store=store)
    assert (shown(first), shown(second)) == ([["a!b!"]], [["c!b!"]])
    cached = {e.node_id for e in second if isinstance(e, NodeFinished) and e.cached}
    assert cached == {"4"}
    keys = [[s.identity for s in plan(toys.prompt(nodes), toys.catalog()).steps] for _ in range(2)]
    assert None not in keys[0]
    assert keys[0] == keys[1]


def test_what_is_to_be_said_once_is_said_once_in_every_run():
    nodes = {
        "1": ("SayOnce", {"text": "a"}),
        "2": ("SayOnce", {"text": "b"}),
        "3": ("Join", {"a": ["1", 0], "b": ["2", 0]}),
        "4": ("Show", {"text": ["3", 0]}),
    }
    told = []

    def again(event):
        # A second run in the midst of the first, as one of another thread would be.
        if isinstance(event, NodeFinished) and event.node_id == "1" and not told:
            told.append([e for e in run(nodes) if isinstance(e, Notice)])

    planned, catalog, seen = plan(toys.prompt(nodes), toys.catalog()), toys.catalog(), []
    execute(planned, catalog, Settings(), observers=[seen.append, again])
    assert len([e for e in seen if isinstance(e, Notice)]) == 1
    assert len(told[0]) == 1
