"""Toys that make, join and check values: what validation is about."""

import asyncio

from toybox import WORLD, Toy, called, mapping


class Word(Toy):
    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": "word"})}}

    def run(self, text):
        called("Word", text=text)
        return (text,)


class Number(Toy):
    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    def run(self, value):
        called("Number", value=value)
        return (value,)


class Add(Toy):
    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("INT",), "b": ("INT",)}}

    def run(self, a, b):
        called("Add", a=a, b=b)
        return (a + b,)


class Join(Toy):
    """Takes its inputs by keyword only; `by` is optional."""

    RETURN_TYPES = ("STRING",)
    FUNCTION = "join_texts"

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"a": ("STRING",), "b": ("STRING",)},
            "optional": {"by": ("STRING", {"default": "-"})},
        }

    def join_texts(self, *, a, b, **more):
        called("Join", a=a, b=b, **more)
        return (more.get("by", "").join((a, b)),)


class Show(Toy):
    """Shows a value of any type and passes it on."""

    RETURN_TYPES = ("*",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("*",)}}

    def run(self, value):
        called("Show", value=value)
        return {"ui": {"shown": [value]}, "result": (value,)}


class Socket(Toy):
    """A number that the editor offers no widget for."""

    RETURN_TYPES = ("FLOAT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("FLOAT", {"forceInput": True, "max": 9.0})}}

    def run(self, value):
        called("Socket", value=value)
        return (value,)


class Pair(Toy):
    """Both inputs are optional, and whatever else is linked is taken, too."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"optional": {"a": ("STRING", {"default": "x"}), "b": ("STRING",)}}

    def run(self, **inputs):
        called("Pair", **inputs)
        return (" ".join(f"{k}={v}" for k, v in sorted(inputs.items())),)


class Alone(Toy):
    """INPUT_TYPES has no section at all."""

    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {}

    def run(self):
        called("Alone")
        return (1,)


class Almost(Toy):
    """OUTPUT_NODE is 1, which is not True."""

    RETURN_TYPES = ("INT",)
    OUTPUT_NODE = 1

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT",)}}

    def run(self, value):
        called("Almost", value=value)
        return (value,)


class Settings(Toy):
    """One widget of every type. Gives what it got, with the Python types."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "optional": {
                "whole": ("INT", {"default": 1, "min": 0, "max": 10, "step": 5}),
                "real": ("FLOAT", {"default": 0.5, "min": 0.0, "max": 1.0, "round": 0.25}),
                "text": ("STRING", {"default": ""}),
                "flag": ("BOOLEAN", {"default": False}),
                "either": ("INT,FLOAT",),
                "thing": ("THING",),
            }
        }

    def run(self, **inputs):
        called("Settings", **inputs)
        return (", ".join(f"{k} {type(v).__name__} {v}" for k, v in inputs.items()),)


class Pick(Toy):
    """Choices in every form that a spec can have."""

    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "optional": {
                "old": (["red", "green"], {"default": "red"}),
                "new": ("COMBO", {"options": ["red", "green", 3, 1]}),
                "several": ("COMBO", {"options": ["red", "green"], "multiselect": True}),
                "nothing": ("COMBO", {}),
                "remote": ("COMBO", {"remote": {"route": "/colours"}}),
                "surplus": ("STRING", {}, "a third item"),
            }
        }

    def run(self, **inputs):
        called("Pick", **inputs)
        return (" ".join(f"{k}={v}" for k, v in sorted(inputs.items())),)


class _Guard(Toy):
    RETURN_TYPES = ("INT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"value": ("INT", {"min": 0, "max": 10})},
            "optional": {"other": ("INT", {"min": 0, "max": 10})},
            "hidden": {"id": "UNIQUE_ID", "prompt": "PROMPT", "graph": "DYNPROMPT"},
        }

    def run(self, value, other=0, **hidden):
        called(type(self).__name__, value=value, other=other)
        return (value,)


class GuardValue(_Guard):
    """Checks `value` itself: only even numbers."""

    @classmethod
    def VALIDATE_INPUTS(cls, value):
        called("GuardValue.VALIDATE_INPUTS", value=value)
        if value is None or value % 2 == 0:
            return True
        return f"{value} is odd"


class GuardFalse(_Guard):
    @classmethod
    def VALIDATE_INPUTS(cls, value):
        return False


