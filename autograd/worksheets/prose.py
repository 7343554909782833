r"""Which parts of a line of text are formulas: `so dL/dw = -2(y - p) x holds` has one.

A line is cut into clauses at sentence marks. A clause with an equals sign that has no two words
side by side is a formula as a whole; of any other clause, the stretches between its words are.
Formulas between dollars are marked out before, each a stretch of the character `MATH`.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from autograd.formulas.statements import CONNECTIVES
from autograd.formulas.tokens import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["MATH", "continues_formula", "formulas_in_line", "words_defined"]

MATH: Final = "\ufffc"

Kind = Literal["word", "connective", "symbol", "number", "equal", "sign", "math", "stop"]


class _Token(NamedTuple):
    kind: Kind
    start: int
    end: int


_TOKEN: Final = re.compile(
    rf"(?P<math>{MATH}+)"
    r"|(?P<abbreviation>\b(?:e\.g|i\.e|w\.r\.t|cf|etc|resp|no|eq|fig)\.)"
    r"|(?P<command>\\[A-Za-z]+)"
    r"|(?P<name>[^\W\d_]['’′\w\u0300-\u036f\u20d7]*(?:[_^](?:\{[^{}]*\}|\([^()]*\)|\w+))*)"
    r"|(?P<number>\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?|\.\d+)"
    r"|(?P<equal_of_a_kind>[!<>+*/-]=|==)"
    r"|(?P<stop>=>|⇒|[.:;?!,](?=\s|$)|[;?!|])"
    r"|(?P<equal>:=|[=≈≃≅≡]|->|<-|→|←)"
    r"|(?P<sign>\S)"
)
_MARKER: Final = re.compile(
    r"\s*(?:>\s*)*(?:(?:[-*+•]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+)?(?:\[[ xX]\]\s+)?"
)
_BOLD: Final = re.compile(r"(?<![\w)\]}*])\*\*(?=\S)|(?<=\S)\*\*(?![\w(*])")
_DIFFERENTIAL: Final = re.compile(r"[d∂][^\W_]+")
_GREEK: Final = frozenset(
    ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu",
     "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega")
)  # fmt: skip
_SPOKEN: Final = re.compile(r"[A-Za-z](?:hat|bar|tilde)")
_CLITIC: Final = re.compile(r"[A-Za-z]{2,}['’][A-Za-z]{1,2}|[A-Za-z]{2,}s['’]")  # let's, don't
_EDGES: Final = "+*/·×,.:;"


def words_defined(lines: str) -> set[str]:
    r"""Words that are symbols: by their place before an equals sign, in dloss/dw, in a product.

    >>> sorted(words_defined("loss = (y - p)^2\nso this = 3\nd cost / d w\nat rate = 1, rate * g"))
    ['cost', 'loss', 'lr', 'rate']
    """
    found = re.findall(r"(?m)^[ \t>*-]*([A-Za-z]{2,24})\s*:?=(?!=)", lines)
    found += re.findall(r"[d∂]\s?([A-Za-z]{2,24})\s?/\s?[d∂]", lines)
    found += re.findall(r"/\s?[d∂]\s?([A-Za-z]{2,24})\b", lines)
    multiplied = {*re.findall(r"([A-Za-z]{2,24})\s*[*·]", lines),
                  *re.findall(r"[*·]\s*([A-Za-z]{2,24})", lines)}  # fmt: skip
    found += multiplied & {*re.findall(r"([A-Za-z]{2,24})\s*=", lines)}
    return {word for word in found if word.lower() not in CONNECTIVES} | {"lr"}


def formulas_in_line(line: str, known: Collection[str] = ()) -> Iterator[tuple[int, int]]:
    """The stretches of a line that are formulas; `known` are words that are symbols.

    Each has an equals sign, or is a formula that stood between dollars.

    >>> line = "1. With w = 0.5, we get loss = (3 - w)**2 (for now)."
    >>> [line[start:end] for start, end in formulas_in_line(line, {"loss"})]
    ['w = 0.5', 'loss = (3 - w)**2']
    """
    marker = _MARKER.match(line)
    text = line
    for bold in _BOLD.finditer(line):
        text = f"{text[: bold.start()]}  {text[bold.end() :]}"
    tokens = list(_tokens(text, marker.end() if marker else 0, known))
    for clause in _clauses(tokens, text):
        for run in _runs(clause):
            span = _trimmed(text, run)
            if span:
                yield span


def continues_formula(line: str, before: str, known: Collection[str] = ()) -> bool:
    """Whether a line goes on with the formula that the line before ended with.

    >>> continues_formula("     + 0.5 w^2", "L = (y - p)^2"), continues_formula("- w = 1", "b = 0")
    (True, False)
    """
    content = line.strip()
    if not content or content[0] == "=":
        return False
    begins = content[0] in "+-−*/·×" and line[:2].isspace()
    ends = before.rstrip()[-1:] in tuple("+-−*/·×=")
    kinds = {token.kind for token in _tokens(line, 0, known)}
    return (begins or ends) and not kinds & {"word", "connective", "stop", "math"}


def _tokens(text: str, at: int, known: Collection[str]) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text, at):
        kind: Kind = "sign"
        match found.lastgroup:
            case "math" | "number" | "equal" | "stop" as same:
                kind = same
            case "equal_of_a_kind":
                kind = "equal"
            case "command":
                kind = "symbol"
            case "abbreviation":
                kind = "connective"
            case "name":
                kind = _kind_of_name(text, found, known)
        yield _Token(kind, found.start(), found.end())


def _kind_of_name(text: str, name: re.Match[str], known: Collection[str]) -> Kind:
    word = name[0]
    if word in known or word in FUNCTIONS or word.lower() in _GREEK or _SPOKEN.fullmatch(word):
        return "symbol"
    before, after = text[: name.start()].rstrip()[-1:], text[name.end() :].lstrip()[:1]
    if _DIFFERENTIAL.fullmatch(word) and "/" in (before, after):
        return "symbol"
    if word.lower() in CONNECTIVES and len(word) > 1:
        return "connective"
    if _CLITIC.fullmatch(word):
        return "connective"
    if not word.isascii() or not word.isalpha() or len(word) == 1:
        return "symbol"
    if len(word) == 2 and all(letter in known for letter in word):
        return "symbol"
    return "word"


def _clauses(tokens: list[_Token], text: str) -> Iterator[list[_Token]]:
    """The tokens between sentence marks that stand in no bracket."""
    clause: list[_Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "sign":
            char = text[token.start]
            depth = max(0, depth + (char in "([{") - (char in ")]}"))
        if token.kind == "stop" and (depth == 0 or text[token.start] != ","):
            yield clause
            clause, depth = [], 0
        else:  # a comma between brackets is part of the formula
            clause.append(token._replace(kind="sign") if token.kind == "stop" else token)
    yield clause


def _runs(clause: list[_Token]) -> Iterator[list[_Token]]:
    """The stretches of a clause that are formulas."""
    kinds = [token.kind for token in clause]
    pairs = list(pairwise(kinds))
    left = kinds[: kinds.index("equal")] if "equal" in kinds else []
    titled = "word" in left[:-1] and {*left} <= {"word", "symbol"}  # Example x = 1
    in_words = "connective" in kinds or ("word", "word") in pairs or "math" in kinds or titled
    run: list[_Token] = []
    for token in [*clause, _Token("stop", 0, 0)]:
        breaks = token.kind in ("stop", "connective") or (token.kind == "word" and in_words)
        joined = {"equal", "sign"} & {token.kind, run[-1].kind if run else "equal"}
        meets = run and "math" in (token.kind, run[-1].kind) and not joined
        if breaks or meets:
            yield from _whole_formulas(run)
            run = []
        if not breaks:
            run.append(token)


def _whole_formulas(run: list[_Token]) -> Iterator[list[_Token]]:
    """The run where it has an equals sign of its own, else what stood between dollars in it."""
    if any(token.kind == "equal" for token in run):
        yield run
    else:
        yield from ([token] for token in run if token.kind == "math")


def _trimmed(text: str, run: list[_Token]) -> tuple[int, int] | None:
    """The run without signs at its edges that join it to words, and without half brackets."""
    start, end = run[0].start, run[-1].end
    while True:
        content = text[start:end]
        start += len(content) - len(content.lstrip())
        end -= len(content) - len(content.rstrip())
        content = text[start:end]
        if not content:
            return None
        if content[0] in _EDGES + "–—" or _unmatched(content) == 0:
            start += 1
        elif content[-1] in _EDGES + "-–—" or _unmatched(content) == len(content) - 1:
            end -= 1
        else:
            return start, end


def _unmatched(text: str) -> int:
    """The place of the first bracket without its other half, if it stands at an edge; else -1."""
    opened: list[int] = []
    for at, char in enumerate(text):
        if char in "([{":
            opened.append(at)
        elif char in ")]}":
            if not opened:
                return at
            opened.pop()
    return opened[-1] if opened and opened[-1] == len(text) - 1 else opened[0] if opened else -1
