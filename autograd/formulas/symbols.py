r"""Which symbols a page uses, found before anything on it is known.

Two questions have no answer in the formula at hand, so the whole page is asked. Is the 2 of
`W_{11}^2` an upper index or a square? It is an index where the page differentiates by `W_{11}^2`,
or has a `W_{11}^1` too. Is `wx` a word or a product? A product where `w` and `x` are symbols.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from autograd.formulas.reading import FormulaError, Reader
from autograd.formulas.spelling import Spelling, spellings_at, spellings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["page_reader", "stem"]

_START: Final = re.compile(r"\\[A-Za-z]+|[^\W\d_]")
_SIGNS: Final = frozenset(
    ("frac", "dfrac", "tfrac", "cdot", "times", "left", "right", "partial", "sum", "prod", "text",
     "log", "ln", "exp", "sin", "cos", "tan", "tanh", "sqrt", "max", "min", "sigma", "mathrm",
     "operatorname", "quad", "qquad", "int", "lim")
)  # fmt: skip
_DIFFERENTIATED: Final = re.compile(r"(?:\\partial(?![A-Za-z])|∂|(?<![^\W\d_\\])d)\s*")
_SECOND_ORDER: Final = re.compile(r"(?:\\partial|∂|(?<![^\W\d_\\])d)\s*(?:\^|²)")
_SUM: Final = re.compile(
    r"(?:\\sum(?![A-Za-z])|∑)(?:\s|\\limits)*_\s*\{?\s*([A-Za-z])\s*(?:=\s*(\d{1,4}))?\s*\}?"
    r"(?:\s*\^\s*\{?\s*(\d{1,4})\s*\}?)?"
)
_LETTER: Final = re.compile(r"\\[A-Za-z]+|[A-Za-z]")
_MOST_COUNTED: Final = 200
_NEW: Final = frozenset(("new", "next", "updated"))
_OLD: Final = frozenset(("old", "current"))


def page_reader(equations: Sequence[Sequence[str]], aliases: Mapping[str, str]) -> Reader:
    r"""A reader that knows every symbol in the sides of these equations.

    Parameters marked as they are before an update, `w_{old}`, are aliases of the parameters.

    >>> page_reader([["p", "wx"], [r"\frac{\partial p}{\partial w}", "x"]], {}).labels.names
    ('p', 'w', 'x')
    """
    sides = [side for equation in equations for side in equation if side]
    defined = [equation[0] for equation in equations if len(equation) > 1]
    known = dict.fromkeys([*aliases.values(), *_upper_indexed(sides, defined)])
    known |= dict.fromkeys(_plain_symbols(defined))
    reader = Reader(known, aliases=aliases, new_symbols=True)
    spelled = {spelling for label in known for spelling in spellings_of(label)}
    for label in dict.fromkeys(label for side in sides for label in _new_symbols(reader, side)):
        spellings = spellings_of(label)
        if not spelled & set(spellings):  # y_hat and \hat{y} are one
            known[spellings[-1].label if spellings else label] = None
            spelled.update(spellings)
    wholes = set(_plain_symbols(defined))
    singles = {label for label in known if len(label) == 1}
    labels = [
        label
        for label in known
        if label in wholes or not _is_product(label, singles, known) or label in aliases.values()
    ]
    others = {**_before_update(labels), **aliases}
    labels += [label for label in dict.fromkeys(others.values()) if label not in labels]
    said = {spelling for alias in others for spelling in spellings_of(alias)}
    return Reader(
        (s for s in labels if s in others.values() or not said & set(spellings_of(s))),
        aliases=others,
    )


def stem(label: str) -> tuple[str, str]:
    r"""A label without the mark of an update, and which mark it had: "new", "old" or "".

    >>> stem("W_{11,new}^2"), stem("b_{t+1}"), stem("w'"), stem("x_{i1}")
    (('W_{11}^2', 'new'), ('b', 'new'), ('w', 'new'), ('x_{i1}', ''))
    """
    for spelling in spellings_of(label)[:1]:
        below, _, last_below = spelling.sub.rpartition(",")
        above, _, last_above = spelling.sup.rpartition(",")
        if _mark(last_below):
            return Spelling(spelling.base, below, spelling.sup).label, _mark(last_below)
        if _mark(last_above):
            return Spelling(spelling.base, spelling.sub, above).label, _mark(last_above)
    return label, ""


def _mark(script: str) -> str:
    word = script.lower().strip("()")
    if word in _NEW or script in ("'", "+") or re.fullmatch(r"[a-z]\+1", word):
        return "new"
    return "old" if word in _OLD else ""


def _upper_indexed(sides: list[str], defined: list[str]) -> Iterator[str]:
    """The symbols whose raised digits are an index, by the evidence of the whole page."""
    raised = [spelling for side in sides for spelling in _raised(side)]
    bases = {spelling.base for spelling in raised if spelling.sup == "1"}
    for side in sides:
        if not _SECOND_ORDER.search(side):
            for sign in _DIFFERENTIATED.finditer(side):
                bases |= {found.base for found, _ in _raised_at(side, sign.end())}
    for side in defined:
        for spelling in _raised(side):
            if len(spelling.sub) > 1 and spelling in spellings_of(side):
                bases.add(spelling.base)
    return (spelling.label for spelling in raised if spelling.base in bases)


def _raised(text: str) -> Iterator[Spelling]:
    """Every symbol in the text that has raised digits."""
    end = 0
    for start in _START.finditer(text):
        if start.start() >= end and start[0][1:] not in _SIGNS:
            for spelling, after in _raised_at(text, start.start()):
                yield spelling
                end = after


def _raised_at(text: str, at: int) -> Iterator[tuple[Spelling, int]]:
    for spelling, end in spellings_at(text, at):
        if spelling.sup.isdigit():
            yield spelling, end
            return


def _plain_symbols(defined: list[str]) -> Iterator[str]:
    """What stands alone left of an equals sign is a symbol, even `e` or a word."""
    for side in defined:
        for spelling in spellings_of(side)[-1:]:
            if not spelling.sup.isdigit():
                yield spelling.label


def _new_symbols(reader: Reader, side: str) -> Iterator[str]:
    """The symbols in a side; those with the index of a sum once for each number it counts."""
    try:
        symbols = reader.read(side).symbols
    except FormulaError:
        return
    counted = {limits[1]: limits for limits in _SUM.finditer(side)}
    for label in symbols:
        spelling = next(iter(spellings_of(label)), Spelling(label))
        letters = _LETTER.findall(spelling.sub + spelling.sup)
        index = next((letter for letter in letters if letter in counted), "")
        if not index:
            yield label
        elif counted[index][2] and counted[index][3]:
            first, last = int(counted[index][2]), int(counted[index][3])
            for number in range(first, min(last, first + _MOST_COUNTED) + 1):
                sub = _put(spelling.sub, index, number)
                yield Spelling(spelling.base, sub, _put(spelling.sup, index, number)).label


def _put(script: str, index: str, number: int) -> str:
    return _LETTER.sub(lambda letter: str(number) if letter[0] == index else letter[0], script)


def _is_product(label: str, singles: set[str], known: Iterable[str]) -> bool:
    """Whether a word is made of symbols the page has by themselves: `wx`, or `xW_{11}`."""
    word = re.match(r"[^\W\d_]+", label)
    if not word or len(word[0]) < 2:
        return False
    rest = word[0][-1] + label[word.end() :]
    return all(letter in singles for letter in word[0][:-1]) and rest in known


def _before_update(labels: Iterable[str]) -> dict[str, str]:
    r"""`w_{old}` is w; so is `w_t` where there is a `w_{t+1}`."""
    found: dict[str, str] = {}
    stems = {label: stem(label) for label in labels}
    for label, (bare, mark) in stems.items():
        if mark == "old":
            found[label] = bare
        elif mark == "new":
            for step in re.finditer(r"([a-z])\+1", label):
                found[label.replace(step[0], step[1]).replace(f"{{{step[1]}}}", step[1])] = bare
    return found
