"""What a pickle holds, without calling anything it says to call."""

from __future__ import annotations

import pickletools
from types import SimpleNamespace
from typing import Any

_KNOWN = {"numpy ndarray", "numpy dtype", "_codecs encode"}
_KNOWN |= {f"numpy.{core}.multiarray _reconstruct" for core in ("core", "_core")}
_CONSTANTS = ("INT", "STRING", "UNICODE", "BYTES", "LONG", "FLOAT")
_PLAIN = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TAKES = {"GLOBAL": 0, "STACK_GLOBAL": 2, "REDUCE": 2, "BUILD": 1, "APPEND": 1, "SETITEM": 2}
_TAKES |= {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARKED = ("TUPLE", "LIST", "DICT", "APPENDS", "SETITEMS")


def unpickled(raw: bytes) -> Any:
    """Numbers, texts, bytes, lists, tuples and dicts; arrays as objects with their `state`.

    Raises:
        ValueError: the pickle calls or does something else.
        TypeError, LookupError, AttributeError: it makes no sense.
    """
    stack, memo, marks = list[Any](), dict[int, Any](), list[int]()
    value: Any
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
        elif op in _TAKES or op in _MARKED:
            at = marks.pop() if op in _MARKED else len(stack) - _TAKES[op]
            items, stack[at:] = stack[at:], []
            _combine(op, value or " ".join(items[: 2 * (op == "STACK_GLOBAL")]), items, stack)
        elif op in _PLAIN or any(part in op for part in _CONSTANTS):
            stack.append(_PLAIN.get(op, value))
        elif op not in ("PROTO", "FRAME", "STOP"):
            raise ValueError(f"it uses {op}, which no data set needs")
    return stack.pop()


def _combine(op: str, named: str, items: list[Any], stack: list[Any]) -> None:
    match op:
        case "GLOBAL" | "STACK_GLOBAL":
            if named not in _KNOWN:
                raise ValueError(f"it calls {named.replace(' ', '.')}, which no data set needs")
            stack.append(named)
        case "REDUCE":
            encoded = items[0] == "_codecs encode"
            made = items[1][0].encode("latin-1") if encoded else SimpleNamespace(args=items[1])
            stack.append(made)
        case "BUILD":
            stack[-1].state = items[0]
        case "APPEND" | "APPENDS":
            stack[-1].extend(items)
        case "SETITEM" | "SETITEMS":
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        case "DICT":
            stack.append(dict(zip(items[::2], items[1::2], strict=True)))
        case _:
            stack.append(items if op == "LIST" else tuple(items))