class GuardOne(_Guard):
    """Gives 1, which is not True."""

    @classmethod
    def VALIDATE_INPUTS(cls, value):
        return 1


class GuardAll(_Guard):
    """Checks every input at once."""

    @classmethod
    def VALIDATE_INPUTS(cls, **inputs):
        called("GuardAll.VALIDATE_INPUTS", **inputs)
        return WORLD.get("verdict", True)


class GuardHidden(_Guard):
    @classmethod
    def VALIDATE_INPUTS(cls, id, prompt, graph):
        called("GuardHidden.VALIDATE_INPUTS", id=id, prompt=prompt, graph=graph)
        return True


class GuardNothing(_Guard):
    """Names no input, so that its verdict has nobody to go to."""

    @classmethod
    def VALIDATE_INPUTS(cls):
        called("GuardNothing.VALIDATE_INPUTS")
        return "never heard"


class GuardAsync(_Guard):
    @classmethod
    async def VALIDATE_INPUTS(cls, value):
        await asyncio.sleep(0)
        return True if value == 1 else "only 1 will do"


class GuardLists(_Guard):
    """Checks whole lists."""

    INPUT_IS_LIST = True

    @classmethod
    def VALIDATE_INPUTS(cls, value, id):
        called("GuardLists.VALIDATE_INPUTS", value=value, id=id)
        return True


class GuardStatic(_Guard):
    @staticmethod
    def VALIDATE_INPUTS(value):
        return "no" if value == 3 else True


class GuardKeyword(_Guard):
    """Takes its input by keyword only, which does not count as naming it."""

    @classmethod
    def VALIDATE_INPUTS(*_, value):
        called("GuardKeyword.VALIDATE_INPUTS", value=value)
        return False


class GuardRaises(_Guard):
    @classmethod
    def VALIDATE_INPUTS(cls, value):
        raise RuntimeError("the guard fell asleep")


class GuardTypes(_Guard):
    """Looks at the types of what is linked."""

    @classmethod
    def VALIDATE_INPUTS(cls, input_types):
        called("GuardTypes.VALIDATE_INPUTS", input_types=dict(input_types))
        return True if input_types.get("value") != "BAD" else "BAD is no type"


class AnyType(str):
    """A type name that is not unequal to any other."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __ne__(self, other):
        return False


TYPES = {
    "INT": "INT",
    "FLOAT": "FLOAT",
    "STRING": "STRING",
    "BOOL": "BOOL",
    "BOOLEAN": "BOOLEAN",
    "BAD": "BAD",
    "int": "int",
    "INT,FLOAT": "INT,FLOAT",
    "FLOAT , STRING": "FLOAT , STRING",
    "STRING,*": "STRING,*",
    "*": "*",
    "any": AnyType("ANY"),
    "nothing": "",
    "[a, b]": ["a", "b"],
    "[b, a]": ["b", "a"],
    "COMBO": "COMBO",
    "match": "COMFY_MATCHTYPE_V3",
}
"""Types by the names that they have in `Give …` and `Take …`."""


def _giver(type_):
    class Give(Toy):
        """Gives whatever it is told, under one type."""

        RETURN_TYPES = (type_,)

        @classmethod
        def INPUT_TYPES(cls):
            return {"optional": {"value": ("ANYTHING",)}}

        def run(self, value="given"):
            return (value,)

    return Give


def _taker(type_):
    class Take(Toy):
        """Takes one type and shows what came."""

        RETURN_TYPES = ("*",)
        OUTPUT_NODE = True

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"value": (type_,)}}

        def run(self, value):
            called("Take", value=value)
            return {"ui": {"shown": [value]}, "result": (value,)}

    return Take


NODE_CLASS_MAPPINGS = {
    **mapping(Word, Number, Add, Join, Show, Socket, Pair, Alone, Almost, Settings, Pick),
    **mapping(GuardValue, GuardFalse, GuardOne, GuardAll, GuardHidden, GuardNothing),
    **mapping(GuardAsync, GuardLists, GuardStatic, GuardKeyword, GuardRaises, GuardTypes),
    **{f"Give {name}": _giver(type_) for name, type_ in TYPES.items()},
    **{f"Take {name}": _taker(type_) for name, type_ in TYPES.items()},
}
