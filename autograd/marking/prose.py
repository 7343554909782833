r"""Which parts of a line of text are formulas, and what the words around a formula make of it.

`so dL/dw = -2(y - p) x holds` has one formula. A line is cut into clauses at sentence marks and at
words: what is no function, no symbol of the page, no product of its letters and joined to nothing
by a sign is a word, in whatever language. Formulas between dollars are marked out before, each a
character `MATH`.
"""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from autograd.notation import GREEK, OTHER_NAMES
from autograd.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

MATH: Final = "\ufffc"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONNECTIVES: Final = _words(
    """a after all also an and any are as at be because but by can case cases chain choose compute
    derivative do each else equals every finally find first for from function get gets give given
    gives has have he hence here how i i.e. if in inner into is it its let next no not now of on one
    or otherwise our outer over plug put rounded rule say second set she similarly since so such
    suppose take than that the then there therefore they this thus to use using value was we when
    where which while with without you"""
)
"""Words that stand between formulas; those of other languages are known by their place."""
_CONDITIONS: Final = _words("if when whenever for as at unless once wenn si agar jab")
_CHOICES: Final = _words(
    """let suppose assume assuming where given with consider take set choose define denote sei sea
    soit maana"""
)
_FACTS: Final = _words(
    """then so hence thus therefore we is are was gives give yields get obtain have becomes implies
    follows means us to toh isliye dann donc entonces"""
)
_CUE: Final = re.compile(r"\\[A-Za-z]+|[^\W\d_]+|[,;:]")
_NEAR: Final = 4  # words
LEADING: Final = re.compile(
    rf"(?:,|\b(?:{'|'.join((*_CONDITIONS, *_CHOICES, 'that', 'by'))}))\s*$", re.IGNORECASE
)
"""Words before a blank line that lead to the formula after it."""
_CONDITION: Final = re.compile(
    r"[\s,;(\[$]*(?:(?:only\s+)?(?:if|when(?:ever)?|for|as|at|provided(?:\s+that)?|unless|while|on"
    r"|wenn|si|agar|jab)\s+|(?=otherwise|else))(?P<said>.*)"
    r"|[\s,;(\[$]*(?P<compared>[^\s,;.]*\s*[<>≤≥≠∈].*)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION_END: Final = re.compile(r"(?:[;?!]|[.,:](?=\s|$))(?![^()]*\))")


def condition_after(text: str) -> str:
    """The condition that the words after a formula begin with, if they do.

    >>> condition_after(r"if $z > 0$, and 0 otherwise"), condition_after(", x > 0")
    ('z > 0', 'x > 0')
    """
    found = _CONDITION.match(text)
    said = (found["said"] or found["compared"] or "") if found else ""
    said = " ".join(_CONDITION_END.split(said)[0].replace("$", " ").split())
    return said[:-1] if said.endswith((")", "]")) and "(" not in said else said


def cue_in(before: str) -> str:
    """The word by which what follows is a condition or a choice; empty where it is said as a fact.

    >>> cue_in("so if"), cue_in("if $a = b$, then"), cue_in("Let $x = 1$ and"), cue_in("For a net,")
    ('if', '', 'let', '')
    """
    passed, comma = 0, False
    for word in reversed(_CUE.findall(before.lower())):
        if word in _FACTS:
            return ""
        if passed <= _NEAR and (word in _CHOICES or (word in _CONDITIONS and not comma)):
            return word
        comma = comma or not word[-1].isalpha()
        passed += len(word) > 1 and word[0] != "\\" and word not in ("and", "all", "the")
    return ""


def states(before: str) -> bool:
    """Whether these words say what follows as a fact: so, hence, we get, is."""
    return not _FACTS.isdisjoint(_CUE.findall(before.lower()))


# Units of measurement.

