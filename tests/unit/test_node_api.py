"""Signatures become specs; packs are found; nodes work outside of a run."""

import os
import subprocess
import sys
from typing import Annotated, Literal

import packs
import pytest
import toys

from graphrun.catalog import Catalog, connects
from graphrun.catalog.pack import Pack, installed
from graphrun.catalog.schema import to_object_info
from graphrun.errors import PackError
from graphrun.node import (
    Each,
    ForceInput,
    Hidden,
    Nodes,
    Range,
    Socket,
    Text,
    metric,
    progress,
    show,
)


def spec_of(function, **flags):
    nodes = Nodes(category="c")
    assert nodes.node("K", **flags)(function) is function
    return nodes.specs["K"]


def test_a_signature_becomes_a_spec():
    def f(
        a: str,
        b: Annotated[int, Range(0, 9, step=3, tiny=4)] = 5,
        *,
        c: Literal["x", "y"],
        d: Annotated[str, Text(multiline=True)] | None = "",
        box: Annotated[object, Socket("BOX")] | None = None,
        uid: Annotated[str, Hidden("UNIQUE_ID")],
        e: bool = True,
    ) -> tuple[str, Annotated[object, Socket("BOX")]]:
        """Does it."""

    spec = spec_of(f, outputs=("first", "second"), version=2)
    assert [(i.name, i.type, i.section) for i in spec.inputs] == [
        ("a", "STRING", "required"),
        ("b", "INT", "required"),
        ("c", "COMBO", "required"),
        ("e", "BOOLEAN", "required"),
        ("d", "STRING", "optional"),
        ("box", "BOX", "optional"),
        ("uid", "UNIQUE_ID", "hidden"),
    ]
    assert spec.input("b").options == {"default": 5, "min": 0, "max": 9, "step": 3}
    assert spec.input("b").tiny == 4
    assert spec.input("c").choices == ("x", "y")
    assert spec.input("d").options == {"default": "", "multiline": True}
    assert [(o.name, o.type) for o in spec.outputs] == [("first", "STRING"), ("second", "BOX")]
    assert (spec.version, spec.description, spec.category) == (2, "Does it.", "c")
    assert [i.name for i in spec.widgets] == ["a", "b", "c", "e", "d"]
    assert not spec.storable


def test_lists_in_and_out():
    def f(texts: Annotated[list[str], ForceInput()]) -> Each[str]: ...

    spec = spec_of(f)
    assert spec.input_is_list
    assert not spec.input("texts").is_widget
    assert spec.outputs[0].is_list
    assert spec.storable


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"a": object, "return": str}, "parameter 'a' has the type"),
        ({"return": str}, "parameter 'a' has no type"),
        ({"a": str, "return": object}, "output 0 has the type"),
    ],
)
def test_signatures_that_are_refused(annotations, message):
    def f(a): ...

    f.__annotations__ = annotations
    with pytest.raises(TypeError, match=message):
        spec_of(f)


def test_all_inputs_are_lists_or_none():
    def f(a: list[str], b: str) -> str: ...

    with pytest.raises(TypeError, match="either all inputs are lists or none"):
        spec_of(f)


def test_a_name_is_registered_once():
    nodes = Nodes(category="c")

    def f() -> str: ...

    nodes.node("K")(f)
    with pytest.raises(ValueError, match="registered twice"):
        nodes.node("K")(f)


def test_two_packs_may_not_bring_one_name():
    with pytest.raises(PackError, match="brought by two packs: toys and more"):
        Catalog((Pack(name="toys", package="toys"), Pack(name="more", package="toys")))


def test_a_pack_that_cannot_be_imported_is_named():
    pack = Pack(name="gone", package="no_such_module_here")
    with pytest.raises(PackError, match="pack gone: cannot import no_such_module_here"):
        list(pack.names())


def test_our_pack_is_installed_and_says_where_it_is():
    assert "graphrun" in [p.name for p in installed()]


