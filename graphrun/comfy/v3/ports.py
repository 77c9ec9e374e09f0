"""Inputs, outputs and the types that they belong to: `Custom("T").Input("id")` is an input of T."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, ClassVar


def without_nones(given: Mapping[str, Any]) -> dict[str, Any]:
    """The entries whose value is given at all."""
    return {key: value for key, value in given.items() if value is not None}


class classproperty:
    """A property that is read from the class itself, as `Node.RETURN_TYPES` is."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read
        self.__doc__ = read.__doc__

    def __get__(self, instance: Any, owner: type) -> Any:
        return self.read(owner)


class Port:
    """What inputs and outputs share: arguments that are declared, not programmed.

    `ORDER` names the arguments of a class in the order in which they may be given without their
    name. What is not given is read from the class, so attributes of the class are the defaults.
    """

    ORDER: ClassVar[str] = ""
    Parent: ClassVar[Any] = None
    id: Any = None
    display_name: str | None = None
    tooltip: str | None = None

    def __init__(self, *args: Any, **given: Any) -> None:
        names = self.ORDER.split()
        what = f"{getattr(self.Parent, '__name__', 'io')}.{type(self).__name__}"
        if len(args) > len(names):
            raise TypeError(f"{what} takes {len(names)} arguments, not {len(args)}: {self.ORDER}")
        for name, value in zip(names, args, strict=False):
            if name in given:
                raise TypeError(f"{what}: {name} is given twice")
            given[name] = value
        for name, value in given.items():
            if name not in names:
                raise TypeError(f"{what} has no argument {name}; it takes {', '.join(names)}")
            setattr(self, name, value)

    @property
    def io_type(self) -> str:
        """The socket type of the class that the input or output belongs to."""
        return str(self.Parent.io_type)

    @property
    def Type(self) -> Any:
        """The Python type of values, as far as it is known."""
        return self.Parent.Type

    def get_io_type(self) -> str:
        """The type as definitions have it."""
        return self.io_type

    def validate(self) -> None:
        """Raise ValueError if it makes no sense."""


class Input(Port):
    """An input that only a link can feed, unless a subclass says otherwise.

    `SAYS` maps attributes to the names of options in a definition. Options that are None are left
    out, since None means "not given" everywhere. What `extra_dict` says replaces options that all
    inputs have, and gives way to those of one type.
    """

    ORDER = "id display_name optional tooltip lazy extra_dict raw_link advanced"
    SAYS: ClassVar[Mapping[str, str]] = {
        "display_name": "display_name",
        "optional": "optional",
        "tooltip": "tooltip",
        "lazy": "lazy",
        "raw_link": "rawLink",
        "advanced": "advanced",
    }
    id: str
    optional: bool = False
    lazy: bool | None = None
    extra_dict: Any = None
    raw_link: bool | None = None
    advanced: bool | None = None

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        if not isinstance(getattr(self, "id", None), str):
            raise TypeError(f"{type(self).__qualname__} needs an id, its name among the inputs")
        self.extra_dict = {} if self.extra_dict is None else self.extra_dict

    def as_dict(self) -> dict[str, Any]:
        """The options in a definition; `optional` among them, which names the section."""
        said: dict[str, Any] = {}
        for base in reversed(type(self).__mro__):
            words = vars(base).get("SAYS", {})
            said |= without_nones({o: plain(getattr(self, name)) for name, o in words.items()})
            if base is Input:
                said |= without_nones(self.extra_dict)
        return said

    def get_all(self) -> list[Input]:
        """The input, and those that it brings."""
        return [self]


class WidgetInput(Input):
    """An input whose value may be typed in."""

    ORDER = (
        "id display_name optional tooltip lazy default socketless widget_type force_input "
        "extra_dict raw_link advanced"
    )
    SAYS: ClassVar[Mapping[str, str]] = {
        "default": "default",
        "socketless": "socketless",
        "widget_type": "widgetType",
        "force_input": "forceInput",
    }
    default: Any = None
    socketless: bool | None = None
    widget_type: str | None = None
    force_input: bool | None = None

    def get_io_type(self) -> str:
        """The widget's type comes first: a union has the widget of one of its members."""
        return self.widget_type if self.widget_type is not None else super().get_io_type()


class Output(Port):
    """An output. Without an id it gets one when the schema is finalised."""

    ORDER = "id display_name tooltip is_output_list"
    id: str | None = None
    is_output_list: bool = False

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.display_name = self.display_name or self.id

    def as_dict(self) -> dict[str, Any]:
        """What a definition says of it."""
        return without_nones(
            {
                "display_name": self.display_name or self.id,
                "tooltip": self.tooltip,
                "is_output_list": self.is_output_list,
            }
        )

    @property
    def name(self) -> str:
        """What the editor writes beside it."""
        return self.display_name or self.io_type


class ComfyType:
    """A type of values: its word in workflows, and how inputs and outputs of it are declared."""

    Type: Any = Any
    io_type: Any = None


class ComfyTypeI(ComfyType):
    """A type that only has inputs."""

    Input: Any = Input


class ComfyTypeIO(ComfyTypeI):
    """A type that has inputs and outputs."""

    Output: Any = Output


def comfytype(io_type: str, **kwargs: Any) -> Callable[[Any], Any]:
    """A decorator that gives a class its word in workflows.

    The classes `Input` and `Output` inside of it learn what they belong to; inherited ones are
    derived from first, so that the type they come from keeps its own.
    """

    def bind(cls: Any) -> Any:
        if not issubclass(cls, ComfyType):
            made = type(cls.__name__, (cls, ComfyTypeIO), {"__doc__": cls.__doc__})
            made.__module__, made.__qualname__ = cls.__module__, cls.__qualname__
            for name in ("Input", "Output"):
                if name in vars(cls):
                    setattr(made, name, vars(cls)[name])
            cls = made
        cls.io_type = io_type
        for name in ("Input", "Output"):
            part: Any = getattr(cls, name, None)
            if part is None:
                continue
            if name not in vars(cls):
                part = type(name, (part,), {"__doc__": part.__doc__, "__module__": cls.__module__})
                part.__qualname__ = f"{cls.__qualname__}.{name}"
                setattr(cls, name, part)
            part.Parent = cls
        return cls

    return bind


def Custom(io_type: str) -> Any:
    """A type of one's own: any word is good, the same word is the same type."""
    return named_type("CustomComfyType", io_type)


def named_type(name: str, io_type: str, value: Any = Any) -> Any:
    """A type with inputs and outputs that need a link."""
    return comfytype(io_type)(type(name, (ComfyTypeIO,), {"Type": value, "__doc__": io_type}))


def plain(value: Any) -> Any:
    """An option as JSON has it: the value of an enumeration, the entries of an object of ours."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    return value.value if isinstance(value, Enum) else value
