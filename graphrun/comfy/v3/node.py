"""ComfyNode: the base of nodes of the third API, and how the first one sees them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from graphrun.comfy.v3.hidden import HiddenHolder
from graphrun.comfy.v3.output import NodeOutput, normal
from graphrun.comfy.v3.ports import classproperty
from graphrun.comfy.v3.schema import NodeInfoV1, Schema
from graphrun.errors import InputError


class Locked(type):
    """The class of throw-away copies of node classes, whose attributes cannot be set."""

    def __setattr__(cls, name: str, value: Any) -> None:
        # The machinery of abstract classes and generics keeps notes under such names.
        if name.startswith(("_abc_", "__")):
            super().__setattr__(name, value)
            return
        raise AttributeError(
            f"{cls.__name__}.{name} cannot be set: every call gets a copy of the class, so nothing "
            "that is kept there would be found again"
        )


def _of_schema(read: Callable[[NodeInfoV1], Any]) -> Any:
    """A class property that is read off the finished schema."""
    return classproperty(lambda cls: read(cls.GET_SCHEMA().get_v1_info(cls)))


class ComfyNode:
    """A node. `define_schema` and `execute` have to be there; nothing is kept between calls."""

    RELATIVE_PYTHON_MODULE: Any = None
    SCHEMA: Any = None
    hidden: Any = None

    @classmethod
    def define_schema(cls) -> Schema:
        """What the node looks like."""
        raise _undefined(cls, "define_schema")

    @classmethod
    def execute(cls, **kwargs: Any) -> Any:
        """What the node does, given its inputs."""
        raise _undefined(cls, "execute")

    @classmethod
    def validate_inputs(cls, **kwargs: Any) -> bool | str:
        """True, or what is wrong with the values that the signature names."""
        raise _undefined(cls, "validate_inputs")

    @classmethod
    def fingerprint_inputs(cls, **kwargs: Any) -> Any:
        """A value that differs from the last one if the result would."""
        raise _undefined(cls, "fingerprint_inputs")

    @classmethod
    def check_lazy_status(cls, **kwargs: Any) -> list[str]:
        """The names of lazy inputs to compute: all that are not there yet."""
        return [name for name, value in kwargs.items() if value is None]

    @classmethod
    def VALIDATE_CLASS(cls) -> None:
        """Raise TypeError unless the class has what every node needs."""
        for name in ("define_schema", "execute"):
            if not overrides(cls, name):
                raise _undefined(cls, name)

    @classmethod
    def FINALIZE_SCHEMA(cls) -> Schema:
        """A schema made anew, with what its kind of node has besides."""
        schema = cls.define_schema()
        if not isinstance(schema, Schema):
            name = type(schema).__name__
            raise TypeError(f"{cls.__name__}.define_schema returned {name}, not io.Schema")
        schema.finalize()
        return schema

    @classmethod
    def GET_SCHEMA(cls) -> Schema:
        """A schema made anew and checked."""
        cls.VALIDATE_CLASS()
        schema = cls.FINALIZE_SCHEMA()
        schema.validate()
        if not isinstance(cls, Locked):
            cls.SCHEMA = schema
        return schema

    @classmethod
    def GET_BASE_CLASS(cls) -> type[ComfyNode]:
        """The class whose methods count as not defined."""
        return ComfyNode

    @classmethod
    def GET_NODE_INFO_V1(cls) -> dict[str, Any]:
        """The definition as `/object_info` has it."""
        return asdict(cls.GET_SCHEMA().get_v1_info(cls))

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """Inputs in sections; the schema is made anew every time, since choices may change."""
        return dict(cls.FINALIZE_SCHEMA().get_v1_info(cls).input)

    @classmethod
    def PREPARE_CLASS_CLONE(cls, v3_data: Any = None) -> Any:
        """A locked copy of the class, with the hidden values of a call."""
        given = (v3_data or {}).get("hidden_inputs")
        return clone(cls, HiddenHolder.from_dict(given))

    @classmethod
    def EXECUTE_NORMALIZED(cls, *args: Any, **kwargs: Any) -> NodeOutput:
        """`execute`, with whatever it returns as a NodeOutput."""
        return expandable(cls, normal(cls.execute(*args, **kwargs)))

    @classmethod
    async def EXECUTE_NORMALIZED_ASYNC(cls, *args: Any, **kwargs: Any) -> NodeOutput:
        """The same for an `execute` that is a coroutine."""
        found: Any = cls.execute(*args, **kwargs)
        return expandable(cls, normal(await found))

    FUNCTION = classproperty(
        lambda cls: (
            "EXECUTE_NORMALIZED_ASYNC"
            if inspect.iscoroutinefunction(cls.execute)
            else "EXECUTE_NORMALIZED"
        )
    )
    RETURN_TYPES = _of_schema(lambda info: info.output)
    RETURN_NAMES = _of_schema(lambda info: info.output_name)
    OUTPUT_IS_LIST = _of_schema(lambda info: info.output_is_list)
    OUTPUT_TOOLTIPS = _of_schema(lambda info: info.output_tooltips)
    INPUT_IS_LIST = _of_schema(lambda info: info.is_input_list)
    OUTPUT_NODE = _of_schema(lambda info: info.output_node)
    HAS_INTERMEDIATE_OUTPUT = _of_schema(lambda info: info.has_intermediate_output)
    CATEGORY = _of_schema(lambda info: info.category)
    DESCRIPTION = _of_schema(lambda info: info.description)
    DEPRECATED = _of_schema(lambda info: info.deprecated)
    EXPERIMENTAL = _of_schema(lambda info: info.experimental)
    DEV_ONLY = _of_schema(lambda info: info.dev_only)
    API_NODE = _of_schema(lambda info: info.api_node)
    SEARCH_ALIASES = _of_schema(lambda info: info.search_aliases)
    ESSENTIALS_CATEGORY = _of_schema(lambda info: info.essentials_category)
    NOT_IDEMPOTENT = classproperty(lambda cls: cls.GET_SCHEMA().not_idempotent)
    ACCEPT_ALL_INPUTS = classproperty(lambda cls: cls.GET_SCHEMA().accept_all_inputs)


def _undefined(cls: Any, name: str) -> TypeError:
    """For a function that a class leaves out, where somebody asks for it all the same."""
    return TypeError(f"{cls.__name__} has no {name}")


def overrides(cls: Any, name: str) -> bool:
    """Whether a class defines a method itself, below the base that has it for all."""
    base = cls.GET_BASE_CLASS()
    return any(name in vars(c) for c in cls.__mro__ if c is not base and c not in base.__mro__)


def clone(cls: Any, hidden: HiddenHolder) -> Any:
    """A copy of a class that is called instead of it, and cannot be written to."""
    words = {"hidden": hidden, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    locked = type("Locked", (Locked, type(cls)), {}) if type(cls) is not type else Locked
    return locked(cls.__name__, (cls,), words)


def expandable(cls: Any, output: NodeOutput) -> NodeOutput:
    """The output, if the node may return a graph or has returned none.

    Raises:
        InputError: it has, and its schema does not say that it may.
    """
    if output.expand is not None:
        schema = cls.SCHEMA or cls.GET_SCHEMA()
        if not schema.enable_expand:
            raise InputError(
                "it returned a graph under `expand`, which its schema does not allow",
                code="invalid_return",
                hint="set enable_expand=True in its io.Schema",
            )
    return output
