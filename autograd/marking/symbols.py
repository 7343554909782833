r"""Which symbols and functions a page uses, found before anything on it is known.

Some questions have no answer in the formula at hand, so the whole page is asked. Is the 2 of
`W_{11}^2` an upper index or a square? It is an index where the page differentiates by `W_{11}^2`,
or has a `W_{11}^1` too. Is `wx` a word or a product? A product where `w` and `x` are symbols. Is
`f(x)` a function or a product? A function where the page has `f(x) = ...`, or f never alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.notation import (
    LETTERS,
    ONE,
    OTHER_NAMES,
    Applied,
    Derivative,
    Expr,
    FormulaError,
    Labels,
    Power,
    Reader,
    Relation,
    Series,
    Spelling,
    Symbol,
    children,
    rebuilt,
    spellings_at,
    spellings_of,
    value_of,
    walk,
    with_indices,
)
from autograd.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST_COUNTED: Final = 200
_MOST_TERMS: Final = 1_000  # of a sum: longer ones are not written out, nor their symbols counted
_ROUNDS: Final = 3  # of reading: the letters of one side make products of words in another
_NEW: Final = frozenset(("new", "next", "updated"))
_OLD: Final = frozenset(("old", "current"))
_LOSSES: Final = ("L", "J", "C", "E", r"\mathcal{L}", "loss", "Loss", "cost", "Cost")
_USE: Final = re.compile(
    r"(?P<d>(?:\\partial(?![A-Za-z])|∂|(?<![A-Za-z\\])d(?=[\\\s]))\s*)?(?<![A-Za-z\\])"
    r"(?P<name>(?:\\(?:text|mathrm|operatorname|mathcal|mathbf|hat)\s*\{[^{}]{1,24}\}|\\?[A-Za-z]+"
    r"|[α-ω])(?:_(?:\{\w{1,8}\}|\w))?)(?P<primes>['′’]+|\^\{\\prime\})?"
    r"(?=(?P<call>\s*(?:\\left\s*)?\((?:(?P<inner>[^()]{0,60}?)(?:\\right)?\))?)?)"
)
_DIFFERENTIATED: Final = re.compile(
    r"(?P<below>[/}]\s*\{?\s*)?(?:\\partial(?![A-Za-z])|∂|(?<![^\W\d_\\])d)\s*"
)
_INDEX_ONE: Final = re.compile(r"\^\s*\{?\s*1(?!\d)|¹")
_SCRIPTED = r"_(?:\{[^{}]{0,20}(?:\{[^{}]{0,20}\})?[^{}]{0,20}\}|\w)"
_LAYER: Final = re.compile(  # a^{[2]}, W_{11}^2_{\text{new}}: what has such scripts is a name
    rf"(?<![A-Za-z\\])(?:\\?[A-Za-z]+|\\[a-z]+\s*\{{[^{{}}]{{1,20}}\}})(?:(?:{_SCRIPTED})?"
    rf"\^\{{\s*(?:[(\[]\s*\w{{1,8}}\s*[)\]]\s*){{1,3}}\}}(?:{_SCRIPTED})?"
    rf"|{_SCRIPTED}\^(?:\w|\{{\w\}}){_SCRIPTED})(?!\s*(?:\\left)?\()"
)
_CONSTANT: Final = re.compile(r"e=(?:2\.7\d*.*|\\lim(?![a-z]).*)", re.DOTALL)
_SECOND_ORDER: Final = re.compile(r"(?:\\partial|∂|(?<![^\W\d_\\])d)\s*(?:\^|²)")
_WORDS: Final = re.compile(r"(?<![A-Za-z])[d∂]\s?([A-Za-z]{1,24})\s?/\s?[d∂]\s?([A-Za-z]{1,24})\b")
_SLOPE: Final = re.compile(r"d\s?(\\?[A-Za-z].*)")
_SCANNED: Final = re.compile(r"(?<![\w.}])0_(?:\{\w{1,8}\}|\w)")


class PageSide(NamedTuple):
    """One side of an equation, and whether it stood between dollars."""

    text: str
    tex: bool | None = None


Sides = Sequence[Sequence[PageSide]]  # of the equations of a page


class PageSymbols:
    r"""The symbols and functions in the sides of a page's equations, and readers that know them.

    Parameters marked as they are before an update, `w_{old}`, are aliases of the parameters; `dw`
    is the derivative of the loss by w. Raises FormulaError for an alias that cannot be one.

    >>> page = [[PageSide("p"), PageSide("wx")], [PageSide("dp/dw"), PageSide("x")]]
    >>> PageSymbols(page).labels.names
    ('p', 'w', 'x')
    """

    def __init__(self, equations: Sides, aliases: Mapping[str, str] | None = None) -> None:
        aliases = aliases or {}
        unread = dict.fromkeys(side for sides in equations for side in sides if side.text)
        applied = _functions(equations)
        chains = [sides for sides in equations if len(sides) > 1]
        own = dict.fromkeys([*aliases.values(), *_heads(chains), *_words(unread)])
        reader = Reader(own, aliases=aliases, applied=applied, new_symbols=True)
        own |= dict.fromkeys(_upper_indexed(equations, reader))
        slopes = dict(_slope_heads(chains))
        known = own | dict.fromkeys(slopes)
        for _ in range(_ROUNDS):
            reader = Reader(known, aliases=aliases, applied=applied, new_symbols=True)
            for side in list(unread):
                if (tree := _tree(reader, side)) is not None:
                    known |= dict.fromkeys(_symbols(tree, _MOST_COUNTED))
                    del unread[side]
        heads = {head.text for head, *_ in chains}
        loss = next((name for name in _LOSSES if name in heads), "")
        ofs = {label: Labels(known).find(of) for label, of in slopes.items()}
        self._slopes = {label: (loss, of) for label, of in ofs.items() if of and of != loss}
        labels = dict.fromkeys(
            label
            for label in _distinct(known)
            if (loss if label in self._slopes else label in own or not _is_joined(label, known))
        )
        others = {**_before_update(labels), **aliases}
        meant = dict.fromkeys(others.values())
        said = {spelling for alias in others for spelling in spellings_of(alias)}
        labels |= meant
        kept = [label for label in labels if label in meant or not said & set(spellings_of(label))]
        self._reader = Reader(kept, aliases=others, applied=applied)
        self._liberal = Reader(self.labels.names, applied=applied, new_symbols=True)

    @property
    def labels(self) -> Labels:
        """The symbols of the page."""
        return self._reader.labels

    def readings(self, text: str, tex: bool | None) -> tuple[Expr, ...]:
        """The formula in a text in every sense; raises FormulaError.

        That says what is wrong, symbols aside: these are not found in what is broken.
        """
        try:
            trees = self._reader.readings(text, tex=tex)
        except FormulaError:
            self._liberal.read(text, tex=tex)
            raise
        return tuple(rebuilt(tree, self._slope) for tree in trees)

    def condition(self, text: str, tex: bool | None) -> Relation | None:
        """A comparison, such as `z > 0`; None for words."""
        with suppress(FormulaError):
            return self._reader.condition(text, tex=tex) if text else None
        return None

    def _slope(self, part: Expr) -> Expr | None:
        if isinstance(part, Symbol) and part.label in self._slopes:
            loss, of = self._slopes[part.label]  # only labels that have a loss are read
            return Derivative(Symbol(loss), Symbol(of), start=part.start, end=part.end)
        return None


def suggestions(texts: Iterable[str], labels: Labels) -> dict[str, str]:
    r"""What may be meant by a zero with an index, as scans have it: `0_{11}` for O_{11}."""
    zeros = dict.fromkeys(zero for text in texts for zero in _SCANNED.findall(text))
    letters = {zero: labels.find(f"O{zero[1:]}") for zero in zeros if labels.find(zero) is None}
    return {zero: label for zero, label in letters.items() if label}


def stem(label: str) -> tuple[str, str]:
    r"""A label without the mark of an update, and which mark it had: "new", "old" or "".

    >>> stem("W_{11,new}^2"), stem("b_{t+1}"), stem("w'"), stem("x_{i1}")
    (('W_{11}^2', 'new'), ('b', 'new'), ('w', 'new'), ('x_{i1}', ''))
    """
    for spelling in spellings_of(label)[:1]:
        for script in ("sub", "sup"):
            rest, _, last = getattr(spelling, script).rpartition(",")
            if mark := _mark(last):
                return spelling._replace(**{script: rest}).label, mark
    return label, ""


def _mark(script: str) -> str:
    word = script.lower().strip("()")
    if word in _NEW or script in ("'", "+") or re.fullmatch(r"[a-z]\+1", word):
        return "new"
    return "old" if word in _OLD else ""


def _tree(reader: Reader, side: PageSide) -> Expr | None:
    try:
        return reader.read(side.text, tex=side.tex)
    except FormulaError:
        return None


def _symbols(tree: Expr, most: int) -> Iterator[str]:
    """The symbols in a tree; those with the index of a sum once for each number it counts."""
    match tree:
        case Symbol(label):
            yield label
        case Series(_, body, index, first, last):
            low, high = (value_of(limit) if limit else None for limit in (first, last))
            if low is not None and high is not None and high - low < _MOST_TERMS:
                count = min(int(high - low) + 1, most)
                for number in range(int(low), int(low) + count):
                    yield from _symbols(with_indices(body, {index: number}), most // count)
            else:
                yield from (label for part in children(tree) for label in _symbols(part, most))
        case _:
            if isinstance(tree, Applied) and tree.primes:
                yield tree.name
            for part in children(tree):
                yield from _symbols(part, most)


def _heads(chains: Sides) -> Iterator[str]:
    """What stands alone left of an equals sign is a symbol, even `e` or a word; f' is none.

    But `w'` is, where its equation steps from w; and e is no symbol where it is said to be 2.718.
    """
    for head, other, *_ in chains:
        for spelling in spellings_of(head.text)[-1:]:
            primed = spelling.sup[:1] == "'" and spelling._replace(sup="").label
            is_name = spelling.is_name or stem(spelling.label)[1] == "new"
            if _CONSTANT.fullmatch(f"{head.text}={other.text}"):
                continue
            if is_name and (not primed or other.text.startswith(f"{primed} -")):
                yield spelling.label


def _words(sides: Iterable[PageSide]) -> Iterator[str]:
    """The words in dloss/dweight, and what is differentiated by: W_{11}^2, W'_{12}."""
    for side in sides:
        for words in _WORDS.findall(side.text):
            yield from words
        if not _SECOND_ORDER.search(side.text):
            for sign in _DIFFERENTIATED.finditer(side.text):
                for spelling, _ in spellings_at(side.text, sign.end()):
                    is_by = sign["below"] or (spelling.sub and spelling.sup != "'")
                    if spelling.sup and (is_by or not re.fullmatch("'|[0-9]+", spelling.sup)):
                        yield spelling.label
                        break
        for layer in _LAYER.finditer(side.text):
            yield from (spelling.label for spelling in spellings_of(layer[0])[-1:])


