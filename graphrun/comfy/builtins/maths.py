"""Formulas over numbers, read as syntax and worked out step by step. No code is run."""

from __future__ import annotations

import ast
import math
import operator
import string
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from graphrun.catalog.node import Nodes
from graphrun.comfy.builtins._types import Long, growing
from graphrun.errors import InputError

NODES = Nodes(category="utilities")

LARGEST_EXPONENT = 4000
LARGEST_SHIFT = 100_000
"""Bits of whole numbers: a formula is not to keep the machine busy for hours."""

Values = Annotated[
    dict[str, Any],
    *growing("value", "FLOAT,INT,BOOLEAN", names=tuple(string.ascii_lowercase), least=1),
]


class _Refused(Exception):
    """A part of a formula that is not offered, or has no value; the message says which."""


@NODES.node("ComfyMathExpression", title="Math Expression", outputs=("FLOAT", "INT", "BOOL"))
def math_expression(expression: Long = "a + b", *, values: Values) -> tuple[float, int, bool]:
    """The value of a formula as a number, as a whole number cut off, and as true or false.

    The inputs are called a, b, … and `values` is the list of them. Python's operators and
    comparisons, `x if c else y`, and the functions sum, min, max, abs, round, pow, sqrt, ceil,
    floor, log, log2, log10, sin, cos, tan, int and float are known.

    Raises:
        InputError: the formula cannot be read, or has no finite number as its value.
    """
    text = expression.strip()
    try:
        tree = ast.parse(text, mode="eval")
        result = _value(tree.body, {**values, "values": list(values.values())})
        number = float(result)
    except SyntaxError as error:
        problem = f"{error.msg} at character {error.offset}" if text else "it is empty"
    except (RecursionError, MemoryError):
        problem = "it is nested too deep"
    except (_Refused, ArithmeticError, TypeError, ValueError, IndexError) as error:
        problem = str(error)
    else:
        if math.isfinite(number):
            return number, int(result), bool(result)
        problem = f"its value is {number}"
    raise InputError(f"the formula {text!r:.200} has no value: {problem}", input="expression")


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            return number
        case ast.Name(id=name):
            if name not in names:
                known = ", ".join(name for name in names if name != "values")
                raise _Refused(f"there is no input {name!r}; linked are: {known or 'none'}")
            return names[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, names), _value(right, names))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand, names))
        case ast.BoolOp(op=op, values=parts):
            return _joined(isinstance(op, ast.And), parts, names)
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(_value(left, names), ops, others, names)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(part, names) for part in parts]
        case ast.Subscript(value=value, slice=index):
            return _value(value, names)[_value(index, names)]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*[_value(part, names) for part in parts])
    raise _Refused(f"{ast.unparse(node):.60} is not offered")


def _joined(all_of: bool, parts: Iterable[ast.expr], names: Mapping[str, Any]) -> Any:
    """`and` and `or` of Python: the first value that decides, else the last."""
    found: Any = all_of
    for part in parts:
        found = _value(part, names)
        if bool(found) is not all_of:
            return found
    return found


def _compared(
    left: Any, ops: Iterable[ast.cmpop], others: Iterable[ast.expr], names: Mapping[str, Any]
) -> bool:
    for op, other in zip(ops, others, strict=True):
        if type(op) not in _COMPARISONS:
            raise _Refused(f"{type(op).__name__} is not offered")
        right = _value(other, names)
        if not _COMPARISONS[type(op)](left, right):
            return False
        left = right
    return True


def _power(base: Any, exponent: Any) -> Any:
    if abs(exponent) > LARGEST_EXPONENT:
        raise _Refused(f"the exponent {exponent} is larger than {LARGEST_EXPONENT}")
    if isinstance(base, int) and base.bit_length() * abs(exponent) > LARGEST_SHIFT:
        raise _Refused(f"{base:.6g} ** {exponent} is too large")
    return base**exponent


def _shifted(shift: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def checked(number: Any, bits: Any) -> Any:
        if bits > LARGEST_SHIFT:
            raise _Refused(f"a shift by {bits} is larger than {LARGEST_SHIFT}")
        return shift(number, bits)

    return checked


def _times(left: Any, right: Any) -> Any:
    if isinstance(left, list) or isinstance(right, list):
        raise _Refused("a list cannot be multiplied")
    return left * right


def _total(*numbers: Any) -> Any:
    """`sum(values)` as well as `sum(a, b)`."""
    return sum(numbers[0] if len(numbers) == 1 and isinstance(numbers[0], list) else numbers)


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.LShift: _shifted(operator.lshift),
    ast.RShift: _shifted(operator.rshift),
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _total,
    "min": min,
    "max": max,
    "abs": abs,
    "round": round,
    "pow": _power,
    "sqrt": math.sqrt,
    "ceil": math.ceil,
    "floor": math.floor,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "int": int,
    "float": float,
}