_ATOM: Final = (
    r"(?:(?:[kcmnMG]|µ|μ)?(?:Hz|Pa|eV|[msgNJWVAL])|mol|min|h|hours?|days?|years?|ft|feet|inches|miles?)"
    r"(?:\s*\^?\s*\{?[-−]?\d\}?)?"
)
_UNIT: Final = re.compile(rf"[\s~$]*({_ATOM}(?:\s?[/·]\s?{_ATOM})*)(?![\w'])")
_SCALED: Final = re.compile(
    r"(?<![A-Za-zµμ])(?!kg)(?:(?:[kcmnMG]|µ|μ)(?:Hz|Pa|eV|[msgNJWVAL])|min|h|hours?|days?|years?|ft"
    r"|feet|inches|miles?)(?![A-Za-z])"
)


def unit_after(text: str) -> str:
    """The unit of measurement that a text begins with: of km/s, or m/s^2; empty if none.

    >>> unit_after(" km/s, so"), unit_after("min."), unit_after("in the end")
    ('km/s', 'min', '')
    """
    found = _UNIT.match(text)
    return "".join(found[1].split()) if found else ""


def is_scaled(unit: str) -> bool:
    """Whether numbers in a unit are others than in metres, seconds, kilograms: km, ms, min."""
    return _SCALED.search(unit) is not None


# Words, symbols and signs.

Setting = Literal["display", "line", "inline"]


class _Token(NamedTuple):
    """A word, name, number or sign of a line, a formula ("math"), or what ends a clause."""

    kind: str
    text: str
    start: int
    end: int


_TOKEN: Final = re.compile(
    rf"(?P<math>{MATH})"
    r"|(?P<word>\b(?:e\.g|i\.e|w\.r\.t|cf|etc|resp|no|eq|fig)\."
    r"|[\u0400-\u1cff\u2c00-\u2c5f\u3040-\ud7ff\uf900-\ufaff]+)"
    r"|(?P<symbol>\\[A-Za-z]+)"
    r"|(?P<name>[^\W\d_][\w'’′\u0300-\u036f\u20d7]*(?:[_^](?:\{[^{}]*\}|\([^()]*\)|\w+))*)"
    r"|(?P<number>\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?|\.\d+)"
    r"|(?P<stop>=>|⇒|(?<!\s)\.(?!\.)(?=\s|$|[)\"'])|[:,](?=\s|$)|[;?。]|!(?!=)|(?<=\s)#)"
    r"|(?P<equal>[!<>+*/-]=|==|~=|:=|[=≈≃≅≡]|->|<-|→|←|(?<=\s)~(?=\s))"
    r"|(?P<sign>\S)"
)
_MARKER: Final = re.compile(
    r"\s*(?:>\s*)*(?:(?:[-*+•]|\(?(?:[Qq]\w{0,8}\.?\s?)?(?:\d{1,3}[a-zA-Z]?|[a-zA-Z]|[ivx]{1,5})[.):])"
    r"\s+|[Qq]\d+\)\s*)*(?:\[[ xX]\]\s+)?"
)
_BOLD: Final = re.compile(r"(?<![\w)\]}*])\*\*(?=\S)|(?<=\S)\*\*(?![\w(*])")
_DIFFERENTIAL: Final = re.compile(r"[d∂][^\W_]+")
_SPOKEN: Final = re.compile(r"[A-Za-z](?:hat|bar|tilde)")
_CLITIC: Final = re.compile(r"[A-Za-z]{2,}['’][A-Za-z]{1,2}|[A-Za-z]{2,}s['’]")  # let's, don't
_RESULT: Final = re.compile(rf"\s*=\s*{MATH}")  # after words: the inner derivative = $2x$
_ITEM: Final = re.compile(r"\s*(?:[-−]?\d[\d.]*|\.{3}|…|\\[lc]?dots)\s*(?:[,;]|\.?\s*$|and\b|or\b)")
_LABEL: Final = re.compile(r"\W*(?:(?:[^\s:]+\s+){0,4}[^\s:]+:)?\W*")
_EDGES: Final = " \t+*/·×,.:;–—"
_JOINING: Final = frozenset("+-−–*/·×^=≈")
_MOST_LETTERS: Final = 4  # of a product written without spaces
_NAMES: Final = frozenset((*TABLE, *OTHER_NAMES, *GREEK))