def test_object_info_has_the_server_form():
    info = to_object_info(toys.NODES.specs["Numbers"])
    assert info["input"]["required"]["whole"] == ["INT", {"default": 1, "min": 0, "max": 10}]
    assert info["input"]["required"]["mode"] == [
        "COMBO",
        {"default": "fast", "options": ["fast", "slow"]},
    ]
    assert info["input_order"] == {
        "required": ["whole", "real", "flag", "mode"],
        "optional": ["extra"],
    }
    assert info["output"] == ["STRING"]


def test_nodes_work_outside_of_a_run():
    progress(1, 2, loss=0.5)
    show(text=["a"])
    assert toys.work(steps=2) == "done"


@pytest.mark.parametrize(
    ("output", "input", "fits"),
    [
        ("INT", "INT", True),
        ("INT", "FLOAT", False),
        ("*", "INT", True),
        ("INT", "*", True),
        ("INT", "INT,FLOAT", True),
        ("A,B", "B, C", True),
        ("A,B", "C,D", False),
        ("int", "INT", False),
        ("A,*", "B", True),
        ("COMFY_MATCHTYPE_V3", "X", True),
    ],
)
def test_which_output_feeds_which_input(output, input, fits):
    assert connects(output, input) is fits


def test_a_type_that_is_never_unequal_fits_everywhere():
    class Anything(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __ne__(self, other):
            return False

        def __eq__(self, other):
            return True

    assert connects(Anything("X"), "INT")


README_NODE = '''
from typing import Annotated
from graphrun.node import Nodes, Pack, Range

NODES = Nodes(category="text")
PACK = Pack(name="shout", package="shout")

@NODES.node("Shout")
def shout(text: str, times: Annotated[int, Range(1, 10)] = 1) -> str:
    """A text in capitals."""
    return text.upper() + "!" * times
'''


def test_the_readme_node_is_found_through_its_entry_point(tmp_path):
    packs.install(tmp_path, "shout", README_NODE)
    (tmp_path / "p.json").write_text(
        '{"1": {"class_type": "Shout", "inputs": {"text": "a", "times": 2}},'
        ' "2": {"class_type": "PandasShowText", "inputs": {"text": ["1", 0]}}}'
    )
    done = subprocess.run(
        [sys.executable, "-m", "graphrun", "p.json", "-q"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "A!!" in done.stdout


def test_a_table_makes_a_kind_a_row():
    nodes = Nodes(category="numbers")

    rows = {"Twice": (2, "Twice the number.", "more"), "Thrice": (3, "Three times it.")}

    @nodes.table(rows, random=True)
    def multiple(factor: int, number: Annotated[int, Range(0, 9)] = 1, more: int = 0) -> int:
        """The result is a whole number."""
        return factor * number + (more or 0)

    assert nodes["Twice"](number=4) == 8
    assert nodes["Thrice"](more=1) == 4
    assert multiple(5, 2) == 10
    assert [one.name for one in nodes.specs["Twice"].inputs] == ["number"]
    spec = nodes.specs["Thrice"]
    assert [one.name for one in spec.inputs] == ["number", "more"]
    assert spec.description == "Three times it.\n\nThe result is a whole number."
    assert (spec.category, spec.random) == ("numbers", True)


def test_a_title_is_made_of_the_words_of_the_class():
    nodes = Nodes(category="numbers", spaced=True)
    nodes.node("PtnBCELossWithLogits")(lambda: None)
    assert nodes.specs["PtnBCELossWithLogits"].title == "Ptn BCE Loss With Logits"


def test_figures_are_no_larger_than_floats():
    metric(loss=10**300, epoch=1)
    for call in (lambda: metric(loss=-(10**400)), lambda: progress(1, 2, loss=10**400)):
        with pytest.raises(ValueError, match="the figure loss is larger than any float"):
            call()


def test_figures_are_numbers():
    import numpy

    metric(loss=numpy.float32(0.5), epoch=numpy.int64(1), table=[[1, 2]], best=True)
    for odd in ("high", None, numpy.zeros(2), object()):
        with pytest.raises(TypeError, match="the figure loss is no number but of type"):
            metric(loss=odd)


@pytest.mark.parametrize("odd", ["a text alone", 3])
def test_what_is_shown_is_a_list(odd):
    show(text=["a"], images=())
    with pytest.raises(TypeError, match=r"show\(text=...\) takes a list"):
        show(text=odd)
