"""MathML to LaTeX, as far as exam papers go: fractions, powers, roots, rows, tables of none. Pure."""

from xml.etree.ElementTree import Element

from zhenxue.exams.formats.safety import MAX_DEPTH

_SIGNS = {
    "×": r"\times ", "÷": r"\div ", "·": r"\cdot ", "±": r"\pm ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ",
    "≈": r"\approx ", "π": r"\pi ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "θ": r"\theta ",
    "λ": r"\lambda ", "μ": r"\mu ", "ρ": r"\rho ", "σ": r"\sigma ", "φ": r"\varphi ", "ω": r"\omega ",
    "Δ": r"\Delta ", "Ω": r"\Omega ", "Σ": r"\Sigma ", "∑": r"\sum ", "∫": r"\int ", "∞": r"\infty ",
    "→": r"\to ", "∈": r"\in ", "°": r"^{\circ}", "√": r"\surd ", "%": r"\%", "−": "-", "\u2061": "", "\u2062": "",
}  # fmt: skip
_TWO = {"mfrac": r"\frac{%s}{%s}", "msup": "{%s}^{%s}", "msub": "{%s}_{%s}", "mroot": r"\sqrt[%s]{%s}"}
_TWO |= {"mover": r"\overset{%s}{%s}", "munder": r"\underset{%s}{%s}"}


def latex(element: Element) -> str | None:
    """The formula in LaTeX, or ``None`` for what these few elements do not tell."""
    try:
        return _row(element, 0).strip()
    except _Unknown:
        return None


class _Unknown(Exception):
    pass


def _row(element: Element, depth: int) -> str:
    return "".join(_one(child, depth + 1) for child in element)


def _one(element: Element, depth: int) -> str:
    name = str(element.tag).rsplit("}", 1)[-1]  # a comment has a function here
    if depth > MAX_DEPTH:
        raise _Unknown
    if name in {"mi", "mn", "mo", "mtext", "ms"}:
        text = (element.text or "").strip()
        if name == "mtext":
            return r"\text{" + text.replace("\\", "").replace("{", "").replace("}", "") + "}"
        if any(mark in text for mark in "\\{}$"):
            raise _Unknown
        return "".join(_SIGNS.get(mark, mark) for mark in text)
    if name in {"math", "mrow", "mstyle", "mpadded", "semantics"}:
        children = list(element)[:1] if name == "semantics" else list(element)
        return "".join(_one(child, depth + 1) for child in children)
    if name == "mspace":
        return " "
    if name == "msqrt":
        return r"\sqrt{" + _row(element, depth) + "}"
    if name == "mfenced":
        marks = element.get("open", "("), element.get("close", ")")
        return marks[0] + ",".join(_one(child, depth + 1) for child in element) + marks[1]
    if name == "msubsup" and len(element) == 3:
        parts = [_one(child, depth + 1) for child in element]
        return "{{{}}}_{{{}}}^{{{}}}".format(*parts)
    if name in _TWO and len(element) == 2:
        first, second = (_one(child, depth + 1) for child in element)
        if name in {"mroot", "mover", "munder"}:
            first, second = second, first
        return _TWO[name] % (first, second)
    raise _Unknown
