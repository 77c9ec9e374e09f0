"""Toys about single calls: lists, returns, hidden inputs, state, the outside, failure, progress."""

import asyncio

import comfy.model_management
import comfy.utils
from comfy_execution.graph import ExecutionBlocker
from comfy_execution.utils import get_executing_context
from toybox import WORLD, Toy, called, mapping


class Count(Toy):
    """Spreads 0, 1, … over the calls of whoever is linked."""

    RETURN_TYPES = ("INT",)
    OUTPUT_IS_LIST = (True,)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"upto": ("INT",)}}

    def run(self, upto):
        called("Count", upto=upto)
        return (list(range(upto)),)


class Spread(Toy):
    """The elements of a list, one by one."""

    RETURN_TYPES = ("*",)
    OUTPUT_IS_LIST = (True,)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"values": ("LIST",)}}

    def run(self, values):
        return (values,)


class Split(Toy):
    """Words, one by one, and how many there are."""

    RETURN_TYPES = ("STRING", "INT")
    OUTPUT_IS_LIST = (True, False)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}}

    def run(self, text):
        called("Split", text=text)
        return (text.split(), len(text.split()))


class Collect(Toy):
    """Takes whole lists."""

    RETURN_TYPES = ("*",)
    INPUT_IS_LIST = True

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"values": ("*",)},
            "optional": {"more": ("INT", {"default": 0})},
            "hidden": {"id": "UNIQUE_ID"},
        }

    def run(self, **inputs):
        called("Collect", **inputs)
        return (inputs["values"],)


class CollectPacked(Collect):
    """INPUT_IS_LIST as some packs write it."""

    INPUT_IS_LIST = (True,)


class Basket(Toy):
    """One output whose value is a list."""

    RETURN_TYPES = ("LIST",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"first": ("INT",)}}

    def run(self, first):
        called("Basket", first=first)
        return ([first],)


class Append(Toy):
    """Changes its input in place."""

    RETURN_TYPES = ("LIST",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"basket": ("LIST",), "item": ("INT",)}}

    def run(self, basket, item):
        called("Append", basket=basket, item=item)
        basket.append(item)
        return (basket,)


class Sink(Toy):
    """An output without outputs, whose function returns nothing."""

    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    def run(self, value):
        called("Sink", value=value)


RETURNS = {
    "tuple": (1, 2),
    "list": [1, 2],
    "result": {"result": (1, 2)},
    "ui only": {"ui": {"seen": ["x"]}},
    "ui and result": {"ui": {"seen": ["x", "y"]}, "result": (1, 2)},
    "ui text": {"ui": {"seen": "abc"}, "result": (1, 2)},
    "nothing": None,
    "text": "ab",
    "number": 5,
    "short": (1,),
    "surplus": (1, 2, 3),
    "blocker": ExecutionBlocker(None),
    "nothing in it": (None, 2),
}


class Return(Toy):
    """Two outputs, returned in many ways."""

    RETURN_TYPES = ("INT", "INT")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"how": ("STRING",)}}

    def run(self, how):
        called("Return", how=how)
        return RETURNS[how]


class Bare(Toy):
    """Forgets the tuple around its one output."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}}

    def run(self, text):
        called("Bare", text=text)
        return text


class ShowKeys(Toy):
    """Shows something under each of the keys it is told; no output node, no outputs."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"keys": ("STRING",)}}

    def run(self, keys):
        called("ShowKeys", keys=keys)
        return {"ui": {key: [key, keys] for key in keys}, "result": (keys,)}


class ShowAnyway(ShowKeys):
    HAS_INTERMEDIATE_OUTPUT = True


class Hidden(Toy):
    """Gives what the engine fills in."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "optional": {"value": ("*",)},
            "hidden": {
                "id": "UNIQUE_ID",
                "prompt": "PROMPT",
                "info": "EXTRA_PNGINFO",
                "token": "AUTH_TOKEN_COMFY_ORG",
                "key": "API_KEY_COMFY_ORG",
                "usage": "COMFY_USAGE_SOURCE",
            },
        }

    def run(self, id, **inputs):
        called("Hidden", id=id, **inputs)
        return (id,)


class Odd(Toy):
    """Hidden inputs of tokens that nobody knows."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"hidden": {"odd": "SOMETHING_ELSE", "even": "ANOTHER_THING"}}

    def run(self, **inputs):
        called("Odd", **inputs)
        return (inputs,)


class Scheduler(Toy):
    """Would like to see the scheduler."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"hidden": {"schedule": "EXECUTION_LIST"}}

    def run(self, **inputs):
        called("Scheduler", **inputs)
        return (inputs,)


class Graph(Toy):
    """Asks the graph about a node."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"about": ("STRING",)},
            "optional": {"after": ("*",)},
            "hidden": {"graph": "DYNPROMPT"},
        }

    def run(self, about, graph, after=None):
        known = graph.has_node(about)
        found = {
            "known": known,
            "all": sorted(graph.all_node_ids()),
            "original": sorted(graph.get_original_prompt()),
        }
        if known:
            found["class"] = graph.get_node(about)["class_type"]
            found["parent"] = graph.get_parent_node_id(about)
            found["real"] = graph.get_real_node_id(about)
            found["display"] = graph.get_display_node_id(about)
        return (found,)