def vocabulary(lines: str, formulas: str = "", others: Iterable[str] = ()) -> frozenset[str]:
    r"""The words that are symbols of a page, and its symbols of one letter.

    Words before an equals sign, in dloss/dw, in a product; letters that stand alone in formulas.

    >>> sorted(vocabulary("loss = 2\nso this = 3\nd cost / d w\nat rate = 1, rate * g", "w x"))
    ['cost', 'loss', 'lr', 'rate', 'w', 'x']
    """
    found = re.findall(rf"(?m)^[ \t>*-]*([A-Za-z]{{2,24}})\s*:?=(?!=|\s*{MATH})", lines)
    found += re.findall(r"[d∂]\s?([A-Za-z]{2,24})\s?/\s?[d∂]", lines)
    found += re.findall(r"/\s?[d∂]\s?([A-Za-z]{2,24})\b", lines)
    multiplied = re.findall(r"([A-Za-z]{2,24})\s*[*·]|[*·]\s*([A-Za-z]{2,24})", lines)
    found += {*chain(*multiplied)} & {*re.findall(r"([A-Za-z]{2,24})\s*=", lines)}
    letters = re.findall(r"(?<![^\W\d_\\])[d∂]?([A-Za-z])(?![^\W\d_])", formulas)
    words = (word for word in found if word.lower() not in CONNECTIVES)
    return frozenset((*words, *letters, *filter(str.isalpha, others), "lr"))


def formulas_in_line(line: str, known: Collection[str] = ()) -> Iterator[tuple[int, int]]:
    """The stretches of a line that are formulas; `known` are words and letters that are symbols.

    Each has an equals sign, or is a formula that stood between dollars.

    >>> line = "1. With w = 0.5, we get loss = (3 - w)**2 (for now)."
    >>> [line[start:end] for start, end in formulas_in_line(line, {"loss"})]
    ['w = 0.5', 'loss = (3 - w)**2']
    """
    marker = _MARKER.match(line)
    text = _BOLD.sub("  ", line)
    if text.strip()[:1] == text.strip()[-1:] == "|":  # a row of a table
        text = text.replace("|", ";")
    tokens = list(_tokens(text, marker.end() if marker else 0, known))
    equals = [token.start for token in tokens if token.kind == "equal"][::-1]
    run: list[_Token] = []
    depth = 0
    for token in [*tokens, _Token("stop", "", 0, 0)]:
        while equals and equals[-1] <= token.start:
            equals.pop()
        is_comma = token.text == "," and token.kind == "stop"
        goes_on = is_comma and (depth > 0 or _ITEM.match(text, token.end))
        ends = not goes_on and token.kind in ("stop", "word")
        if run and (ends or _meet(run[-1], token, text, equals[-1] if equals else 0)):
            yield from _trimmed(text, run)
            run = []
        if ends:
            depth = 0 if token.kind == "stop" else depth
        else:
            depth = max(0, depth + (token.text in "([{") - (token.text in ")]}"))
            run.append(token)


def settings_in_line(line: str, spans: list[tuple[int, int]]) -> Iterator[Setting]:
    """How each formula of a line stands there: alone, at its beginning, or within a sentence."""
    marker = _MARKER.match(line)
    at = marker.end() if marker else 0
    between = [line[a:b] for a, b in pairwise([at, *chain.from_iterable(spans), len(line)])][::2]
    alone = not re.search(r"[^\W_]", "".join(between))
    for place in range(len(spans)):
        leads = place == 0 and _LABEL.fullmatch(between[0])
        yield "display" if alone else "line" if leads else "inline"


