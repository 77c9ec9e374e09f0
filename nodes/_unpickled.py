"""What a pickle holds, without calling anything it says to call."""

from __future__ import annotations

import pickletools
from types import SimpleNamespace
from typing import Any

_KNOWN = {"numpy ndarray", "numpy dtype", "_codecs encode"}
_KNOWN |= {f"numpy.{core}.multiarray _reconstruct" for core in ("core", "_core")}
_CONSTANTS = ("INT", "STRING", "UNICODE", "BYTE", "LONG", "FLOAT")
_PLAIN = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TAKES = {"GLOBAL": 0, "STACK_GLOBAL": 2, "REDUCE": 2, "BUILD": 1, "APPEND": 1, "SETITEM": 2}
_TAKES |= {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_TAKES |= dict.fromkeys(("TUPLE", "LIST", "DICT", "APPENDS", "SETITEMS"), -1)


def unpickled(raw: bytes) -> Any:
    """Numbers, texts, bytes, lists, tuples and dicts.

    An array or dtype is an object with `args`, what it is made from, and `state`, what it is
    filled with.

    Raises:
        ValueError: the pickle wants something else to be imported or done.
        TypeError, LookupError, AttributeError: it makes no sense.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    marks: list[int] = []
    for opcode, value, _ in pickletools.genops(raw):
        op = opcode.name
        if op == "MARK":
            marks.append(len(stack))
        elif op == "MEMOIZE" or op.endswith("PUT"):
            memo[len(memo) if op == "MEMOIZE" else int(value)] = stack[-1]
        elif op.endswith("GET"):
            stack.append(memo[int(value)])
        elif op in ("EMPTY_LIST", "EMPTY_DICT"):
            stack.append([] if op == "EMPTY_LIST" else {})
        elif op in _TAKES:
            at = marks.pop() if _TAKES[op] < 0 else len(stack) - _TAKES[op]
            items, stack[at:] = stack[at:], []
            _combine(op, value, items, stack)
        elif op in _PLAIN or any(part in op for part in _CONSTANTS):
            stack.append(_PLAIN.get(op, value))
        elif op not in ("PROTO", "FRAME", "STOP"):
            raise ValueError(f"it uses {op}, which no data set needs")
    return stack.pop()


def _combine(op: str, value: Any, items: list[Any], stack: list[Any]) -> None:
    """Follow a step that has taken items from the stack, and gives one or changes the top one."""
    match op:
        case "GLOBAL" | "STACK_GLOBAL":
            named = value or " ".join(items)
            if named not in _KNOWN:
                raise ValueError(f"it calls {named.replace(' ', '.')}, which no data set needs")
            stack.append(named)
        case "REDUCE" if items[0] == "_codecs encode":
            stack.append(items[1][0].encode("latin-1"))
        case "REDUCE":
            stack.append(SimpleNamespace(args=items[1], state=None))
        case "BUILD":
            stack[-1].state = items[0]
        case "APPEND" | "APPENDS":
            stack[-1].extend(items)
        case "SETITEM" | "SETITEMS" | "DICT":
            stack.extend([{}] if op == "DICT" else [])
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        case "LIST":
            stack.append(items)
        case _:
            stack.append(tuple(items))
