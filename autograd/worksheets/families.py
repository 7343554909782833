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
_MOST_INDICES: Final = 2  # in one equation
_DELTA: Final = r"\delta"


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
        known = list(chains)
        self._take_over(known)
        made = (side.tree for c in known for i in self.instances(c).values() for side in i.sides)
        new = set().union(*map(symbols_in, made)) - set(self.labels)
        self.labels += sorted(new)

    def with_members(self, chains: Sequence[Chain]) -> list[Chain]:
        """The chains, and before each that defines a family one for each of its members."""
        found: list[Chain] = []
        for chain in chains:
            if self.indices(chain) == [_index(_defined(chain))]:
                found += [replace(member, given=True) for member in self.instances(chain).values()]
            found.append(chain)
        for place, chain in enumerate(found):
            chain.place = place
        return found

    def indices(self, chain: Chain) -> list[str]:
        """The indices for numbers in a chain."""
        return sorted({_index(label) for label in self._generic(chain)})

    def instances(self, chain: Chain) -> dict[str, Chain]:
        r"""The chain with numbers for its indices, by "i = 1, j = 2".

        The numbers of two indices differ, unless a `\delta_{ij}` tells the cases apart.
        """
        indices = self.indices(chain)
        if not 1 <= len(indices) <= _MOST_INDICES:
            return {}
        generic = self._generic(chain)
        possible = [
            set.intersection(*(set(self._numbers[s]) for s in generic if _index(s) == index))
            for index in indices
        ]
        found = {}
        for numbers in itertools.product(*map(sorted, possible)):
            if len(set(numbers)) == len(numbers) or self.tells_apart(chain):
                number_of = dict(zip(indices, numbers, strict=True))
                members = {label: _member(label, number_of) for label in _symbols(chain)}
                sides = [_put_in(side, members) for side in chain.sides]
                where = ", ".join(f"{index} = {number}" for index, number in number_of.items())
                found[where] = replace(chain, sides=sides, signs=list(chain.signs))
        return found

    def tells_apart(self, chain: Chain) -> bool:
        r"""Whether a `\delta_{ij}` says what holds where the chain's two indices are the same."""
        deltas = (_spelling(s).sub for s in _symbols(chain) if _spelling(s).base == _DELTA)
        return any(sorted(sub) == self.indices(chain) for sub in deltas)

    def _generic(self, chain: Chain) -> list[str]:
        return sorted(_symbols(chain) & self._numbers.keys())

    def _take_over(self, chains: list[Chain]) -> None:
        """What is defined by a family, with the same index, is one: p_i by z_i."""
        for chain in chains * 2:  # one may need another that stands after it
            label = _defined(chain)
            used = [s for s in self._generic(chain) if _index(s) == _index(label)]
            if label and used and label not in self._numbers:
                numbers = sorted(set.intersection(*(set(self._numbers[s]) for s in used)))
                self._numbers[label] = tuple(numbers)


def _defined(chain: Chain) -> str:
    """The symbol with an index that a chain may define, at its head or as a delta at its end."""
    if not chain.signs:
        return ""
    last, lead = chain.sides[-1].label, chain.sides[chain.lead]
    is_delta = isinstance(chain.sides[0].tree, Derivative) and _spelling(last).base == _DELTA
    label = last if is_delta else chain.label if symbols_in(lead.tree) and not lead.label else ""
    return label if _index(label) in _INDICES else ""


def _symbols(chain: Chain) -> set[str]:
    return set().union(*(symbols_in(side.tree) for side in chain.sides))


def _spelling(label: str) -> Spelling:
    return next(iter(spellings_of(label)), Spelling(label))


def _index(label: str) -> str:
    return _spelling(label).sub


def _member(label: str, number_of: Mapping[str, int]) -> Node:
    r"""What a label stands for at these numbers: w_{12} for w_{ij}, 0 for \delta_{ij}, itself."""
    spelled = _spelling(label)
    parts = [str(number_of.get(letter, letter)) for letter in spelled.sub]
    is_put_in = any(letter in number_of for letter in spelled.sub)
    if not is_put_in or len(parts) > _MOST_INDICES or not all(part.isdigit() for part in parts):
        return Symbol(label)
    if spelled.base == _DELTA and len(parts) == _MOST_INDICES:
        return Number(float(parts[0] == parts[1]))
    separator = "" if all(len(part) == 1 for part in parts) else ","
    return Symbol(spelled._replace(sub=separator.join(parts)).label)


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
