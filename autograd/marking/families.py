r"""Index notation: where a page has z_1, z_2 and z_3, `z_i` stands for each of them.

`p_i = e^{z_i} / \sum_{k=1}^{3} e^{z_k}` then defines p_1, p_2 and p_3, and an equation with one
such index is a claim for each of its numbers; with two, for each two that differ. A list of
numbers, `p = [0.7, 0.2, 0.1]`, names p_1, p_2 and p_3.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

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
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from autograd.marking.statements import Equation

_INDICES: Final = frozenset("ijklmnc")
_MOST_INDICES: Final = 2  # in one equation
_DELTA: Final = r"\delta"


class Families:
    """Which symbols of a page have an index for a number, and what they stand for."""

    def __init__(self, equations: Sequence[Equation], labels: Sequence[str]) -> None:
        self._labels = Labels(labels)
        self._numbers: dict[str, set[int]] = {}  # that an index of a symbol stands for
        by_letter: dict[tuple[str, str], set[int]] = {}
        spelled = {label: spelling_of(label) for label in labels}
        for found in spelled.values():
            if found.sub.isdigit():
                by_letter.setdefault((found.base, found.sup), set()).add(int(found.sub))
        for label, found in spelled.items():
            if found.sub in _INDICES and (found.base, found.sup) in by_letter:
                self._numbers[label] = by_letter[found.base, found.sup]
        for equation in [*equations, *equations]:  # one may need another that stands after it
            label = _defined(equation)  # by a family, with the same index, is one: p_i by z_i
            used = [s for s in self._generic(equation) if _index(s) == _index(label)]
            if label and label not in self._numbers and used:
                self._numbers[label] = set.intersection(*(self._numbers[s] for s in used))
        made = (each for equation in equations for each in self.instances(equation).values())
        trees = [side.tree for each in made for side in each.sides if side.tree]
        self.labels = [*labels, *sorted(symbols_of(*trees).keys() - set(labels))]
        self._labels = Labels(self.labels)

    def with_members(self, equations: Sequence[Equation]) -> list[Equation]:
        """The equations in order; before each that defines a family, one for each of its members.

        Sums over an index are written out; a list gives one equation for each of its items.
        """
        found: list[Equation] = []
        for equation in equations:
            is_family = self.indices(equation) == [_index(_defined(equation))]
            members = self.instances(equation).values() if is_family else _items(equation)
            found += [replace(member, given=True) for member in members]
            found.append(_changed(equation, self._expanded))
        return [replace(equation, place=place) for place, equation in enumerate(found)]

    def indices(self, equation: Equation) -> list[str]:
        """The indices for numbers in an equation."""
        return sorted({_index(label) for label in self._generic(equation)})

    def instances(self, equation: Equation) -> dict[str, Equation]:
        r"""The equation with numbers for its indices, by "i = 1, j = 2".

        The numbers of two indices differ, unless a `\delta_{ij}` tells the cases apart.
        """
        indices = self.indices(equation)
        if not 1 <= len(indices) <= _MOST_INDICES:
            return {}
        generic = self._generic(equation)
        possible = (
            set.intersection(*(self._numbers[s] for s in generic if _index(s) == index))
            for index in indices
        )
        whole = _changed(equation, self._expanded_if_known)
        found = {}
        for numbers in itertools.product(*map(sorted, possible)):
            if len(set(numbers)) == len(numbers) or self.tells_apart(equation):
                number_of = dict(zip(indices, numbers, strict=True))
                where = ", ".join(f"{index} = {number}" for index, number in number_of.items())
                put_in = _changed(whole, partial(_put_in, number_of))
                found[where] = _changed(put_in, self._expanded)
        return found

    def tells_apart(self, equation: Equation) -> bool:
        r"""Whether a `\delta_{ij}` says what holds where the two indices are the same."""
        spelled = (spelling_of(label) for label in _symbols(equation))
        deltas = (found.sub for found in spelled if found.base == _DELTA)
        return any(sorted(sub) == self.indices(equation) for sub in deltas)

    def _generic(self, equation: Equation) -> list[str]:
        return sorted(_symbols(equation) & self._numbers.keys())

    def _expanded(self, tree: Expr) -> Expr:
        is_sum = any(isinstance(part, Series) for part in walk(tree))
        return expanded(tree, self._labels) if is_sum else tree

    def _expanded_if_known(self, tree: Expr) -> Expr:
        with suppress(FormulaError):
            return self._expanded(tree)
        return tree


def _changed(equation: Equation, change: Callable[[Expr], Expr]) -> Equation:
    """The equation with its trees changed; a side for which that fails is not read."""
    sides = []
    for side in equation.sides:
        try:
            trees = tuple(dict.fromkeys(change(tree) for tree in side.readings))
            sides.append(replace(side, readings=trees))
        except FormulaError as error:
            sides.append(replace(side, readings=(), error=error.problem))
    return replace(equation, sides=tuple(sides))


def _items(equation: Equation) -> Iterator[Equation]:
    """The equations p_1 = 0.7, p_2 = 0.2, ... that `p = [0.7, 0.2, ...]` stands for."""
    label, lead = equation.head()[0], equation.sides[equation.lead]
    if label and equation.signs and isinstance(lead.tree, Listed) and not spelling_of(label).sub:
        for number, item in enumerate(lead.tree.items, start=1):
            member = spelling_of(label)._replace(sub=str(number)).label
            head = replace(equation.sides[0], text=member, readings=(Symbol(member),))
            sides = head, replace(lead, readings=(item,))
            yield replace(equation, sides=sides, signs=equation.signs[:1])


def _defined(equation: Equation) -> str:
    """The symbol with an index that an equation may define, at its head or a delta at its end."""
    if not equation.signs:
        return ""
    label, lead = equation.sides[-1].label, equation.sides[equation.lead]
    is_delta = label and spelling_of(label).base == _DELTA
    if not (is_delta and isinstance(equation.sides[0].tree, Derivative)):
        defines = lead.tree is not None and symbols_of(lead.tree) and not lead.label
        label = equation.head()[0] if defines else ""
    return label if _index(label) in _INDICES else ""


def _symbols(equation: Equation) -> set[str]:
    """The symbols in an equation, those aside with an index that a sum around them counts."""
    trees = (side.tree for side in equation.sides if side.tree is not None)
    return set().union(*(_free(tree, frozenset()) for tree in trees))


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
