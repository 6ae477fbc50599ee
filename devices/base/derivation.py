"""Arithmetic that a record gives for its value: plain numbers and operators, of bounded size, in floats."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

from .errors import RecordError, shown

_LONGEST, _MOST_OPERATIONS, _DEEPEST = 1000, 100, 40  # characters, operators, brackets
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def evaluate_derivation(expression: str) -> float:
    """The value of an arithmetic expression.

    Parameters
    ----------
    expression : str
        Numbers, ``+ - * / **`` and parentheses, nothing else; at most 1000 characters and 100 operators.

    Returns
    -------
    float
        A finite number, computed in floats: what would need huge integers is not finite.

    Raises
    ------
    RecordError
        It is no such expression, too long, or has no finite value.

    Examples
    --------
    >>> evaluate_derivation("(1 + 2) * 3e-12")
    9e-12
    """
    if not isinstance(expression, str):
        raise RecordError(f"derivation = {shown(expression)} must be a text")
    _check_size(expression)
    try:
        result = float(_value(ast.parse(expression.strip(), mode="eval").body, expression))
    except (SyntaxError, ArithmeticError, TypeError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"derivation = {shown(expression)} has no value: {error}") from error
    if not math.isfinite(result):
        raise RecordError(f"derivation = {shown(expression)} is not finite")
    return result


def _check_size(expression: str) -> None:
    """RecordError before the parser sees what could exhaust it."""
    operations, depth = sum(expression.count(sign) for sign in "+-*/"), 0
    for character in expression:
        depth += (character == "(") - (character == ")")
        if depth > _DEEPEST:
            break
    if len(expression) > _LONGEST or operations > _MOST_OPERATIONS or depth > _DEEPEST:
        raise RecordError(
            f"derivation = {shown(expression)} is too long: at most {_LONGEST} characters, {_MOST_OPERATIONS} operators "
            f"and {_DEEPEST} brackets within each other are allowed"
        )


def _value(node: ast.AST, expression: str) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_value(node.left, expression), _value(node.right, expression))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        size = _value(node.operand, expression)
        return -size if isinstance(node.op, ast.USub) else size
    raise RecordError(f"derivation = {shown(expression)} is not plain arithmetic")
