r"""What a page writes for short: `f(x)` for f, `f'(x)` for df/dx, `dw` for dL/dw.

Each holds only where the page itself says so: where it has an equation `f(x) = ...`, or one for
`dw` beside a loss and a symbol `w`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from autograd.formulas.spelling import Spelling, spellings_at, spellings_of
from autograd.formulas.tokens import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Shorthand", "shorthand_of"]

_LOSSES: Final = ("L", "J", "C", "E", r"\mathcal{L}", "loss", "Loss", "cost", "Cost")
_CALL: Final = re.compile(r"(?<![A-Za-z\\}])(\\?[A-Za-z]+|\\hat\s*\{?[a-z]\}?)('*)\s*\(([^()]*)\)")
_DIFFERENTIAL: Final = re.compile(
    r"(?<![A-Za-z/\\_^{∂])(?:d|\\mathrm\s*\{\s*d\s*\}\s*)(?=[A-Za-z\\])(?!\s*/)"
)
_NO_SYMBOL: Final = frozenset(
    ("\\cdot", "\\times", "\\frac", "\\left", "\\right", "\\partial", "\\sum", "\\quad", "\\big")
)


@dataclass(frozen=True, slots=True)
class Shorthand:
    """The functions of a page with their arguments, none for one that has no formula; and the loss.

    `slopes` are the spellings of the symbols X for which dX is the loss's derivative by X.
    """

    functions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    loss: str = ""
    slopes: frozenset[Spelling] = frozenset()

    def written_out(self, text: str) -> tuple[str, str]:
        r"""A formula's text without shorthand, and what forbids it to be read, if so.

        >>> Shorthand({"f": ("x",)}).written_out("3 f'(x) + f(x)")
        ('3 \\frac{d f}{d x} + f', '')
        """
        problem = ""

        def call(found: re.Match[str]) -> str:
            nonlocal problem
            name, primes, inner = found[1], found[2], _arguments(found[3])
            if name not in self.functions:
                return found[0]
            arguments = self.functions[name]
            if not arguments:
                problem = problem or f"${name}$ is a function without a formula on this page"
            elif inner != arguments:
                problem = problem or f"${name}$ is defined as ${name}({', '.join(arguments)})$"
            elif primes:
                if len(primes) > 1 or len(arguments) > 1:
                    problem = problem or f"${name}{primes}$ is not read"
                return rf"\frac{{d {name}}}{{d {arguments[0]}}}"
            return name

        if self.functions:
            text = _CALL.sub(call, text)
            names = (name for name, arguments in self.functions.items() if not arguments)
            for name in names if not problem else ():
                if re.search(rf"(?<![A-Za-z\\]){re.escape(name)}\s*\(", text):
                    problem = f"${name}$ is a function without a formula on this page"
        return self._slopes_written_out(text), problem

    def _slopes_written_out(self, text: str) -> str:
        at = 0
        while self.slopes and (sign := _DIFFERENTIAL.search(text, at)):
            at = sign.end()
            for spelling, end in spellings_at(text, at):
                if spelling in self.slopes and not text[end:].lstrip().startswith("/"):
                    slope = rf"\frac{{\partial {self.loss}}}{{\partial {text[at:end]}}}"
                    text = text[: sign.start()] + slope + text[end:]
                    at = sign.start() + len(slope)
                    break
        return text


def shorthand_of(equations: Sequence[Sequence[str]]) -> Shorthand:
    """The shorthand of a page with these equations, each a sequence of sides."""
    heads = [equation[0] for equation in equations if len(equation) > 1]
    loss = next((name for name in _LOSSES if name in heads), "")
    slopes = _slopes(equations) if loss else frozenset()
    return Shorthand(_functions(equations, heads), loss, slopes)


def _functions(
    equations: Sequence[Sequence[str]], heads: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Names applied to symbols that have an equation or, without one, never stand alone."""
    defined: dict[str, tuple[str, ...]] = {}
    for head in heads:
        call = _CALL.fullmatch(head)
        if call and not call[2] and _is_name(call[1]) and _are_symbols(call[3]):
            defined.setdefault(call[1], _arguments(call[3]))
    text = " ; ".join(side for equation in equations for side in equation)
    calls = [call for call in _CALL.finditer(text) if len(call[1]) == 1]
    applied = {call[1] for call in calls if _are_symbols(call[3])}
    applied |= set(re.findall(r"(?<![A-Za-z\\_^{])([A-Za-z]{2,24})\s*\(", text))
    for name in applied - defined.keys():
        alone = re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z]|'*\s*\()", text)
        if _is_name(name) and not alone:
            defined[name] = ()
    return defined


def _is_name(name: str) -> bool:
    return name.lstrip("\\") not in FUNCTIONS and name not in _NO_SYMBOL and name != "d"


def _are_symbols(inner: str) -> bool:
    parts = inner.split(",")
    return all(any(not s.sup.isdigit() for s in spellings_of(part)) for part in parts)


def _arguments(inner: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in inner.split(","))


def _slopes(equations: Sequence[Sequence[str]]) -> frozenset[Spelling]:
    """The X of every equation `dX = ...` that gives no mere number."""
    found: set[Spelling] = set()
    for head, *others in equations:
        sign = _DIFFERENTIAL.match(head)
        if sign and any(re.search(r"[A-Za-z]", other) for other in others):
            found.update(spellings_of(head[sign.end() :]))
    return frozenset(_used((side for equation in equations for side in equation), found))


def _used(sides: Iterable[str], wanted: set[Spelling]) -> set[Spelling]:
    """Those of the wanted symbols that occur somewhere, not behind a d."""
    found: set[Spelling] = set()
    for side in sides:
        for start in re.finditer(r"(?<![A-Za-z\\])[A-Za-z\\]", side):
            found |= {spelling for spelling, _ in spellings_at(side, start.start())} & wanted
    return found
