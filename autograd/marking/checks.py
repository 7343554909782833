r"""Claims about a gradient of a graph, judged: `check_formula` and `check_number`.

The graph becomes formulas, the claim a tree, and the judge says whether they are the same. Of a
wrong claim the slip is sought with which the gradient would be what was claimed.
"""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.derivation import Names, Recogniser, derive
from autograd.errors import ArgumentError, ArgumentTypeError, ChalkgradError, DomainError
from autograd.graph import topological_order
from autograd.marking import slips
from autograd.marking.digits import written
from autograd.marking.judge import Counterexample, Judge
from autograd.notation import (
    Derivative,
    Expr,
    FormulaError,
    Reader,
    Relation,
    Sentence,
    Symbol,
    constant,
    expanded,
    formulas_of,
    split_links,
    symbols_of,
    to_unicode,
)
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from autograd.derivation import Derivation
    from autograd.marking.slips import Slip

__all__ = ["Counterexample", "Verdict", "check_formula", "check_number"]

_MOST_PATHS: Final = 64  # written out in a right formula
_MOST_VALUES: Final = 16  # of a counterexample in words
_LONGEST: Final = 200  # characters of a claim repeated in a message
_TOO_LONG: Final = Symbol(r"\text{(too long to be written out)}")
_APPROXIMATE: Final = re.compile(r"(?:\\(?:approx|simeq|cong)|[≈≃≅~])\s*$")