def _upper_indexed(equations: Sides, reader: Reader) -> Iterator[str]:
    """The symbols whose raised digits are an index, by the evidence of the whole page."""
    spelled = (s for label in reader.labels.names for s in spellings_of(label))
    bases = {spelling.base for spelling in spelled if spelling.sup and not spelling.is_name}
    raised: list[Spelling] = []
    for equation in equations:
        for side in equation:
            tree = _tree(reader, side) if re.search("[⁰-⁹¹²³^]", side.text) else None
            for part in walk(tree) if tree else ():
                if isinstance(part, Power) and isinstance(part.base, Symbol):
                    found = spellings_of(side.text[part.start : part.end])[:1]
                    raised += found
                    is_head = part is tree and side is equation[0] and len(equation) > 1
                    for base, sub, _ in found:
                        if (sub and part.exponent == ONE) or (is_head and len(sub) > 1):
                            bases.add(base)
    return (spelling.label for spelling in raised if spelling.base in bases)


def _slope_heads(chains: Sides) -> Iterator[tuple[str, str]]:
    """The heads that may be derivatives of the loss, dw, and what they are by."""
    for head, *others in chains:
        slope = _SLOPE.fullmatch(head.text)
        has_letters = any(re.search("[A-Za-z]", other.text) for other in others)
        if slope and spellings_of(slope[1]) and has_letters:
            spelled = spellings_of(head.text)
            yield spelled[-1].label if spelled else head.text, slope[1]


