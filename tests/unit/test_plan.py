"""Rules, order, identity, overrides."""

import math
from itertools import pairwise

import pytest
import toys

from graphrun.errors import UsageError, ValidationFailed
from graphrun.plan import check, override, plan, shrink


def problems(nodes):
    return [
        (d.code, d.node_id, d.input, d.severity) for d in check(toys.prompt(nodes), toys.catalog())
    ]


GOOD = {"1": ("Text", {"text": "a"}), "2": ("Show", {"text": ["1", 0]})}


def with_numbers(**inputs):
    full = {"whole": 1, "real": 0.5, "flag": False, "mode": "fast", **inputs}
    return {"1": ("Numbers", full), "2": ("Show", {"text": ["1", 0]})}


def test_a_good_prompt_has_no_problems():
    assert problems(GOOD) == []
    assert problems(with_numbers(extra=3)) == []


@pytest.mark.parametrize(
    ("inputs", "code", "input"),
    [
        ({"whole": 2.7}, "invalid_input_type", "whole"),
        ({"whole": True}, "invalid_input_type", "whole"),
        ({"whole": "3"}, "invalid_input_type", "whole"),
        ({"whole": None}, "invalid_input_type", "whole"),
        ({"flag": "false"}, "invalid_input_type", "flag"),
        ({"flag": 0}, "invalid_input_type", "flag"),
        ({"real": "0.5"}, "invalid_input_type", "real"),
        ({"whole": 11}, "value_bigger_than_max", "whole"),
        ({"whole": -1}, "value_smaller_than_min", "whole"),
        ({"real": 1.5}, "value_bigger_than_max", "real"),
        ({"mode": "Fast"}, "value_not_in_list", "mode"),
        ({"mode": 1}, "value_not_in_list", "mode"),
        ({"speed": 1}, "unknown_input", "speed"),
        ({"whole": [1, 2, 3]}, "bad_linked_input", "whole"),
        ({"whole": ["9", 0]}, "bad_linked_input", "whole"),
        ({"mode": ["2", 0]}, "return_type_mismatch", "mode"),
    ],
)
def test_wrong_values(inputs, code, input):
    nodes = with_numbers(**inputs)
    if code == "return_type_mismatch":
        nodes = {**nodes, "9": ("Text", {"text": "x"})}
        nodes["1"] = ("Numbers", {**nodes["1"][1], "mode": ["9", 0]})
    assert (code, "1", input, "error") in problems(nodes)


def test_whole_numbers_may_be_written_as_floats_and_the_other_way_round():
    planned = plan(toys.prompt(with_numbers(whole=2.0, real=1)), toys.catalog())
    inputs = planned.steps[0].node.inputs
    assert (type(inputs["whole"]), type(inputs["real"])) == (int, float)


def test_not_a_number_is_refused():
    from dataclasses import replace

    prompt = toys.prompt(with_numbers())
    node = prompt.nodes["1"].with_inputs({**prompt.nodes["1"].inputs, "real": math.nan})
    prompt = replace(prompt, nodes={**prompt.nodes, "1": node})
    assert [d.code for d in check(prompt, toys.catalog())] == ["invalid_input_type"]


def test_missing_inputs_unknown_classes_slots_and_outputs():
    assert ("required_input_missing", "1", "text", "error") in problems(
        {"1": ("Text", {}), "2": ("Show", {"text": ["1", 0]})}
    )
    assert problems({"1": ("Tex", {"text": "a"})}) == [("missing_node_type", "1", None, "error")]
    assert ("slot_out_of_range", "2", "text", "error") in problems(
        {"1": ("Text", {"text": "a"}), "2": ("Show", {"text": ["1", 1]})}
    )
    assert problems({"1": ("Text", {"text": "a"})}) == [("prompt_no_outputs", None, None, "error")]
    assert problems({}) == [("empty_prompt", None, None, "error")]


def test_unknown_names_are_told_near_ones():
    found = check(toys.prompt({"1": ("Tex", {"text": "a"})}), toys.catalog())
    assert "did you mean Text?" in found[0].hint
    found = check(toys.prompt(with_numbers(moed="fast")), toys.catalog())
    assert found[0].hint == "did you mean mode?"


def test_a_cycle_is_named_along_its_links():
    nodes = {
        "1": ("Join", {"a": ["3", 0], "b": ""}),
        "2": ("Join", {"a": ["1", 0], "b": ""}),
        "3": ("Join", {"a": ["2", 0], "b": ""}),
        "4": ("Show", {"text": ["3", 0]}),
    }
    (found,) = check(toys.prompt(nodes), toys.catalog())
    assert found.code == "dependency_cycle"
    path = found.message.partition(": ")[2].split(" → ")
    ids = [step.partition(" ")[0] for step in path]
    assert ids[0] == ids[-1]
    assert sorted(ids[:-1]) == ["1", "2", "3"]
    for producer, consumer in pairwise(ids):
        assert nodes[consumer][1]["a"] == [producer, 0]


