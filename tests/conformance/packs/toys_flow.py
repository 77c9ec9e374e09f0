"""Toys that steer the run: lazy inputs, raw links, blockers, graphs that take a node's place."""

import asyncio

from comfy_execution.graph import ExecutionBlocker
from comfy_execution.graph_utils import GraphBuilder
from toybox import Toy, called, mapping

LAZY = ("*", {"lazy": True})


class Either(Toy):
    """One of two inputs; the other one is not computed."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"which": ("BOOLEAN",)}, "optional": {"yes": LAZY, "no": LAZY}}

    def check_lazy_status(self, which, yes=None, no=None):
        called("Either.check_lazy_status", which=which, yes=yes, no=no)
        return ["yes"] if which else ["no"]

    def run(self, which, yes=None, no=None):
        called("Either", which=which, yes=yes, no=no)
        return (yes if which else no,)


class EitherAsync(Either):
    async def check_lazy_status(self, which, yes=None, no=None):
        await asyncio.sleep(0)
        return ["yes"] if which else ["no"]


class EitherList(Either):
    """The same with whole lists."""

    INPUT_IS_LIST = True

    def run(self, which, yes=(), no=()):
        called("EitherList", which=which, yes=list(yes), no=list(no))
        return (yes if which[0] else no,)

    def check_lazy_status(self, which, yes=(), no=()):
        called("EitherList.check_lazy_status", which=which, yes=list(yes), no=list(no))
        return ["yes"] if which[0] else ["no"]


class Unasked(Toy):
    """Lazy inputs, and nobody to ask for them."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": LAZY}}

    def run(self, value):
        called("Unasked", value=value)
        return (value,)


class Ask(Toy):
    """Asks for what it is told, in the form it is told."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"names": ("STRING",), "form": ("STRING",)},
            "optional": {"a": LAZY, "b": LAZY, "c": ("*",)},
        }

    def check_lazy_status(self, names, form, **inputs):
        called("Ask.check_lazy_status", **inputs)
        return {"list": names.split(), "tuple": tuple(names.split()), "nothing": None}[form]

    def run(self, names, form, **inputs):
        called("Ask", **inputs)
        return (inputs,)


class Patient(Ask):
    """Asks for one more only when the last has come."""

    def check_lazy_status(self, names, form, **inputs):
        called("Patient.check_lazy_status", **inputs)
        return [name for name in names.split() if inputs[name] is None][:1]


class Raw(Toy):
    """Gets the link, not what it leads to."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*", {"rawLink": True})}}

    def run(self, value):
        called("Raw", value=value)
        return ([*value],)


class RawLazy(Raw):
    """Gets the link, and nothing behind it is computed."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*", {"rawLink": True, "lazy": True})}}


class Gate(Toy):
    """Lets a value through, or blocks what is behind."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"value": ("*",), "open": ("BOOLEAN",)},
            "optional": {"message": ("STRING",)},
        }

    def run(self, value, open, message=None):
        called("Gate", value=value, open=open)
        return (value if open else ExecutionBlocker(message),)


class Sieve(Toy):
    """0, 1, … one by one, with a blocker for one of them."""

    RETURN_TYPES = ("INT", "INT")
    OUTPUT_IS_LIST = (True, False)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"upto": ("INT",), "bad": ("INT",)}}

    def run(self, upto, bad):
        called("Sieve", upto=upto, bad=bad)
        return ([ExecutionBlocker(None) if i == bad else i for i in range(upto)], upto)


class Become(Toy):
    """Becomes the graph that it is given."""

    RETURN_TYPES = ("*", "*")

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"graph": ("GRAPH",)},
            "optional": {"result": ("RESULT",), "value": ("*",), "show": ("STRING",)},
        }

    def run(self, graph, **inputs):
        called("Become")
        found = {"expand": graph}
        if "result" in inputs:
            found["result"] = tuple(inputs["result"])
        if "show" in inputs:
            found["ui"] = {"shown": [inputs["show"]]}
        return found


