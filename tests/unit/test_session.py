"""Runs in a session: what the engine does with ComfyUI's classes, and what stays between runs."""

import threading

import comfy_toys as toys
import pytest
import toys as plain_toys
from comfy_toys import prompt

import graphrun
from graphrun.execute import events
from graphrun.record.cache import Cache


@pytest.fixture(autouse=True)
def _forget():
    toys.CALLS.clear()


@pytest.fixture
def session():
    return graphrun.Session(catalog=toys.catalog())


CHAIN = prompt(
    {
        "1": ("Number", {"value": 3}),
        "2": ("Add", {"a": ["1", 0], "b": 4}),
        "3": ("Show", {"value": ["2", 0]}),
    }
)


def test_outputs_and_what_was_shown(session):
    report = session.run(CHAIN, keep=["2"])
    assert report.status == "success"
    assert report.outputs == {"2": ([7],), "3": ()}
    assert report.ui == {"3": {"value": [7]}}
    assert report.ran == ["1", "2", "3"]
    assert report.cached == []


def test_a_folder_for_runs_may_be_a_text(session, tmp_path):
    report = session.run(CHAIN, out=str(tmp_path / "runs"))
    assert report.folder.parent == tmp_path / "runs"
    assert (report.folder / "report.json").is_file()


def test_targets_may_be_any_node_and_their_outputs_stay(session):
    report = session.run(CHAIN, targets=["2"])
    assert report.ran == ["1", "2"]
    assert report.outputs == {"2": ([7],)}


def test_what_is_kept_is_there_also_when_all_is_served(session):
    first, again = (session.run(CHAIN, keep=["1", "2"]) for _ in range(2))
    assert again.ran == []
    assert again.outputs == first.outputs == {"1": ([3],), "2": ([7],), "3": ()}