def test_a_node_that_feeds_itself():
    nodes = {"1": ("Join", {"a": ["1", 0], "b": ""}), "2": ("Show", {"text": ["1", 0]})}
    (found,) = check(toys.prompt(nodes), toys.catalog())
    assert (found.code, found.node_id, found.input) == ("dependency_cycle", "1", "a")


def test_problems_of_nodes_that_do_not_run_are_warnings():
    nodes = {**GOOD, "8": ("Text", {}), "9": ("Nowhere", {})}
    assert problems(nodes) == [
        ("required_input_missing", "8", "text", "warning"),
        ("missing_node_type", "9", None, "error"),
    ]


def test_all_problems_are_found_in_one_pass_and_have_a_place():
    nodes = with_numbers(whole=2.7, mode="no", flag="false", spede=1)
    with pytest.raises(ValidationFailed) as caught:
        plan(toys.prompt(nodes), toys.catalog())
    found = caught.value.diagnostics
    assert {d.input for d in found} == {"whole", "mode", "flag", "spede"}
    assert len({d.position.line for d in found}) == 4


def test_order_is_topological_and_otherwise_that_of_the_document():
    nodes = {
        "9": ("Show", {"text": ["3", 0]}),
        "5": ("Text", {"text": "a"}),
        "1": ("Text", {"text": "b"}),
        "3": ("Join", {"a": ["1", 0], "b": ["5", 0]}),
    }
    planned = plan(toys.prompt(nodes), toys.catalog())
    assert [s.node.id for s in planned.steps] == ["5", "1", "3", "9"]


def test_targets_replace_the_outputs():
    nodes = {**GOOD, "3": ("Join", {"a": ["1", 0], "b": ""})}
    planned = plan(toys.prompt(nodes), toys.catalog(), targets=["3"])
    assert [s.node.id for s in planned.steps] == ["1", "3"]
    with pytest.raises(UsageError, match="no node has the id '4'"):
        plan(toys.prompt(nodes), toys.catalog(), targets=["4"])


IDENTITY_OF_TEXT = "527e008ef5d4672fec9accdf571acdb1333ebc2e73cb4ca3a3198360f9e85956"


def keys(nodes, **options):
    planned = plan(toys.prompt(nodes), toys.catalog(), **options)
    return {s.node.id: s.identity for s in planned.steps}


def test_identities_are_pinned():
    """A changed digest loses every stored result: raise `identity.TAG` if it has to be."""
    assert keys(GOOD)["1"] == IDENTITY_OF_TEXT


def test_identity_ignores_ids_titles_and_order_but_not_values_and_wiring():
    nodes = {
        "1": ("Text", {"text": "a"}),
        "2": ("Text", {"text": "b"}),
        "3": ("Join", {"a": ["1", 0], "b": ["2", 0]}),
        "4": ("Show", {"text": ["3", 0]}),
    }
    renamed = {
        "x": ("Show", {"text": ["m", 0]}),
        "m": ("Join", {"b": ["q", 0], "a": ["p", 0]}),
        "q": ("Text", {"text": "b"}),
        "p": ("Text", {"text": "a"}),
    }
    assert keys(nodes)["4"] == keys(renamed)["x"]
    swapped = {**nodes, "3": ("Join", {"a": ["2", 0], "b": ["1", 0]})}
    assert keys(nodes)["3"] != keys(swapped)["3"]
    edited = {**nodes, "2": ("Text", {"text": "c"})}
    assert keys(nodes)["4"] != keys(edited)["4"]
    assert keys(nodes)["1"] == keys(edited)["1"]


def test_the_seed_counts_for_random_nodes_only():
    nodes = {
        "1": ("MakeBox", {"text": "a"}),
        "2": ("ReadBox", {"box": ["1", 0]}),
        "3": ("Text", {"text": "a"}),
        "4": ("Join", {"a": ["2", 0], "b": ["3", 0]}),
        "5": ("Show", {"text": ["4", 0]}),
    }
    first, second = keys(nodes, seed=0), keys(nodes, seed=1)
    assert first["3"] == second["3"]
    assert first["1"] != second["1"]
    assert first["5"] != second["5"]