class Counter(Toy):
    """Counts its calls in the object; always runs."""

    RETURN_TYPES = ("INT",)

    def __init__(self):
        self.calls = 0

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    @classmethod
    def IS_CHANGED(cls):
        return float("nan")

    def run(self):
        called("Counter")
        self.calls += 1
        return (self.calls,)


class CountCalls(Toy):
    """Counts its calls in the object."""

    RETURN_TYPES = ("INT",)

    def __init__(self):
        self.calls = 0

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    def run(self, value):
        self.calls += 1
        return (self.calls,)


class Fresh(Toy):
    """Two of the same are not the same."""

    RETURN_TYPES = ("INT",)
    NOT_IDEMPOTENT = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT",)}}

    def run(self, value):
        called("Fresh", value=value)
        return (value,)


class Named(Toy):
    """Knows its id."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}, "hidden": {"id": "UNIQUE_ID"}}

    def run(self, text, id):
        called("Named", text=text, id=id)
        return (f"{text} {id}",)


class Watch(Toy):
    """Reads the outside, and says whether it changed."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"name": ("STRING",)},
            "optional": {"after": ("*",)},
            "hidden": {"id": "UNIQUE_ID", "prompt": "PROMPT", "info": "EXTRA_PNGINFO"},
        }

    @classmethod
    def IS_CHANGED(cls, name, **inputs):
        called("Watch.IS_CHANGED", name=name, **inputs)
        token = WORLD.get("token", 0)
        return float("nan") if token == "NaN" else token

    def run(self, name, **inputs):
        called("Watch", name=name)
        return (WORLD.get(name),)


class WatchAsync(Watch):
    @classmethod
    async def IS_CHANGED(cls, name, **inputs):
        await asyncio.sleep(0)
        return WORLD.get("token", 0)


class WatchBadly(Watch):
    """IS_CHANGED lacks a parameter, so that calling it fails."""

    @classmethod
    def IS_CHANGED(cls):
        return 0


class Thing:
    """A value that is no plain value."""


class Make(Toy):
    """Makes an object."""

    RETURN_TYPES = ("THING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"name": ("STRING",)}}

    def run(self, name):
        called("Make", name=name)
        return (Thing(),)


class Later(Toy):
    """A coroutine that lets others go first."""

    RETURN_TYPES = ("*",)
    FUNCTION = "later"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    async def later(self, value):
        called("Later.start", value=value)
        await asyncio.sleep(0)
        called("Later.end", value=value)
        return (value,)


class Meet(Toy):
    """A coroutine that waits until as many others, or a `Bell`, have come."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",), "guests": ("INT",)}}

    async def run(self, value, guests):
        WORLD["guests"] = WORLD.get("guests", 0) + 1
        for _ in range(2000):
            if WORLD["guests"] >= guests:
                return (value,)
            await asyncio.sleep(0.005)
        raise TimeoutError("nobody came")


class Bell(Toy):
    """A plain function that a `Meet` may wait for."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    def run(self, value):
        WORLD["guests"] = WORLD.get("guests", 0) + 1
        return (value,)


class Fail(Toy):
    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"message": ("STRING",)}, "optional": {"value": ("*",)}}

    def run(self, message, value=None):
        called("Fail", message=message, value=value)
        raise ValueError(message)


class FailLater(Fail):
    async def run(self, message, value=None):
        await asyncio.sleep(0)
        raise ValueError(message)


class FailAt(Toy):
    """Fails for one value."""

    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT",), "bad": ("INT",)}}

    def run(self, value, bad):
        called("FailAt", value=value)
        if value == bad:
            raise ValueError(f"{value} is bad")
        return (value,)


class Halt(Toy):
    """Asks for the end, then does one of several things."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",), "how": ("STRING",)}}

    def run(self, value, how):
        called("Halt", value=value)
        if how == "raises":
            raise comfy.model_management.InterruptProcessingException
        comfy.model_management.interrupt_current_processing()
        try:
            if how == "reports":
                comfy.utils.ProgressBar(2).update(1)
            if how == "asks":
                comfy.model_management.throw_exception_if_processing_interrupted()
        except Exception:
            called("Halt.swallowed")
        return (value,)


class Borrow(Toy):
    """Uses something of ComfyUI that only a server has."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {}

    def run(self):
        from comfy_execution.caching import LRUCache

        return (LRUCache(),)


class Steps(Toy):
    """Reports its progress."""

    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"total": ("INT",), "by": ("INT",)}}

    def run(self, total, by):
        bar = comfy.utils.ProgressBar(total)
        for _ in range(0, total, by):
            bar.update(by)
        return (total,)


class StepsTo(Steps):
    """Says where it is, with another total than at first."""

    def run(self, total, by):
        comfy.utils.ProgressBar(1).update_absolute(by, total)
        return (total,)


class Where(Toy):
    """Which node is running, and which of its calls."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    def run(self, value):
        here = get_executing_context()
        return ([here.node_id, here.list_index],)


NODE_CLASS_MAPPINGS = {
    **mapping(Count, Spread, Split, Collect, CollectPacked, Basket, Append, Sink, Return, Bare),
    **mapping(
        ShowKeys, ShowAnyway, Hidden, Odd, Scheduler, Graph, Counter, CountCalls, Fresh, Named
    ),
    **mapping(Named, Watch, WatchAsync, WatchBadly, Make, Later, Meet, Bell),
    **mapping(Fail, FailLater, FailAt, Halt, Borrow, Steps, StepsTo, Where),
}
