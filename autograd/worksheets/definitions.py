r"""What a page defines: which formula and which number a symbol has at a place of the page.

A definition or a value holds from its place on and, where it is the first of its symbol, before it
too. An equation for a symbol that has a definition is a claim about it, unless it is another one:
under another heading, or of symbols that the first does not depend on.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from autograd.errors import ChalkgradError
from autograd.formulas.spelling import spellings_of
from autograd.formulas.symbols import stem
from autograd.formulas.syntax import Derivative, Negative, Number, Product, Sum, Symbol, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autograd.formulas.syntax import Node
    from autograd.worksheets.chains import Chain, Side

__all__ = ["Definition", "Definitions", "Role", "Update", "symbols_in"]

Role = Literal["definition", "value", "update", "claim", "mention"]

_DELTAS: Final = (r"\delta", "delta")
_STEPS: Final = (r"\eta", r"\alpha", "lr", r"\epsilon", r"\gamma", r"\mu", r"\lambda")


@dataclass(frozen=True, slots=True)
class Definition:
    """The formula of a symbol, by the chain at `place`; `tree` is None where it was not read."""

    tree: Node | None
    symbols: frozenset[str]
    place: int
    section: int
    line: int


@dataclass(frozen=True, slots=True)
class Update:
    """What a step of gradient descent makes of a parameter: `tree` is None without a rate."""

    parameter: str
    tree: Node | None
    generic: bool
    """Whether the parameter stands for any, as W does where the network has W_{11}."""


@dataclass(slots=True)
class Definitions:
    """What the chains of a page say. `roles` and `updates` are by the place of the chain."""

    chains: list[Chain]
    roles: list[Role] = field(default_factory=list)
    updates: dict[int, Update] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)
    _formulas: dict[str, list[Definition]] = field(default_factory=dict)
    _values: dict[str, list[tuple[int, float | None]]] = field(default_factory=dict)
    _formula_turns: list[int] = field(default_factory=list)  # places
    _value_turns: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.roles = ["claim" if chain.signs else "mention" for chain in self.chains]
        for chain in self._openings():
            if _is_update(chain):
                self.roles[chain.place] = "update"
        for chain in self._openings():
            self._enter_formula(chain)
        for chain in self._openings():
            self._enter_value(chain)
        self._enter_synonyms()
        self._enter_deltas()
        for chain in self.chains:
            if self.roles[chain.place] == "update":
                self.updates[chain.place] = self._update(chain)
        self._formula_turns = sorted(f.place for all_ in self._formulas.values() for f in all_[1:])
        self._value_turns = sorted(at for all_ in self._values.values() for at, _ in all_[1:])

    def in_force(self, place: int) -> dict[str, Definition]:
        """The definition of each symbol at a place."""
        found = {}
        for label, definitions in self._formulas.items():
            before = [definition for definition in definitions if definition.place <= place]
            found[label] = before[-1] if before else definitions[0]
        return found

    def values_at(self, place: int) -> dict[str, float]:
        """The number of each symbol that has one at a place."""
        found: dict[str, float] = {}
        for label, settings in self._values.items():
            before = [number for at, number in settings if at <= place]
            number = before[-1] if before else settings[0][1]
            if number is not None:
                found[label] = number
        return found

    def set_value(self, label: str, place: int, number: float) -> None:
        """From the place on, the symbol has this number."""
        self._values.setdefault(label, []).append((place, number))
        self._values[label].sort(key=lambda setting: setting[0])
        insort(self._value_turns, place)

    def epoch(self, place: int) -> tuple[int, int]:
        """How often, up to a place, a definition and a value has been replaced."""
        return bisect_right(self._formula_turns, place), bisect_right(self._value_turns, place)

    def rate(self, place: int) -> float | None:
        """The learning rate of the page at a place, where it has one."""
        values = self.values_at(place)
        return next((values[step] for step in _STEPS if values.get(step, 0.0) > 0.0), None)

    # What each chain is for.

    def _openings(self) -> Iterator[Chain]:
        """The chains that are claims so far, and begin with a symbol."""
        for chain in self.chains:
            if self.roles[chain.place] == "claim" and chain.label:
                yield chain

    def _enter_formula(self, chain: Chain) -> None:
        lead = chain.sides[chain.lead]
        if lead.label or lead.is_number or chain.signs[0] not in ("=", ":="):
            return
        tree = None if chain.problem else lead.tree
        earlier = self.in_force(chain.place).get(chain.label)
        if earlier and earlier.tree and not (tree and self._is_another(tree, earlier, chain)):
            return
        if tree is not None and chain.label in self._behind(symbols_in(tree), chain.place):
            return
        symbols = frozenset(symbols_in(tree))
        found = Definition(tree, symbols, chain.place, chain.section, lead.line)
        definitions = self._formulas.setdefault(chain.label, [])
        if definitions and definitions[-1].tree is None:
            definitions.pop()  # the first that was read counts
        definitions.append(found)
        self.roles[chain.place] = "definition"
        for side in chain.sides[1 : chain.lead]:
            if side.label not in self._formulas:
                self.synonyms[side.label] = chain.label

    def _is_another(self, tree: Node, earlier: Definition, chain: Chain) -> bool:
        """Whether a formula defines its symbol anew, rather than say something about it."""
        if earlier.tree is None or tree == earlier.tree:
            return False
        behind = self._behind(symbols_in(tree), chain.place)
        if not behind <= self._behind(earlier.symbols, chain.place):
            return True
        numbers = {part.value for part in walk(tree) if isinstance(part, Number)}
        known = {part.value for part in walk(earlier.tree) if isinstance(part, Number)}
        put_in = symbols_in(tree) < earlier.symbols and numbers - known
        return chain.section != earlier.section and not put_in

    def _behind(self, symbols: Iterable[str], place: int) -> set[str]:
        """These symbols and those they are computed from, by the definitions so far."""
        formulas = self.in_force(place)
        waiting = list(symbols)
        found: set[str] = set()
        while waiting:
            symbol = waiting.pop()
            if symbol not in found:
                found.add(symbol)
                if symbol in formulas:
                    waiting.extend(formulas[symbol].symbols)
        return found

    def _enter_value(self, chain: Chain) -> None:
        lead = chain.sides[chain.lead]
        labels = [side.label for side in chain.sides[: chain.lead]]
        if chain.signs[0] == "->" and not lead.is_number:
            self.roles[chain.place] = "mention"
        elif stem(chain.label)[1] == "new" and stem(chain.label)[0] in self._used():
            self.roles[chain.place] = "update"
        elif lead.is_number and not any(self._has_formula(label) for label in labels):
            self.roles[chain.place] = "value"
            number = None if chain.problem else _number(lead)
            for label in labels:
                self._formulas.pop(label, None)  # one that was not read
                for member in self._family(label):
                    self._values.setdefault(member, []).append((chain.place, number))

    def _enter_synonyms(self) -> None:
        """Of two symbols set equal, one that has neither a formula nor a number is the other."""
        together = [symbols_in(side.tree) for chain in self.chains for side in chain.sides]
        known = self._formulas.keys() | self._values.keys()
        for chain in self.chains:
            if self.roles[chain.place] in ("value", "mention"):
                continue
            for one, other in pairwise(chain.sides):
                pair = [self.resolved(side.label) for side in (one, other) if side.label]
                new = next((label for label in pair if label not in known), "")
                if len(set(pair)) < 2 or not new or any(set(pair) <= s for s in together):
                    continue
                self.synonyms[new] = pair[0] if pair[1] == new else pair[1]
                if chain.lead == len(chain.sides) - 1 and chain.label:
                    self.roles[chain.place] = "definition"

    def _enter_deltas(self) -> None:
        r"""A delta at the end of a chain is a name for its beginning: dL/dz = p - y = \delta."""
        for chain in self.chains:
            start, last = chain.sides[0], chain.sides[-1]
            base = next((found.base for found in spellings_of(last.label)[:1]), "")
            if base in _DELTAS and isinstance(start.tree, Derivative):
                symbols = frozenset(symbols_in(start.tree))
                found = Definition(start.tree, symbols, chain.place, chain.section, start.line)
                self._formulas.setdefault(self.resolved(last.label), [found])

    def resolved(self, label: str) -> str:
        """The symbol that stands for a label and all its synonyms."""
        while label in self.synonyms:
            label = self.synonyms[label]
        return label

    def _used(self) -> set[str]:
        """The symbols that some definition uses."""
        formulas = [found for definitions in self._formulas.values() for found in definitions]
        return {symbol for definition in formulas for symbol in definition.symbols}

    def _has_formula(self, label: str) -> bool:
        return any(definition.tree for definition in self._formulas.get(label, ()))

    def _family(self, label: str) -> list[str]:
        """The symbols that a value is for: W alone means every W_{ij} of the definitions."""
        used = self._used()
        if label in used:
            return [label]
        leaves = used - self._formulas.keys()
        members = [s for s in leaves if [found.base for found in spellings_of(s)[:1]] == [label]]
        return sorted(members) or [label]

    # Updates.

    def _update(self, chain: Chain) -> Update:
        parameter, _ = stem(chain.label)
        used = self._used()
        trees = [side.tree for side in chain.sides if side.tree is not None]
        terms = [part for tree in trees for part in walk(tree) if isinstance(part, Derivative)]
        loss = next((term.of for term in terms if isinstance(term.of, Symbol)), None)
        loss = loss or self._loss(parameter, chain.place)
        rates = self._rates(trees, used, chain.place)
        generic = parameter not in used
        if loss is None or not rates:
            return Update(parameter, None, generic)
        step_down = Negative(Product((rates[0], Derivative(loss, Symbol(parameter)))))
        return Update(parameter, Sum((Symbol(parameter), step_down)), generic)

    def _rates(self, trees: list[Node], used: set[str], place: int) -> list[Node]:
        """What may be the learning rate of an update, the likeliest first.

        A symbol in it; a number in it, unless the page has a learning rate that is another one.
        """
        there = {symbol for tree in trees for symbol in symbols_in(tree)}
        symbols: list[Node] = [Symbol(s) for s in _STEPS if s in there - used]
        numbers: list[Node] = [number for tree in trees for number in _rates_in(tree)]
        rate = self.rate(place)
        said: list[Node] = [Symbol(s) for s in _STEPS if s in self._values and s not in used]
        same = [n for n in numbers if isinstance(n, Number) and n.value == rate]
        return [*symbols, *same, *said, *numbers]

    def _loss(self, parameter: str, place: int) -> Symbol | None:
        """The one symbol computed from the parameter that nothing else is computed from."""
        formulas = self.in_force(place)
        used = {symbol for definition in formulas.values() for symbol in definition.symbols}
        ends = [
            label
            for label, definition in formulas.items()
            if label not in used and parameter in self._behind(definition.symbols, place)
        ]
        return Symbol(ends[0]) if len(ends) == 1 else None


def symbols_in(tree: Node | None) -> set[str]:
    """The labels in a tree, also those of derivatives."""
    if tree is None:
        return set()
    return {part.label for part in walk(tree) if isinstance(part, Symbol)}


def _is_update(chain: Chain) -> bool:
    r"""Whether it says what a step makes of a parameter, as `w_{new} = w - \eta g`."""
    bare, mark = stem(chain.label)
    lead = chain.sides[1].tree
    if lead is None or bare not in symbols_in(lead):
        return False
    return mark == "new" or bare == chain.label


def _rates_in(tree: Node) -> Iterator[Number]:
    """The numbers that a derivative, or its number, is multiplied by: 0.1 in w - 0.1 dL/dw."""
    for part in walk(tree):
        if isinstance(part, Product) and len(part.factors) > 1:
            slope = any(isinstance(factor, Derivative) for factor in part.factors)
            if slope or not symbols_in(part):
                yield from (factor for factor in part.factors[:1] if isinstance(factor, Number))


def _number(side: Side) -> float | None:
    try:
        return None if side.formula is None else side.formula.evaluate({})
    except ChalkgradError:
        return None