def _functions(equations: Sides) -> list[str]:
    """Names with a header such as f(x) = ..., and those applied to symbols and never alone."""
    sure: dict[str, None] = {}
    called: dict[str, None] = {}
    alone: set[str] = set()
    for equation in equations:
        for side in equation:
            for use in _USE.finditer(side.text):
                spelled = next(iter(spellings_of(use["name"])), Spelling(r"\frac"))
                name, letter = spelled.label, spelled.base.removeprefix("\\")
                is_command = re.fullmatch(r"\\[A-Za-z]+", spelled.base) and letter not in LETTERS
                if is_command or letter in TABLE or name in ("d", "e") or use["d"]:
                    continue
                inner = use["inner"]
                if inner is not None and all(map(_is_symbol, inner.split(","))):
                    is_whole = use.start() == 0 and use.end("call") == len(side.text)
                    is_head = is_whole and side is equation[0] and len(equation) > 1
                    is_sure = "," in inner or (is_head and not use["primes"])
                    may_be = name[0] == "\\" or letter not in OTHER_NAMES
                    (sure if may_be and is_sure else called)[name] = None
                elif not use["call"] and not use["primes"]:
                    alone.add(name)
    others = (name for name in called if name.removeprefix("\\") not in OTHER_NAMES)  # as \sigma
    return [*sure, *(name for name in others if name not in alone)]


def _is_symbol(text: str) -> bool:
    return any(spelling.is_name for spelling in spellings_of(text))


def _distinct(labels: Iterable[str]) -> Iterator[str]:
    r"""Each symbol once, in its plainest spelling: y_hat and \hat{y} are one."""
    seen: set[Spelling] = set()
    for label in labels:
        spellings = spellings_of(label)
        if not spellings or not seen & set(spellings):
            yield spellings[-1].label if spellings else label
        seen.update(spellings)


def _is_joined(label: str, known: Iterable[str]) -> bool:
    """Whether letters that the page has by themselves make a label: `xW_{11}`; or it is a d."""
    word = re.match(r"[^\W\d_]+", label)
    if not word or len(word[0]) < 2:
        return False
    rest = word[0][-1] + label[word.end() :]
    return label[0] == "d" or (all(c in known for c in word[0][:-1]) and rest in known)


def _before_update(labels: Iterable[str]) -> dict[str, str]:
    r"""`w_{old}` is w; so is `w_t` where there is a `w_{t+1}`."""
    found: dict[str, str] = {}
    for label in labels:
        bare, mark = stem(label)
        if mark == "old":
            found[label] = bare
        elif mark == "new":
            for step in re.finditer(r"([a-z])\+1", label):
                found[label.replace(step[0], step[1]).replace(f"{{{step[1]}}}", step[1])] = bare
    return found
