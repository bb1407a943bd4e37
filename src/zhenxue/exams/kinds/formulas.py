"""Formulas of parameterised questions: plain arithmetic over named numbers, nothing else. Pure.

``a*b/2``, ``sqrt(a**2 + b**2)``, ``2*pi*r``; ``^`` means power, as people write it. Angles are in degrees.
"""

import ast
import math
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from simpleeval import SimpleEval  # type: ignore[import-untyped]  # the package brings no types

LONGEST = 200
BIGGEST = 1e15


class FormulaError(ValueError):
    """What is wrong with a formula, in words for its author."""


def _power(base: float, exponent: float) -> float:
    """In floating point, so that no number grows without bound."""
    return math.pow(base, exponent)


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: lambda a, b: float(a) + float(b),
    ast.Sub: lambda a, b: float(a) - float(b),
    ast.Mult: lambda a, b: float(a) * float(b),
    ast.Div: lambda a, b: float(a) / float(b),
    ast.Mod: lambda a, b: math.fmod(a, b),
    ast.Pow: _power,
    ast.USub: lambda a: -float(a),
    ast.UAdd: lambda a: float(a),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": math.sqrt,
    "abs": abs,
    "min": min,
    "max": max,
    "round": lambda value, places=0: round(value, int(places)),
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "ln": math.log,
    "log": math.log10,
    "sin": lambda angle: math.sin(math.radians(angle)),
    "cos": lambda angle: math.cos(math.radians(angle)),
    "tan": lambda angle: math.tan(math.radians(angle)),
}
_CONSTANTS = {"pi": math.pi}
_NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load, *_OPERATORS)


def _tree(formula: str) -> tuple[str, ast.Expression]:
    if len(formula) > LONGEST:
        raise FormulaError(f"公式不能超过 {LONGEST} 个字符。")
    text = unicodedata.normalize("NFKC", formula).replace("^", "**").replace("×", "*").replace("÷", "/").strip()
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError("公式写法不对，请用 + - * / ^ 和括号，如 a*b/2。") from error
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise FormulaError("公式里只能有数字、参数、+ - * / ^ 、括号和常用函数（sqrt、sin、round 等）。")
        if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, int | float)):
            raise FormulaError("公式里不能有文字。")
        if isinstance(node, ast.Call) and (
            not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS or node.keywords
        ):
            raise FormulaError(f"公式里的函数不认识；可以用：{'、'.join(_FUNCTIONS)}。")
    return text, tree


def names_in(formula: str) -> set[str]:
    """The parameters that a formula uses. Raises ``FormulaError``."""
    _, tree = _tree(formula)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names - set(_FUNCTIONS) - set(_CONSTANTS)


def evaluate(formula: str, values: Mapping[str, str]) -> Decimal:
    """The number that a formula comes to, in fifteen digits. Raises ``FormulaError``."""
    text, _ = _tree(formula)
    names = {**_CONSTANTS, **{name: float(value) for name, value in values.items()}}
    try:
        value = float(SimpleEval(operators=_OPERATORS, functions=_FUNCTIONS, names=names).eval(text))
    except ZeroDivisionError as error:
        raise FormulaError("有的参数取值会让公式除以零，请调整取值范围。") from error
    except Exception as error:  # whatever the arithmetic raises means the same to the author
        raise FormulaError("公式算不出结果，请检查写法和参数的取值范围。") from error
    if not math.isfinite(value) or abs(value) > BIGGEST:
        raise FormulaError("公式算出的数太大，请调整参数的取值范围。")
    return Decimal(f"{value:.15g}")
