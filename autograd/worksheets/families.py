r"""Index notation: where a page has z_1, z_2 and z_3, `z_i` stands for each of them.

`p_i = e^{z_i} / \sum_{k=1}^{3} e^{z_k}` then defines p_1, p_2 and p_3, and an equation with one
such index is a claim for each of its numbers; with two, for each two that differ.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from autograd.formulas.reading import Formula
from autograd.formulas.spelling import Spelling, spellings_of
from autograd.formulas.syntax import Derivative, Number, Symbol, children, with_children
from autograd.worksheets.definitions import symbols_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autograd.formulas.syntax import Node
    from autograd.worksheets.chains import Chain, Side

__all__ = ["Families"]

_INDICES: Final = frozenset("ijklmnc")
_KRONECKER: Final = (r"\delta", r"\mathbb{1}", r"\mathbf{1}")
_MOST_INDICES: Final = 2  # in one equation


class Families:
    """Which symbols of a page have an index for a number, and what they stand for."""

    def __init__(self, chains: Iterable[Chain], labels: Iterable[str]) -> None:
        self.labels = list(labels)
        self._numbers: dict[str, tuple[int, ...]] = {}
        spelled = {label: _spelling(label) for label in self.labels}
        for label, found in spelled.items():
            if found.sub in _INDICES:
                alike = [s for s in spelled.values() if (s.base, s.sup) == (found.base, found.sup)]
                numbers = sorted(int(other.sub) for other in alike if other.sub.isdigit())
                if numbers:
                    self._numbers[label] = tuple(numbers)
        self._take_over(list(chains))

    def with_members(self, chains: Sequence[Chain]) -> list[Chain]:
        """The chains, and before each that defines a family one for each of its members."""
        found: list[Chain] = []
        for chain in chains:
            if _defines(chain) and self.indices(chain) == [_index(chain.label)]:
                found += [replace(member, given=True) for member in self.instances(chain).values()]
            found.append(chain)
        for place, chain in enumerate(found):
            chain.place = place
        return found

    def indices(self, chain: Chain) -> list[str]:
        """The indices for numbers in a chain."""
        return sorted({_index(label) for label in self._generic(chain)})

    def tells_apart(self, chain: Chain) -> bool:
        r"""Whether a `\delta_{ij}` says what holds where two indices are the same."""
        return bool(_kronecker(chain))

    def instances(self, chain: Chain) -> dict[str, Chain]:
        r"""The chain with numbers for its indices, by "i = 1, j = 2".

        The numbers of two indices differ, unless a `\delta_{ij}` tells the cases apart.
        """
        generic = self._generic(chain)
        kronecker = _kronecker(chain)
        indices = self.indices(chain)
        if len(indices) > _MOST_INDICES:
            return {}
        possible = [
            sorted(
                set.intersection(*(set(self._numbers[s]) for s in generic if _index(s) == index))
            )
            for index in indices
        ]
        found = {}
        for numbers in itertools.product(*possible):
            if kronecker or len(set(numbers)) == len(numbers):
                number_of = dict(zip(indices, numbers, strict=True))
                members: dict[str, Node] = {
                    label: Symbol(_member(label, number_of[_index(label)])) for label in generic
                }
                members |= {label: Number(float(len(set(numbers)) == 1)) for label in kronecker}
                sides = [_put_in(side, members) for side in chain.sides]
                where = ", ".join(f"{index} = {number}" for index, number in number_of.items())
                found[where] = replace(chain, sides=sides, signs=list(chain.signs))
        return found

    def _generic(self, chain: Chain) -> list[str]:
        symbols = set().union(*(symbols_in(side.tree) for side in chain.sides))
        return sorted(symbols & self._numbers.keys())

    def _take_over(self, chains: list[Chain]) -> None:
        """What is defined by a family, with the same index, is one: p_i by z_i."""
        waiting = [
            chain for chain in chains if _defines(chain) and chain.label not in self._numbers
        ]
        for chain in waiting * 2:  # one may need another that stands after it
            index = _index(chain.label)
            used = [s for s in self._generic(chain) if _index(s) == index]
            if used and chain.label not in self._numbers:
                numbers = sorted(set.intersection(*(set(self._numbers[s]) for s in used)))
                self._numbers[chain.label] = tuple(numbers)
                members = (_member(chain.label, number) for number in numbers)
                self.labels += [label for label in members if label not in self.labels]


def _defines(chain: Chain) -> bool:
    """Whether it may be the definition of a symbol with an index."""
    if not chain.signs or _index(chain.label) not in _INDICES:
        return False
    lead = chain.sides[chain.lead]
    return bool(symbols_in(lead.tree)) and not lead.label


def _spelling(label: str) -> Spelling:
    return next(iter(spellings_of(label)), Spelling(label))


def _kronecker(chain: Chain) -> list[str]:
    r"""The labels `\delta_{ij}`: 1 where the two numbers are the same, else 0."""
    symbols = set().union(*(symbols_in(side.tree) for side in chain.sides))
    found = {label: _spelling(label) for label in symbols}
    return [
        label
        for label, (base, sub, _) in found.items()
        if base in _KRONECKER and len(sub) == _MOST_INDICES and set(sub) <= _INDICES
    ]


def _index(label: str) -> str:
    return _spelling(label).sub


def _member(label: str, number: int) -> str:
    return _spelling(label)._replace(sub=str(number)).label


def _put_in(side: Side, members: Mapping[str, Node]) -> Side:
    readings = [Formula(read.text, _renamed(read.tree, members)) for read in side.readings]
    return replace(side, readings=tuple(readings))


def _renamed(tree: Node, members: Mapping[str, Node]) -> Node:
    match tree:
        case Symbol(label):
            return members.get(label, tree)
        case Derivative(of, Symbol(label) as wrt):
            member = members.get(label)
            by = member if isinstance(member, Symbol) else wrt
            return Derivative(_renamed(of, members), by)
    return with_children(tree, tuple(_renamed(part, members) for part in children(tree)))
