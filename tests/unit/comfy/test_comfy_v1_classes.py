"""What classes of the first API declare in odd ways, and what becomes of it."""

import asyncio

import pytest
from comfy_toys import prompt

import graphrun
from graphrun.catalog.builder import GraphBuilder
from graphrun.errors import UsageError


class Anything(str):
    """Equal to everything and, having no hash, unfit for look-ups: packs have such types."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None


ANYTHING = Anything("*")
seen: list = []


class Mirror:
    RETURN_TYPES = (ANYTHING,)
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        value = (ANYTHING, {"default": None})
        return {"required": {"value": value}, "optional": {"value": value, "more": (ANYTHING,)}}

    @classmethod
    def VALIDATE_INPUTS(cls, input_types):
        seen.append({name: type(given) for name, given in input_types.items()})
        return True

    def run(self, value, more=None):
        return {"ui": {"value": [value]}, "result": (value,)}


class Count:
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        step = ("INT", {"default": 5, "min": 1})
        return {"required": {"start": ("INT", {})}, "optional": {"step": step, "last": ("INT",)}}

    def run(self, start, step, last=None):
        return {"ui": {"value": [start + step, last]}, "result": (start + step,)}


class Listed(Count):
    INPUT_IS_LIST = True

    def run(self, start, step, last=None):
        return {"ui": {"value": [start, step]}, "result": (0,)}


class Turnstile:
    """One at a time, by a semaphore that belongs to the class."""

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    OUTPUT_NODE = True
    ONE = asyncio.Semaphore(1)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"number": ("INT", {})}}

    async def run(self, number):
        async with self.ONE:
            await asyncio.sleep(0.01)
        return (number,)


class Leave:
    """Fails at once."""

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"numbers": ("INT", {})}}

    def run(self, numbers):
        raise ValueError("no more")


CLASSES = {one.__name__: one for one in (Mirror, Count, Listed, Turnstile, Leave)}


@pytest.fixture
def session():
    return graphrun.Session(packs=[CLASSES])


def test_a_type_that_equals_everything_takes_literals_and_links(session):
    nodes = {
        "1": ("Mirror", {"value": "a text"}),
        "2": ("Mirror", {"value": ["1", 0], "more": 7}),
        "3": ("Count", {"start": ["2", 0], "step": 1}),
    }
    seen.clear()
    assert session.check(graphrun.load(prompt(nodes))) == []
    assert seen == [{}, {"value": Anything}]
    assert session.run(prompt({"1": nodes["1"], "2": nodes["2"]})).ui["2"] == {"value": ["a text"]}


def test_an_input_in_both_sections_is_required_once(session):
    found = session.check(graphrun.load(prompt({"1": ("Mirror", {})})))
    assert [(one.code, one.input) for one in found] == [("required_input_missing", "value")]


@pytest.mark.parametrize(("kind", "shown"), [("Count", [7, None]), ("Listed", [[2], [5]])])
def test_a_declared_default_is_given_where_the_function_needs_a_value(session, kind, shown):
    report = session.run(prompt({"1": (kind, {"start": 2})}))
    assert report.ui["1"] == {"value": shown}


def test_a_given_value_wins_over_the_default(session):
    report = session.run(prompt({"1": ("Count", {"start": 2, "step": 3, "last": 9})}))
    assert report.ui["1"] == {"value": [5, 9]}


def test_semaphores_of_a_class_serve_one_run_after_the_other():
    nodes = prompt({str(n): ("Turnstile", {"number": n}) for n in range(3)})
    for _ in range(2):
        report = graphrun.run(nodes, packs=[CLASSES])
        assert report.status == "success"
        assert sorted(report.ran) == ["0", "1", "2"]


def test_coroutines_that_never_began_are_closed(session):
    """Python would warn of them, and warnings are errors here."""
    nodes = {str(n): ("Turnstile", {"number": n}) for n in range(20)}
    report = session.run(prompt({**nodes, "x": ("Leave", {"numbers": 1})}))
    assert report.status == "failed"
    assert session.run(prompt(nodes)).status == "success"


def test_an_empty_list_of_targets_is_refused(session):
    nodes = prompt({"1": ("Count", {"start": 1})})
    with pytest.raises(UsageError, match="the list of targets is empty"):
        session.run(nodes, targets=[])
    with pytest.raises(UsageError, match="the list of targets is empty"):
        session.check(graphrun.load(nodes, targets=[]))


class Cases(dict):
    """Knows every `case_<number>` as it knows `case_0`, without listing it."""

    def __contains__(self, name):
        return name.startswith("case_") or super().__contains__(name)

    def __getitem__(self, name):
        return super().__getitem__("case_0" if name.startswith("case_") else name)


class Switch:
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        case = ("INT", {"lazy": True, "max": 9})
        return {"required": {"select": ("INT", {})}, "optional": Cases(case_0=case)}

    def check_lazy_status(self, select, **cases):
        name = f"case_{select}"
        return [name] if cases[name] is None else []

    def run(self, select, **cases):
        return {"ui": {"cases": [sorted(cases.items())]}, "result": (cases[f"case_{select}"],)}


class Exit:
    """Ends the process, as a script would."""

    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def run(self):
        raise SystemExit(3)


class ExitLater(Exit):
    async def run(self):
        raise SystemExit(3)


CLASSES |= {one.__name__: one for one in (Switch, Exit, ExitLater)}


def test_names_of_a_pattern_are_declared_as_the_mapping_has_them(session):
    nodes = {
        "1": ("Count", {"start": 1, "step": 1}),
        "2": ("Exit", {}),
        "3": ("Switch", {"select": 1, "case_1": ["1", 0], "case_7": ["2", 0], "case_8": 4}),
    }
    report = session.run(prompt(nodes), targets=["3"])
    assert report.ui["3"] == {"cases": [[("case_1", 2), ("case_7", None), ("case_8", 4)]]}
    assert report.ran == ["1", "3"]
    found = session.check(graphrun.load(prompt({"3": ("Switch", {"select": 1, "case_1": 10})})))
    assert [(one.code, one.input) for one in found] == [("value_bigger_than_max", "case_1")]


@pytest.mark.parametrize("kind", ["Exit", "ExitLater"])
def test_a_node_that_exits_has_failed(session, kind):
    nodes = prompt({"1": (kind, {}), "2": ("Count", {"start": 1})})
    report = session.run(nodes, keep_going=True)
    assert report.status == "failed"
    assert report.error.diagnostic.message == f"node 1 ({kind}): SystemExit: 3"
    assert report.ui["2"] == {"value": [6, None]}
    again = session.run(prompt({"1": ("Turnstile", {"number": 1})}))
    assert again.status == "success"


class Either:
    RETURN_TYPES = ("INT,FLOAT",)
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("NUMBER,INT,FLOAT", {})}}

    def run(self, value):
        return (value,)


class Builds(Either):
    """In its place comes a graph that fails."""

    def run(self, value):
        graph = GraphBuilder()
        return {"result": (graph.node("Leave", numbers=1).out(0),), "expand": graph.finalize()}


CLASSES |= {"Either": Either, "Builds": Builds}


def test_a_union_that_has_a_widget_type_takes_literals(session):
    assert session.check(graphrun.load(prompt({"1": ("Either", {"value": 3})}))) == []


def test_a_node_whose_graph_fails_has_failed(session):
    report = session.run(prompt({"1": ("Builds", {"value": 1})}))
    assert [(one.id, one.state) for one in report.nodes.values()] == [
        ("1", "failed"),
        ("1.0.0.1", "failed"),
    ]
    assert report.error.diagnostic.node_id == "1"


class Plain(Either):
    """Says that it has none of the functions."""

    VALIDATE_INPUTS = None
    IS_CHANGED = None
    check_lazy_status = None


class Strict(Either):
    """Its own check ends the process."""

    @classmethod
    def VALIDATE_INPUTS(cls, value):
        raise SystemExit(9)


class Undefined(Either):
    @classmethod
    def INPUT_TYPES(cls):
        raise SystemExit(9)


ODD = {"Plain": Plain, "Strict": Strict, "Undefined": Undefined, "Nothing": None, 5: Either}


def test_functions_that_are_none_are_not_there():
    report = graphrun.run(prompt({"1": ("Plain", {"value": 3})}), packs=[ODD])
    assert report.outputs == {"1": ([3],)}


def test_a_name_that_is_no_text_is_taken_for_one():
    assert graphrun.run(prompt({"1": ("5", {"value": 3})}), packs=[ODD]).status == "success"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Strict", "its own check failed: SystemExit: 9"),
        ("Undefined", "Undefined: its definition cannot be read: SystemExit: 9"),
        ("Nothing", "Nothing: its definition cannot be read: AttributeError: 'NoneType'"),
    ],
)
def test_what_a_class_cannot_say_is_told(kind, said):
    with pytest.raises(graphrun.GraphrunError, match=said):
        graphrun.run(prompt({"1": (kind, {"value": 3})}), packs=[ODD])


class Shows(Either):
    def run(self, value):
        return {"ui": "a text", "result": (value,)}


def test_what_is_shown_is_a_dict():
    report = graphrun.run(prompt({"1": ("Shows", {"value": 1})}), packs=[{"Shows": Shows}])
    assert report.error.diagnostic.code == "invalid_return"
    assert "it returned a str under `ui`" in report.error.diagnostic.message
