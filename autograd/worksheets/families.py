r"""Index notation: where a page has z_1, z_2 and z_3, `z_i` stands for each of them.

`p_i = e^{z_i} / \sum_{k=1}^{3} e^{z_k}` then defines p_1, p_2 and p_3, and an equation with one
such index is a claim for each of its numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from autograd.formulas.reading import Formula
from autograd.formulas.spelling import Spelling, spellings_of
from autograd.formulas.syntax import Derivative, Symbol, children, with_children
from autograd.worksheets.definitions import symbols_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autograd.formulas.syntax import Node
    from autograd.worksheets.chains import Chain, Side

__all__ = ["Families"]

_INDICES: Final = frozenset("ijklmnc")


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
            if _defines(chain) and chain.label in self._numbers:
                found += [replace(member, given=True) for member in self.instances(chain).values()]
            found.append(chain)
        for place, chain in enumerate(found):
            chain.place = place
        return found

    def index(self, chain: Chain) -> str:
        """The indices for numbers in a chain, as "i" or "i, j"; empty if it has none."""
        return ", ".join(sorted({_spelling(label).sub for label in self._generic(chain)}))

    def instances(self, chain: Chain) -> dict[int, Chain]:
        """For each number its one index stands for, the chain with that number in its place."""
        generic = self._generic(chain)
        numbers = [set(self._numbers[label]) for label in generic]
        if len(self.index(chain)) != 1:
            return {}
        return {
            number: replace(
                chain,
                sides=[
                    _put_in(side, {s: _member(s, number) for s in generic}) for side in chain.sides
                ],
                signs=list(chain.signs),
            )
            for number in sorted(set.intersection(*numbers))
        }

    def _generic(self, chain: Chain) -> list[str]:
        symbols = set().union(*(symbols_in(side.tree) for side in chain.sides))
        return sorted(symbols & self._numbers.keys())

    def _take_over(self, chains: list[Chain]) -> None:
        """What is defined by a family, with the same index, is one: p_i by z_i."""
        waiting = [
            chain for chain in chains if _defines(chain) and chain.label not in self._numbers
        ]
        for chain in waiting * 2:  # one may need another that stands after it
            index = _spelling(chain.label).sub
            used = [s for s in self._generic(chain) if _spelling(s).sub == index]
            if used and chain.label not in self._numbers:
                numbers = sorted(set.intersection(*(set(self._numbers[s]) for s in used)))
                self._numbers[chain.label] = tuple(numbers)
                members = (_member(chain.label, number) for number in numbers)
                self.labels += [label for label in members if label not in self.labels]


def _defines(chain: Chain) -> bool:
    """Whether it may be the definition of a symbol with an index."""
    if not chain.signs or _spelling(chain.label).sub not in _INDICES:
        return False
    lead = chain.sides[chain.lead]
    return bool(symbols_in(lead.tree)) and not lead.label


def _spelling(label: str) -> Spelling:
    return next(iter(spellings_of(label)), Spelling(label))


def _member(label: str, number: int) -> str:
    return _spelling(label)._replace(sub=str(number)).label


def _put_in(side: Side, members: Mapping[str, str]) -> Side:
    readings = [Formula(read.text, _renamed(read.tree, members)) for read in side.readings]
    return replace(side, readings=tuple(readings))


def _renamed(tree: Node, names: Mapping[str, str]) -> Node:
    match tree:
        case Symbol(label):
            return Symbol(names.get(label, label))
        case Derivative(of, Symbol(wrt)):
            return Derivative(_renamed(of, names), Symbol(names.get(wrt, wrt)))
    return with_children(tree, tuple(_renamed(part, names) for part in children(tree)))