class AddUp(Toy):
    """`times` additions, one behind the other; with none, the number itself."""

    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"start": ("INT",), "times": ("INT",)}}

    def run(self, start, times):
        called("AddUp", start=start, times=times)
        if not times:
            return (start,)
        graph = GraphBuilder()
        last = start
        for _ in range(times):
            last = graph.node("Add", a=last, b=1).out(0)
        return {"expand": graph.finalize(), "result": (last,)}


class Loop(Toy):
    """Adds 1 until there is nothing left to do, by becoming one step and a smaller loop."""

    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"total": ("INT",), "left": ("INT",)}}

    def run(self, total, left):
        called("Loop", left=left)
        if not left:
            return (total,)
        graph = GraphBuilder()
        step = graph.node("Add", "step", a=total, b=1)
        rest = graph.node("Loop", "rest", total=step.out(0), left=left - 1)
        return {"expand": graph.finalize(), "result": (rest.out(0),)}


class Builders(Toy):
    """Everything that a GraphBuilder can do."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT",)}}

    def run(self, value):
        first, second = GraphBuilder(), GraphBuilder()
        add = first.node("Add", a=value, b=1)
        again = first.node("Add", id="1", a=5, b=5)
        named = second.node("Add", id="sum", a=add.out(0), b=1)
        dropped = second.node("Number", value=3)
        named.set_input("b", 2)
        named.set_input("c", 3)
        named.set_input("c", None)
        found = {
            "ids": [add.id, named.id, dropped.id],
            "same": again is add and first.lookup_node("1") is add,
            "inputs": [named.get_input("b"), named.get_input("c")],
        }
        last = second.node("Add", id="last", a=named.out(0), b=0)
        second.replace_node_output("sum", 0, add.out(0))
        second.remove_node("sum")
        second.remove_node("1")
        called("Builders", **found)
        return {"expand": {**first.finalize(), **second.finalize()}, "result": (last.out(0),)}


class Begin(Toy):
    """Where the body of a loop begins: passes its value on."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    def run(self, value):
        return (value,)


class Again(Toy):
    """Where the body of a loop ends: copies all between `begin` and itself, `times` in all."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"begin": ("*", {"rawLink": True}), "value": ("*",), "times": ("INT",)},
            "hidden": {"id": "UNIQUE_ID", "graph": "DYNPROMPT"},
        }

    def run(self, begin, value, times, id, graph):
        called("Again", value=value, times=times)
        if times == 1:
            return (value,)
        body = {name: graph.get_node(name) for name in _between(begin[0], id, graph)}
        builder = GraphBuilder()
        for name, node in body.items():
            builder.node(node["class_type"], id=name)
        for name, node in body.items():
            copy = builder.lookup_node(name)
            for key, given in node["inputs"].items():
                if isinstance(given, list) and given[0] in body:
                    given = builder.lookup_node(given[0]).out(given[1])
                copy.set_input(key, given)
        builder.lookup_node(begin[0]).set_input("value", value)
        last = builder.lookup_node(id)
        last.set_input("times", times - 1)
        return {"expand": builder.finalize(), "result": (last.out(0),)}


def _between(begin, end, graph):
    """The nodes on the ways from one node to another, both included."""
    if begin == end:
        return [end]
    found = []
    for given in graph.get_node(end)["inputs"].values():
        if isinstance(given, list):
            found += _between(begin, given[0], graph)
    return [*dict.fromkeys(found), end] if found else []


class Same(Toy):
    """Becomes a node of the same id in every call."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT",)}}

    def run(self, value):
        node = {"class_type": "Number", "inputs": {"value": value}}
        return {"expand": {"same": node}, "result": (["same", 0],)}


class Masked(Toy):
    """Becomes a node that fails, which is to be reported under another id."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"mask": ("STRING",)}}

    def run(self, mask):
        graph = GraphBuilder()
        node = graph.node("Fail", message="behind a mask")
        node.set_override_display_id(mask)
        return {"expand": graph.finalize(), "result": (node.out(0),)}


NODE_CLASS_MAPPINGS = {
    **mapping(Either, EitherAsync, EitherList, Unasked, Ask, Patient, Raw, RawLazy),
    **mapping(Gate, Sieve, Become, AddUp, Loop, Builders, Begin, Again, Same, Masked),
}