def test_a_second_run_is_served(session):
    session.run(CHAIN)
    again = session.run(CHAIN)
    assert again.ran == []
    assert again.cached == ["1", "2", "3"]
    assert again.ui == {"3": {"value": [7]}}
    changed = {**CHAIN, "2": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": 5}}}
    report = session.run(changed)
    assert report.ran == ["2", "3"]
    assert report.cached == ["1"]


def test_module_level_runs_remember_nothing():
    for _ in range(2):
        assert graphrun.run(CHAIN, catalog=toys.catalog()).ran == ["1", "2", "3"]


def test_functions_stay_functions_whatever_is_imported():
    from graphrun.convert import explain
    from graphrun.plan import Plan

    assert explain
    assert Plan
    assert graphrun.convert(CHAIN).nodes.keys() == {"1", "2", "3"}
    assert len(graphrun.plan(CHAIN, toys.catalog())[0].steps) == 3


def test_objects_are_never_served_but_values_are(session):
    nodes = prompt(
        {
            "1": ("Model", {"value": 1}),
            "2": ("Model", {"value": 1}),
            "3": ("Show", {"value": ["1", 0]}),
            "4": ("Show", {"value": ["2", 0]}),
        }
    )
    assert sorted(session.run(nodes).ran) == ["1", "2", "3", "4"]
    assert {"1", "2"} <= set(session.run(nodes).ran)


def test_nodes_that_do_the_same_run_once(session):
    nodes = prompt(
        {
            "1": ("Number", {"value": 1}),
            "2": ("Number", {"value": 1}),
            "3": ("Add", {"a": ["1", 0], "b": ["2", 0]}),
            "4": ("Show", {"value": ["3", 0]}),
        }
    )
    report = session.run(nodes)
    assert report.ran == ["1", "3", "4"]
    assert report.cached == ["2"]
    assert report.ui["4"] == {"value": [2]}


def test_lazy_inputs_are_computed_when_asked_for(session):
    nodes = prompt(
        {
            "1": ("Number", {"value": 1}),
            "2": ("Number", {"value": 2}),
            "3": ("Choose", {"first": False, "a": ["1", 0], "b": ["2", 0]}),
            "4": ("Show", {"value": ["3", 0]}),
        }
    )
    report = session.run(nodes)
    assert report.ui["4"] == {"value": [2]}
    assert report.ran == ["2", "3", "4"]
    assert report.nodes["1"].state == "pending"


def test_coroutines_overlap_with_each_other_and_with_other_nodes(session):
    nodes = prompt(
        {
            "1": ("Slow", {"seconds": 0.2, "value": 1}),
            "2": ("Slow", {"seconds": 0.05, "value": 2}),
            "3": ("Number", {"value": 3}),
            "4": ("Show", {"value": ["1", 0]}),
            "5": ("Show", {"value": ["2", 0]}),
            "6": ("Show", {"value": ["3", 0]}),
        }
    )
    report = session.run(nodes)
    assert report.status == "success"
    told = [call for call in toys.CALLS if call[0].startswith("Slow")]
    assert [name for name, _ in told] == ["Slow begins"] * 2 + ["Slow ends"] * 2
    assert toys.CALLS.index(("Number", 3)) < toys.CALLS.index(("Slow ends", 1))


def test_mapped_coroutines_are_all_started(session):
    nodes = prompt(
        {
            "1": ("Numbers", {"count": 2}),
            "2": ("Meet", {"value": ["1", 0]}),
            "3": ("Show", {"value": ["2", 0]}),
        }
    )
    assert session.run(nodes).ui["3"] == {"value": [1, 2]}


def test_inside_a_running_event_loop(session):
    """As in a notebook."""
    import asyncio

    nodes = prompt(
        {"1": ("Slow", {"seconds": 0.01, "value": 1}), "2": ("Show", {"value": ["1", 0]})}
    )

    async def cell():
        return session.run(nodes)

    assert asyncio.run(cell()).ui["2"] == {"value": [1]}


def test_graphs_within_graphs(session):
    nodes = prompt({"1": ("Sum", {"n": 5}), "2": ("Show", {"value": ["1", 0]})})
    seen = []
    report = session.run(nodes, observe=seen.append)
    assert report.ui["2"] == {"value": [15]}
    added = [n for e in seen if isinstance(e, events.NodesAdded) for n in e.nodes]
    assert {n.display_id for n in added} == {"1"}
    assert added[0].node_id == "1.0.0.1"
    assert session.run(nodes).ran == []


def test_a_deep_graph_of_graphs_is_no_recursion(session):
    # The prefixes of its ids grow with the depth, hence not thousands.
    nodes = prompt({"1": ("Sum", {"n": 400}), "2": ("Show", {"value": ["1", 0]})})
    assert session.run(nodes).ui["2"] == {"value": [400 * 401 // 2]}


def test_a_graph_that_waits_for_its_builder_is_named(session):
    report = session.run(prompt({"1": ("Own", {}), "2": ("Show", {"value": ["1", 0]})}))
    assert report.status == "failed"
    assert report.error.diagnostic.code == "dependency_cycle"
    assert report.error.node_id == report.error.diagnostic.node_id == "1"
    assert report.nodes["1"].state == "failed"
    assert "1 (Own)" in report.error.diagnostic.message


def test_blockers_block_single_elements_and_the_first_consumer_tells(session):
    nodes = prompt(
        {
            "1": ("Numbers", {"count": 3}),
            "2": ("Stop", {"value": ["1", 0], "most": 2}),
            "3": ("Add", {"a": ["2", 1], "b": 10}),
            "4": ("Show", {"value": ["3", 0]}),
            "5": ("Show", {"value": ["2", 0]}),
        }
    )
    report = session.run(nodes)
    assert report.status == "success"
    assert report.ui["4"] == {"value": [11, 12]}
    assert report.ui["5"] == {"value": [1, 2, 3]}
    blocked = [n for n in report.notices if n.code == "execution_blocked"]
    assert [(n.node_id, "3 is too much" in n.message) for n in blocked] == [("3", True)]


BRANCHES = prompt(
    {
        "1": ("Fail", {"value": 5}),
        "2": ("Add", {"a": ["1", 0], "b": 1}),
        "3": ("Show", {"value": ["2", 0]}),
        "4": ("Number", {"value": 8}),
        "5": ("Show", {"value": ["4", 0]}),
    }
)


def test_the_first_failure_ends_the_run(session):
    report = session.run(BRANCHES)
    assert report.status == "failed"
    assert report.error.diagnostic.message == "node 1 (Fail): ValueError: no 5"
    assert "comfy_toys.py" in report.error.full_traceback
    with pytest.raises(graphrun.NodeError, match="no 5"):
        report.raise_for_status()


def test_keep_going_finishes_the_other_branches(session):
    report = session.run(BRANCHES, keep_going=True)
    assert report.status == "failed"
    assert report.ui == {"5": {"value": [8]}}
    assert report.blocked == {"2": "1", "3": "1"}
    assert report.outputs["5"] == ()


def test_keep_going_runs_what_is_right_of_a_file_with_errors(session):
    broken = {**BRANCHES, "1": {"class_type": "Number", "inputs": {"value": 1000}}}
    with pytest.raises(graphrun.ValidationFailed, match="value_bigger_than_max"):
        session.run(broken)
    report = session.run(broken, keep_going=True)
    assert report.ui == {"5": {"value": [8]}}
    assert [n.code for n in report.notices if n.severity == "error"] == ["value_bigger_than_max"]


def test_node_objects_stay_with_their_ids(session):
    nodes = prompt({"1": ("Counter", {"value": 1}), "2": ("Show", {"value": ["1", 0]})})
    assert [session.run(nodes).ui["2"]["value"] for _ in range(3)] == [[1], [2], [3]]
    session.run(CHAIN)
    assert session.run(nodes).ui["2"] == {"value": [1]}


def test_set_gives_another_request():
    loaded = graphrun.load(CHAIN)
    changed = loaded.set("2.b", 5).set({"1.value": 6})
    assert changed.run(packs=[toys.CLASSES]).ui["3"] == {"value": [11]}
    assert loaded.run(packs=[toys.CLASSES]).ui["3"] == {"value": [7]}


def test_an_unknown_option_is_refused(session):
    with pytest.raises(TypeError, match="keep_goign"):
        session.run(CHAIN, keep_goign=True)


def test_two_threads_mix_neither_seeds_nor_events():
    nodes = prompt(
        {
            "1": ("Numbers", {"count": 40}),
            "2": ("Draw", {"of": 400}),
            "3": ("Draw", {"of": ["1", 0]}),
            "4": ("Show", {"value": ["2", 0]}),
            "5": ("Show", {"value": ["3", 0]}),
        }
    )
    alone = {seed: graphrun.run(nodes, catalog=toys.catalog(), seed=seed).ui for seed in (1, 2)}
    assert alone[1] != alone[2]
    together, seen = {}, {1: [], 2: []}
    start = threading.Barrier(2, timeout=20)

    def work(seed):
        start.wait()
        for _ in range(5):
            report = graphrun.run(
                nodes, catalog=toys.catalog(), seed=seed, observe=seen[seed].append
            )
            together.setdefault(seed, []).append(report.ui)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == {seed: [alone[seed]] * 5 for seed in (1, 2)}
    for seed, told in seen.items():
        starts = [e for e in told if isinstance(e, events.RunStarted)]
        assert [e.seed for e in starts] == [seed] * 5
        assert sum(isinstance(e, events.NodeFinished) for e in told) == 25


def test_long_chains_are_no_recursion(session):
    nodes = {"0": ("Number", {"value": 1})}
    nodes |= {str(i): ("Add", {"a": [str(i - 1), 0], "b": 1}) for i in range(1, 5000)}
    nodes["end"] = ("Show", {"value": ["4999", 0]})
    assert session.run(prompt(nodes)).ui["end"] == {"value": [5000]}


def test_keep_going_finishes_other_branches_beside_a_circle(session):
    nodes = prompt(
        {
            "1": ("Own", {}),
            "2": ("Show", {"value": ["1", 0]}),
            "3": ("Number", {"value": 8}),
            "4": ("Show", {"value": ["3", 0]}),
        }
    )
    report = session.run(nodes, keep_going=True)
    assert report.status == "failed"
    assert [f.diagnostic.code for f in report.failures] == ["dependency_cycle"]
    assert report.ui == {"4": {"value": [8]}}
    assert report.outputs["4"] == ()
    assert report.blocked["2"] == "1"


def test_nodes_know_where_the_cache_is(tmp_path):
    nodes = plain_toys.prompt({"1": ("Where", {"text": "a"}), "2": ("Show", {"text": ["1", 0]})})
    for cache in (None, Cache.at(tmp_path)):
        session = graphrun.Session(catalog=plain_toys.catalog(), cache=cache)
        assert session.run(nodes).status == "success"
    assert plain_toys.calls_of("Where") == [None, tmp_path]