class Line(NamedTuple):
    """A line of a verdict: "right", "wrong", "slip" or "counterexample", and the rest."""

    head: str
    rest: Sentence

    def __str__(self) -> str:
        return f"{self.head}: {self.rest}" if self.head else str(self.rest)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a claim; true where it is right. `str()` says it in words.

    `answer` is the right formula or number. `slips` each explain a wrong claim: one, several, or
    none that is known; `slip` is the only one. `rounded` says that a claim is right but for the
    rounding of numbers in it; `decided` is false where it could be compared at no point.
    """

    right: bool
    lines: tuple[Line, ...]
    answer: Expr
    counterexample: Counterexample | None = None
    slips: tuple[Slip, ...] = ()
    rounded: bool = False
    decided: bool = True

    @property
    def slip(self) -> Slip | None:
        """The slip, where exactly one explains the claim."""
        return self.slips[0] if len(self.slips) == 1 else None

    @property
    def message(self) -> str:
        """All of it in words."""
        return str(self)

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return "\n".join(map(str, self.lines))

    def _repr_html_(self) -> str:
        rows = (
            f"<tr><th>{html.escape(s.head)}</th><td>{s.rest.html()}</td></tr>" for s in self.lines
        )
        return f"<table>{''.join(rows)}</table>"


def check_formula(
    output: Value,
    wrt: Value,
    text: str,
    *,
    aliases: Mapping[str, str] | None = None,
    symbols: Iterable[Value] = (),
) -> Verdict:
    r"""Whether `text` is a formula for d(output)/d(wrt), in any form; if not, what slipped.

    `text` is LaTeX or plain notation over the labels of the graph and of the Values in `symbols`;
    `aliases` maps other spellings to labels. Claim and gradient are compared at several points:
    labelled leaves, constants as well, are drawn at several scales with both signs, and what lies
    between is recomputed. What is recorded in the graph plays no part, and stays as it is.

    Raises FormulaError for text that cannot be read, ArgumentTypeError for what is no Value or no
    text, DomainError where the gradient exists at none of the points tried.

    >>> from autograd import Value
    >>> y, w, x = Value(3.0, "y"), Value(18.0, "w"), Value(80.0, "x")
    >>> loss = (y - w * x) ** 2
    >>> loss.label = "L"
    >>> bool(check_formula(loss, w, "2wx^2 - 2xy"))
    True
    >>> print(check_formula(loss, w, "2(y - wx)x"))
    wrong: ∂L/∂w = −2(y − w x) x, not 2(y − w x) x
    slip: the sign is the wrong one
    counterexample: at y = 3, w = 18, x = 80 it gives −229920, the gradient is 229920
    """
    gradient = _Gradient(output, wrt, aliases, symbols)
    readings = gradient.readings(text)
    judge, truth = gradient.judged(readings[:1]), gradient.truth
    derivation = gradient.derivation(judge)
    answer = derivation.form or derivation.quotient
    equation = Relation(derivation.quotient, "=", derivation.form or _TOO_LONG)
    comparisons = [judge.compare(truth, tree) for tree in readings]
    for tree, comparison in zip(readings, comparisons, strict=True):
        if comparison.verdict == "same":
            note = () if tree is readings[0] else (_line("", "read as ", tree),)
            return Verdict(True, (_line("right", equation), *note), answer)
    claim = _shown(readings[0], text)
    if comparisons[0].verdict == "undecided":
        reason = (claim, " can be compared at none of the points tried; ", equation)
        return Verdict(False, (_line("undecided", *reason),), answer, decided=False)
    if judge.is_rounding(truth, readings[0]):
        head = "right, but for the rounding of the decimals in it"
        return Verdict(True, (_line(head, equation),), answer, rounded=True)
    tried = (slips.found(tree, truth, derivation.form, judge) for tree in readings)
    found = next(filter(None, tried), ())
    example = judge.counterexample(truth, readings[0], answer=answer)
    mended = found[0].mended if len(found) == 1 else None  # the answer in the claim's own form
    if mended is not None and judge.compare(truth, mended).verdict == "same":
        answer = mended
    return _wrong(derivation.quotient, claim, answer, found, example)


def check_number(
    output: Value,
    wrt: Value,
    text: str,
    *,
    lr: float | None = None,
    aliases: Mapping[str, str] | None = None,
    symbols: Iterable[Value] = (),
) -> Verdict:
    r"""Whether `text` is the number that d(output)/d(wrt) has in the graph; if not, what slipped.

    A number is right where the gradient rounds to it: "0.0822" for 0.08216704. `text` may be a
    calculation or a chain of them, `-2(3 - 18) \cdot 80 = 2400`: every link is judged, and one that
    is off by no more than the rounding of the decimals before it counts as right, but `rounded`.
    Of a wrong number the slip is sought that gives these digits; with the learning rate `lr` also a
    gradient taken when weights had been updated already.

    The numbers are those of the leaves, everything else is recomputed; nothing is changed. Raises
    FormulaError for text that cannot be read, ArgumentTypeError for what is no Value or no text,
    ArgumentError for an lr that is not above 0, and what the operations raise.

    >>> from autograd import Value
    >>> y, w, x = Value(3.0, "y"), Value(18.0, "w"), Value(1.5, "x")
    >>> loss = (y - w * x) ** 2
    >>> loss.label = "L"
    >>> print(check_number(loss, w, "-2(3 - 27) 1.5 = 72.0"))
    right: ∂L/∂w = 72
    >>> print(check_number(loss, w, "-72"))
    wrong: ∂L/∂w = 72, not −72
    slip: the sign is the wrong one
    """
    if lr is not None and not (isinstance(lr, int | float) and 0 < lr < math.inf):
        raise ArgumentError(f"lr={lr!r}", hint="a learning rate is a number above 0, such as 0.01")
    gradient = _Gradient(output, wrt, aliases, symbols)
    links = list(gradient.links(text))
    judge, truth = gradient.judged(tree for link in links for tree in link.readings), gradient.truth
    answer = judge.rounded(truth)
    equation = Relation(truth, "=", answer)
    remarks: list[Line] = []
    before: Expr | None = None
    for link in links:
        tree, agreement = link.best(judge, truth, before)
        claim = _shown(tree, link.text)
        if agreement == "wrong":
            rate = None if lr is None else constant(lr)
            form = gradient.derivation(judge).form
            found = slips.found(tree, truth, form, judge, calculation=before, rate=rate)
            return _wrong(truth, claim, answer, found)
        if agreement == "cut off":
            remarks.append(_line("", claim, " is cut off, not rounded"))
        elif agreement == "rounded" and written(tree) and before:
            remarks.append(_line("", "the decimals in ", before, " are rounded"))
        elif agreement == "rounded":
            worth = judge.rounded(tree)
            remarks.append(_line("", claim, " is ", worth, ": its decimals are rounded"))
        before = tree
    if remarks:
        head = _line("right, but for rounding", equation)
        return Verdict(True, (head, remarks[0]), answer, rounded=True)
    return Verdict(True, (_line("right", equation),), answer)


def _wrong(
    truth: Expr,
    claim: str | Expr,
    answer: Expr,
    found: tuple[Slip, ...],
    example: Counterexample | None = None,
) -> Verdict:
    slipped = [part for slip in found for part in ("; ", *slip.words.parts)][1:]
    head = "several slips would each explain it" if len(found) > 1 else "slip"
    lines = [
        _line("wrong", Relation(truth, "=", answer), ", not ", claim),
        _line(head, *slipped) if found else _line("", "no single slip that is known explains it"),
    ]
    if example is not None:
        parts: list[str | Expr] = []
        for label, value in example.values[:_MOST_VALUES]:
            parts += [", " if parts else "at ", Relation(Symbol(label), "=", value)]
        more = ", ..." if len(example.values) > _MOST_VALUES else ""
        parts += [f"{more} it gives " if parts else "it gives ", example.claimed]
        lines.append(_line("counterexample", *parts, ", the gradient is ", example.actual))
    return Verdict(False, tuple(lines), answer, example, found)


class _Link(NamedTuple):
    """A side of a chain of numbers, in each sense it may have; `rough` after a sign such as ≈."""

    text: str
    readings: tuple[Expr, ...]
    rough: bool

    def best(self, judge: Judge, truth: Expr, before: Expr | None) -> tuple[Expr, str]:
        """The sense in which it agrees best, and how. Raises what its operations raise."""
        found = []
        for tree in self.readings:
            agreement = judge.compare_number(truth, tree, rough=self.rough, before=before)
            if agreement.verdict == "undecided":
                judge.worth(tree)
            found.append((tree, agreement.verdict))
        return next((each for each in found if each[1] == "right"), found[0])


class _Gradient:
    """d(output)/d(wrt) of a graph: its symbols, how claims about it are read, and by whom judged.

    Raises ArgumentTypeError for what is no Value, FormulaError for an alias of an unknown label.
    """

    def __init__(
        self, output: Value, wrt: Value, aliases: Mapping[str, str] | None, symbols: Iterable[Value]
    ) -> None:
        also = list(symbols)
        for name, given in (("output", output), ("wrt", wrt), *(("symbols", v) for v in also)):
            if not isinstance(given, Value):
                raise ArgumentTypeError(
                    f"{name} must be a Value, not {type(given).__name__}",
                    hint="check_formula(loss, w, text), as in derive(loss, w)",
                )
        self.output, self.wrt = output, wrt
        before = [node for node in topological_order(*also, output) if node is not output]
        names = Names([*before, output], wrt)
        recogniser = Recogniser(topological_order(output), names)
        self._roots = [output, wrt, *also, *recogniser.softmax()]
        self._order = topological_order(*self._roots)
        self._called = {s: names.symbols[s] for s in self._order if s in names.symbols}
        self._shares = [self._called[target] for target in recogniser.targets]
        self._labels = [*self._called.values()]
        self._reader = Reader(
            self._labels,
            aliases={**self._other_spellings(), **(aliases or {})},
            functions={node.op for node in self._order if not node.is_leaf and not node.op.symbol},
        )
        self._called.setdefault(output, names.called(output))

    def _other_spellings(self) -> dict[str, str]:
        """Labels as they were given, where they are shown otherwise."""
        count = Counter(node.label for node in self._called)
        return {
            node.label: symbol
            for node, symbol in self._called.items()
            if node.label and count[node.label] == 1 and node.label.strip() not in self._labels
        }

    def readings(self, text: str) -> tuple[Expr, ...]:
        """The senses `text` may have, the likeliest first. Raises FormulaError."""
        try:
            return tuple(expanded(tree, self._labels) for tree in self._reader.readings(text))
        except FormulaError as error:
            same = [node for node in self._called if error.unknown and node.label == error.unknown]
            if len(same) < 2:
                raise
            names = ", ".join(to_unicode(self._called[node]) for node in same[:3])
            raise FormulaError(
                f"{len(same)} nodes are labelled {error.unknown}", text, error.start, error.end,
                hint=f"call them {names}{', ...' if len(same) > 3 else ''}, in the order of their "
                "computation, or give them labels of their own", unknown=error.unknown,
            ) from None  # fmt: skip

    def links(self, text: str) -> Iterator[_Link]:
        """The sides of a chain. Raises FormulaError for one that cannot be read."""
        for start, end in split_links(text):
            if not text[start:end].strip() and end < len(text):
                continue  # a chain that goes on from the line before: "= 5"
            try:
                readings = self.readings(text[start:end])
            except FormulaError as error:
                raise error.within(text, start) from None
            rough = _APPROXIMATE.search(text, 0, start) is not None
            yield _Link(text[start:end].strip(), readings, rough)

    def judged(self, claims: Iterable[Expr]) -> Judge:
        """Who judges the claims: leaves without a label vary where a claim calls them by a name."""
        named = symbols_of(*claims)
        called, formulas, values = dict(self._called), dict[str, Expr](), dict[str, Expr]()
        for node, symbol in self._called.items():
            if node.is_leaf and math.isfinite(node.data):
                varies = node.label or node is self.wrt or symbol in named
                (values if varies else formulas)[symbol] = constant(node.data)
                if not varies:
                    del called[node]
        formulas |= formulas_of(self._roots, called)
        return Judge(formulas, values, shares=self._shares)

    @property
    def truth(self) -> Derivative:
        """What is claimed to be something: the left side."""
        return Derivative(Symbol(self._called[self.output]), Symbol(self._called[self.wrt]))

    def derivation(self, judge: Judge) -> Derivation:
        """The gradient derived at a point where nothing is 0, 1 or infinite by chance.

        Raises DomainError where there is none.
        """
        for numbers in judge.examples(self.truth):
            with suppress(ChalkgradError):  # floats do not reach as far as the judge
                copies = self._replayed(numbers)
                return derive(copies[self.output], copies[self.wrt], limit=_MOST_PATHS)
        of, wrt = (self._called[node] for node in (self.output, self.wrt))
        raise DomainError(
            f"the derivative of {of} by {wrt} exists at none of the points tried",
            hint="is an operation of the graph outside its domain for nearly all inputs?",
        )

    def _replayed(self, numbers: Mapping[str, float]) -> dict[Value, Value]:
        """A copy of each node of the graph, computed anew from other numbers of its leaves."""
        copies: dict[Value, Value] = {}
        for node in self._order:
            if node.is_leaf:
                copy = Value(numbers.get(self._called.get(node, ""), node.data), node.label)
                copies[node] = copy.detach() if node.is_constant else copy
            else:
                copies[node] = node.op(*(copies[parent] for parent in node.parents))
                copies[node].label = node.label
        return copies


def _line(head: str, *parts: str | Expr) -> Line:
    return Line(head, Sentence(parts))


def _shown(tree: Expr, text: str) -> str | Expr:
    """A claim as messages repeat it."""
    if len(to_unicode(tree)) <= _LONGEST:
        return tree
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