def continues_formula(line: str, before: str, known: Collection[str] = ()) -> bool:
    """Whether a line goes on with the formula that the line before ended with.

    >>> continues_formula("     + 0.5 w^2", "L = (y - p)^2"), continues_formula("- w = 1", "b = 0")
    (True, False)
    """
    content = line.strip()
    if not content or content[0] == "=":
        return False
    is_sign = line[0].isspace() or ("=" not in line and content[0] not in "-*")
    begins = content[0] in "+-−*/·×" and is_sign and content[:2] != "**"
    ends = before.rstrip()[-1:] in tuple("+-−*/·×=")
    kinds = {token.kind for token in _tokens(line, 0, known)}
    return (begins or ends) and not kinds & {"word", "stop", "math"}


def _tokens(text: str, at: int, known: Collection[str]) -> Iterator[_Token]:
    """The tokens of a line; whether a name is a word may depend on what stands beside it."""
    found = [_Token(t.lastgroup or "", t[0], *t.span()) for t in _TOKEN.finditer(text, at)]
    for place, token in enumerate(found):
        if token.kind == "name":
            found[place] = token._replace(kind=_kind_of_name(token, text, known))
    for token, before, after in zip(found, [None, *found], [*found[1:], None], strict=False):
        if token.kind == "unsure":
            yield token._replace(kind="symbol" if _is_joined(before, after) else "word")
        else:
            yield token


def _kind_of_name(name: _Token, text: str, known: Collection[str]) -> str:
    word, start, end = name[1:]
    is_product = len(word) <= _MOST_LETTERS and word.lower() not in CONNECTIVES
    if word in known or word in _NAMES or word.lower() in GREEK or _SPOKEN.fullmatch(word):
        return "symbol"
    if len(word) == 1 or (is_product and all(c in known or "α" <= c <= "ω" for c in word)):
        return "symbol"
    if word.lower() in CONNECTIVES or _CLITIC.fullmatch(word) or _RESULT.match(text, end):
        return "word"
    beside = text[max(0, start - 3) : start].rstrip()[-1:], text[end : end + 3].lstrip()[:1]
    if _DIFFERENTIAL.fullmatch(word) and "/" in beside:
        return "symbol"
    return "unsure" if word.isalpha() and text[end : end + 1] != "(" else "symbol"


def _is_joined(before: _Token | None, after: _Token | None) -> bool:
    """Whether signs make a name an operand: `= rate`, `(grade -`, `2 hours +`, `so cost =`."""
    after_sign, before_sign = (
        token is not None and (token.kind == "equal" or token.text in _JOINING)
        for token in (before, after)
    )
    if before is None or before.kind in ("stop", "number") or before.text in ("(", ")", "["):
        return before_sign or (before is not None and before.text == "(")
    if after_sign:
        return before_sign or after is None or after.kind not in ("word", "unsure", "math")
    return after is not None and after.kind == "equal" and before.text.lower() in CONNECTIVES


def _meet(before: _Token, token: _Token, text: str, equal: int) -> bool:
    """Whether two formulas meet: one between dollars and another, or where a wide gap is."""
    if any(each.kind == "equal" or each.text in _JOINING for each in (before, token)):
        return False
    if "math" in (before.kind, token.kind):
        return "sign" not in (before.kind, token.kind)
    wide = token.start - before.end > 1 or "\t" in text[before.end : token.start]
    return wide and equal > 0 and text[equal - 2 : equal] != "  "


def _trimmed(text: str, run: list[_Token]) -> Iterator[tuple[int, int]]:
    """A run without signs at its edges that join it to words, and without half brackets.

    Where it has no equals sign, only what stood between dollars in it.
    """
    if all(token.kind != "equal" for token in run):
        yield from (token[2:] for token in run if token.kind == "math")
        return
    start, end = run[0].start, run[-1].end
    half: list[int] = []
    for at in range(start, end):
        if text[at] in ")]}" and half and text[half[-1]] in "([{":
            half.pop()
        elif text[at] in "([{)]}":
            half.append(at)
    edges = {at for at in range(start, end) if text[at] in _EDGES} | set(half)
    while start < end and start in edges:
        start += 1
    while start < end and (end - 1 in edges or text[end - 1] == "-"):
        end -= 1
    if start < end:
        yield start, end
