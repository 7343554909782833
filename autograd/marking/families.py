r"""Index notation: where a page has z_1, z_2 and z_3, `z_i` stands for each of them.

`p_i = e^{z_i} / \sum_{k=1}^{3} e^{z_k}` then defines p_1, p_2 and p_3, and an equation with one
such index is a claim for each of its numbers; with two, for each two that differ. A list of
numbers, `p = [0.7, 0.2, 0.1]`, names p_1, p_2 and p_3.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from autograd.marking.definitions import head_of, lead_of
from autograd.notation import (
    Derivative,
    Expr,
    FormulaError,
    Labels,
    Listed,
    Number,
    Series,
    Symbol,
    children,
    expanded,
    rebuilt,
    spelling_of,
    symbols_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from autograd.marking.equations import Equation

_INDICES: Final = frozenset("ijklmnc")
_MOST_INDICES: Final = 2  # in one equation
_DELTA: Final = r"\delta"


class Families:
    """Which symbols of a page have an index for a number, and what they stand for."""

    def __init__(self, equations: Iterable[Equation], labels: Iterable[str]) -> None:
        self.labels = list(labels)
        self._known: Labels | None = None  # of these labels, made when it is needed
        self._numbers: dict[str, tuple[int, ...]] = {}
        spelled = {label: spelling_of(label) for label in self.labels}
        by_letter: dict[tuple[str, str], list[int]] = {}
        for found in spelled.values():
            if found.sub.isdigit():
                by_letter.setdefault((found.base, found.sup), []).append(int(found.sub))
        for label, found in spelled.items():
            numbers = by_letter.get((found.base, found.sup), [])
            if found.sub in _INDICES and numbers:
                self._numbers[label] = tuple(sorted(numbers))
        known = list(equations)
        self._take_over(known)
        made = (s.tree for e in known for i in self.instances(e).values() for s in i.sides)
        new = {label for tree in made if tree for label in symbols_of(tree)} - set(self.labels)
        self.labels += sorted(new)

    def with_members(self, equations: Sequence[Equation]) -> list[Equation]:
        """The equations in order; before each that defines a family, one for each of its members.

        Sums over an index are written out; a list gives one equation for each of its items.
        """
        found: list[Equation] = []
        for equation in equations:
            if self.indices(equation) == [_index(_defined(equation))]:
                members = self.instances(equation).values()
                found += [replace(member, given=True) for member in members]
                found.append(self._written_out(equation))
            else:
                found += [replace(item, given=True) for item in _items(equation)]
                found.append(self._written_out(equation))
        return [replace(equation, place=place) for place, equation in enumerate(found)]

    def indices(self, equation: Equation) -> list[str]:
        """The indices for numbers in an equation."""
        return sorted({_index(label) for label in self._generic(equation)})

    def instances(self, equation: Equation, *, alike: bool = False) -> dict[str, Equation]:
        r"""The equation with numbers for its indices, by "i = 1, j = 2".

        The numbers of two indices differ, unless a `\delta_{ij}` tells the cases apart; or they are
        `alike`.
        """
        indices = self.indices(equation)
        if not 1 <= len(indices) <= _MOST_INDICES:
            return {}
        generic = self._generic(equation)
        whole = _changed(equation, self._expanded_if_known)
        possible = [
            set.intersection(*(set(self._numbers[s]) for s in generic if _index(s) == index))
            for index in indices
        ]
        found = {}
        for numbers in itertools.product(*map(sorted, possible)):
            is_apart = len(set(numbers)) == len(numbers)
            if is_apart != alike or (self.tells_apart(equation) and not alike):
                number_of = dict(zip(indices, numbers, strict=True))
                where = ", ".join(f"{index} = {number}" for index, number in number_of.items())
                put_in = _changed(whole, partial(_put_in, number_of))
                found[where] = self._written_out(put_in)
        return found

    def tells_apart(self, equation: Equation) -> bool:
        r"""Whether a `\delta_{ij}` says what holds where the two indices are the same."""
        spelled = [spelling_of(label) for label in _symbols(equation)]
        deltas = (found.sub for found in spelled if found.base == _DELTA)
        return any(sorted(sub) == self.indices(equation) for sub in deltas)

    def _written_out(self, equation: Equation) -> Equation:
        """The equation with its sums over an index written out."""
        return _changed(equation, self._expanded)

    def _expanded(self, tree: Expr) -> Expr:
        if not any(isinstance(part, Series) for part in walk(tree)):
            return tree
        if self._known is None or len(self._known.names) != len(self.labels):
            self._known = Labels(self.labels)
        return expanded(tree, self._known)

    def _expanded_if_known(self, tree: Expr) -> Expr:
        try:
            return self._expanded(tree)
        except FormulaError:
            return tree

    def _generic(self, equation: Equation) -> list[str]:
        return sorted(_symbols(equation) & self._numbers.keys())

    def _take_over(self, equations: list[Equation]) -> None:
        """What is defined by a family, with the same index, is one: p_i by z_i."""
        for equation in equations * 2:  # one may need another that stands after it
            label = _defined(equation)
            if not label or label in self._numbers:
                continue
            used = [s for s in self._generic(equation) if _index(s) == _index(label)]
            if used:
                numbers = set.intersection(*(set(self._numbers[s]) for s in used))
                self._numbers[label] = tuple(sorted(numbers))


def _changed(equation: Equation, change: Callable[[Expr], Expr]) -> Equation:
    """The equation with its trees changed; a side for which that fails is not read."""
    sides = []
    for side in equation.sides:
        try:
            trees = tuple(dict.fromkeys(change(tree) for tree in side.readings))
            sides.append(replace(side, readings=trees))
        except FormulaError as error:
            sides.append(replace(side, readings=(), error=error.problem))
    return replace(equation, sides=sides, signs=list(equation.signs))


def _items(equation: Equation) -> Iterator[Equation]:
    """The equations p_1 = 0.7, p_2 = 0.2, ... that `p = [0.7, 0.2, ...]` stands for."""
    label, _ = head_of(equation)
    at = lead_of(equation)
    tree = equation.sides[at].tree if label else None
    if isinstance(tree, Listed) and equation.signs and not spelling_of(label).sub:
        spelled = spelling_of(label)
        for number, item in enumerate(tree.items, start=1):
            member = spelled._replace(sub=str(number)).label
            sides = [
                replace(equation.sides[0], text=member, readings=(Symbol(member),)),
                replace(equation.sides[at], readings=(item,)),
            ]
            yield replace(equation, sides=sides, signs=list(equation.signs[:1]))


def _defined(equation: Equation) -> str:
    """The symbol with an index that an equation may define, at its head or a delta at its end."""
    if not equation.signs:
        return ""
    last, lead = equation.sides[-1].label, equation.sides[lead_of(equation)]
    is_delta = isinstance(equation.sides[0].tree, Derivative) and _is_delta(last)
    defines = lead.tree is not None and symbols_of(lead.tree) and not lead.label
    label = last if is_delta else head_of(equation)[0] if defines else ""
    return label if label and _index(label) in _INDICES else ""


def _is_delta(label: str) -> bool:
    return bool(label) and spelling_of(label).base == _DELTA


def _symbols(equation: Equation) -> set[str]:
    """The symbols in an equation, those aside with an index that a sum around them counts."""
    found: set[str] = set()
    for side in equation.sides:
        for tree in (side.tree,) if side.tree is not None else ():
            found |= _free(tree, frozenset())
    return found


def _free(tree: Expr, counted: frozenset[str]) -> set[str]:
    if isinstance(tree, Symbol):
        is_counted = counted and not counted.isdisjoint(spelling_of(tree.label).sub)
        return set() if is_counted else {tree.label}
    if isinstance(tree, Series):
        counted |= {tree.index}
    return set().union(*(_free(part, counted) for part in children(tree)))


def _index(label: str) -> str:
    return spelling_of(label).sub if label else ""


def _member(label: str, number_of: Mapping[str, int]) -> Expr:
    r"""What a label stands for at these numbers: w_{12} for w_{ij}, 0 for \delta_{ij}, itself."""
    spelled = spelling_of(label)
    parts = [str(number_of.get(letter, letter)) for letter in spelled.sub]
    is_put_in = any(letter in number_of for letter in spelled.sub)
    if not is_put_in or len(parts) > _MOST_INDICES or not all(part.isdigit() for part in parts):
        return Symbol(label)
    if spelled.base == _DELTA and len(parts) == _MOST_INDICES:
        return Number("1" if parts[0] == parts[1] else "0")
    separator = "" if all(len(part) == 1 for part in parts) else ","
    return Symbol(spelled._replace(sub=separator.join(parts)).label)


def _put_in(number_of: Mapping[str, int], tree: Expr) -> Expr:
    """The tree with numbers for indices, but where a sum counts an index of the same name."""

    def change(part: Expr) -> Expr | None:
        if isinstance(part, Symbol):
            return _member(part.label, number_of)
        if isinstance(part, Series) and part.index in number_of:
            others = {index: n for index, n in number_of.items() if index != part.index}
            return replace(part, body=_put_in(others, part.body))
        return None

    return rebuilt(tree, change)