def test_random_nodes_that_are_alike_draw_numbers_of_their_own():
    """Told apart by what they feed, so that ids, order and literals further down do not count."""
    nodes = {
        "1": ("MakeBox", {"text": "a"}),
        "2": ("MakeBox", {"text": "a"}),
        "3": ("ReadBox", {"box": ["1", 0]}),
        "4": ("FillBox", {"box": ["2", 0], "text": "b"}),
        "5": ("ReadBox", {"box": ["4", 0]}),
        "6": ("Join", {"a": ["3", 0], "b": ["5", 0]}),
        "7": ("Show", {"text": ["6", 0]}),
    }
    found = keys(nodes)
    assert found["1"] != found["2"]
    names = {"1": "f", "2": "e", "3": "d", "4": "c", "5": "b", "6": "a", "7": "g"}
    renamed = {
        names[name]: (
            kind,
            {k: [names[v[0]], 0] if isinstance(v, list) else v for k, v in inputs.items()},
        )
        for name, (kind, inputs) in reversed(nodes.items())
    }
    assert {names[name]: key for name, key in found.items()} == keys(renamed)
    edited = keys({**nodes, "4": ("FillBox", {"box": ["2", 0], "text": "c"})})
    assert {n for n in found if found[n] != edited[n]} == {"4", "5", "6", "7"}
    alone = keys({k: nodes[k] for k in ("1", "3")} | {"7": ("Show", {"text": ["3", 0]})})
    assert alone["1"] in (found["1"], found["2"])


def test_volatile_nodes_and_what_follows_have_no_identity():
    nodes = {
        "1": ("Text", {"text": "a"}),
        "2": ("Save", {"text": ["1", 0], "path": "x"}),
        "3": ("Show", {"text": ["2", 0]}),
    }
    found = keys(nodes)
    assert found["1"] is not None
    assert (found["2"], found["3"]) == (None, None)


def test_set_by_id_title_and_class_with_typed_values():
    prompt = toys.prompt(with_numbers())
    settings = ["1.whole=3", "Numbers.real=0.25", "1.flag=TRUE", "1.mode=slow"]
    changed = override(prompt, toys.catalog(), settings)
    inputs = changed.nodes["1"].inputs
    assert inputs["whole"] == 3
    assert inputs["real"] == 0.25
    assert inputs["flag"] is True
    assert inputs["mode"] == "slow"
    assert prompt.nodes["1"].inputs["whole"] == 1


@pytest.mark.parametrize(
    ("setting", "fragment"),
    [
        ("whole=3", "expected NODE.INPUT=VALUE"),
        ("1.whole", "expected NODE.INPUT=VALUE"),
        ("7.whole=3", "no node has the id, title or class '7'"),
        ("Number.whole=3", "did you mean Numbers"),
        ("1.hole=3", "did you mean whole"),
        ("1.whole=x", "takes a whole number, not 'x'"),
        ("1.whole=2.7", "takes a whole number, not '2.7'"),
        ("1.whole=1_0", "takes a whole number, not '1_0'"),
        ("1.whole=١", "takes a whole number"),
        ("1.real=nan", "takes a number, not 'nan'"),
        ("1.flag=yes", "takes true or false, not 'yes'"),
        ("2.text=a", "takes a link, not a value"),
    ],
)
def test_settings_that_cannot_be_followed(setting, fragment):
    with pytest.raises(UsageError, match="--set") as caught:
        override(toys.prompt(with_numbers()), toys.catalog(), [setting])
    assert fragment in str(caught.value)


def test_an_ambiguous_class_lists_the_ids():
    nodes = {**GOOD, "7": ("Text", {"text": "b"})}
    with pytest.raises(UsageError, match="Text is 2 nodes: 1, 7"):
        override(toys.prompt(nodes), toys.catalog(), ["Text.text=c"])


def test_tiny_leaves_what_the_user_has_set():
    prompt = override(toys.prompt(with_numbers(whole=1)), toys.catalog(), ["Numbers.whole=9"])
    assert shrink(prompt, toys.catalog()) == (prompt, [])


def test_tiny_cuts_only_what_is_larger():
    shrunk, said = shrink(toys.prompt(with_numbers(whole=9)), toys.catalog())
    assert shrunk.nodes["1"].inputs["whole"] == 2
    assert said == ["node 1 (Numbers): whole 9 → 2"]
    for value in (1, 2.7, 11, "9", True, ["2", 0]):
        same, said = shrink(toys.prompt(with_numbers(whole=value)), toys.catalog())
        assert same.nodes["1"].inputs == toys.prompt(with_numbers(whole=value)).nodes["1"].inputs
        assert said == [], "a cut must not hide a wrong value"


def test_titles_may_hold_dots_and_equals_signs():
    import json

    from graphrun.documents import loads

    document = {
        "1": {"class_type": "Text", "inputs": {"text": "a"}, "_meta": {"title": "v1.0 a=b"}},
        "2": {"class_type": "Show", "inputs": {"text": ["1", 0]}},
    }
    prompt = loads(json.dumps(document))
    changed = override(prompt, toys.catalog(), ["v1.0 a=b.text=x=y.z"])
    assert changed.nodes["1"].inputs["text"] == "x=y.z"
    assert str(changed.position("1", "text")) == "--set v1.0 a=b.text=x=y.z"
