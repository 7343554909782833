r"""What a page defines: which formula and which number a symbol has at a place of the page.

A definition or a value holds from its place on and, where it is the first of its symbol, before it
too. Nothing is redefined in silence: a second formula for a symbol begins another one under another
heading, or with a header such as `f(x, y) = ...`; else it is a claim about the first, or, where it
speaks of symbols that the page does not know, leaves in doubt which of the two holds.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from autograd.marking.symbols import stem
from autograd.notation import (
    Applied,
    Derivative,
    Expr,
    Listed,
    Number,
    Product,
    Relation,
    Sentence,
    Sum,
    Symbol,
    is_numeric,
    spelling_of,
    symbols_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autograd.marking.equations import Equation

Role = Literal["definition", "value", "update", "claim", "condition", "mention"]

_DELTAS: Final = (r"\delta", "delta")
_STEPS: Final = (r"\eta", r"\alpha", "lr", r"\epsilon", r"\gamma", r"\mu", r"\lambda")
_IFS: Final = frozenset(("if", "as", "when", "whenever", "unless", "until"))  # gives no value
_DERIVING: Final = ("\\dot", "\\ddot", "\\bar", "d", "\\Delta")  # what makes dL of L, \dot L of L


@dataclass(frozen=True, slots=True)
class Definition:
    """The formula of a symbol, by the equation at `place`; `tree` is None where it was not read.

    `arguments` are those of a header, as of f(x, y) = x y.
    """

    tree: Expr | None
    arguments: tuple[str, ...]
    place: int
    line: int
    section: int
    unit: int
    paragraph: int
    is_choice: bool = False
    """Whether it is supposed, as after `let`, not said as a fact."""

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols in its formula."""
        return frozenset(() if self.tree is None else symbols_of(self.tree))


@dataclass(frozen=True, slots=True)
class Update:
    """What a step of gradient descent makes of a parameter: `tree` is None without a rate."""

    parameter: str
    tree: Expr | None
    generic: bool
    """Whether the parameter stands for any, as W does where the network has W_{11}."""


def head_of(equation: Equation, place: int = 0) -> tuple[str, tuple[str, ...]]:
    """The symbol an equation may define, and its arguments: of `f(x, y) = ...` f and (x, y)."""
    tree = equation.sides[place].tree if equation.sides else None
    match tree:
        case Symbol(label):
            return label, ()
        case Applied(name, arguments, 0) if arguments:
            labels = [part.label for part in arguments if isinstance(part, Symbol)]
            if len(set(labels)) == len(arguments):
                return name, tuple(labels)
    return "", ()


def stepped_of(equation: Equation) -> str:
    """What an update makes, if it is one: also w' of w."""
    match equation.sides[0].tree:
        case Applied(name, (), 1):
            return f"{name}'"
    return head_of(equation)[0]


def lead_of(equation: Equation) -> int:
    """The place of the first side that is more than a name; the last place if none is.

    Names are symbols, and functions of symbols: of `y = f(x) = x^2` it is the last.
    """
    for place in range(1, len(equation.sides) - 1):
        if not head_of(equation, place)[0]:
            return place
    return len(equation.sides) - 1


@dataclass(slots=True)
class Definitions:
    """What the equations of a page say. `roles` and `updates` are by the place of the equation."""

    equations: list[Equation]
    roles: list[Role] = field(default_factory=list)
    updates: dict[int, Update] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)
    _formulas: dict[str, list[Definition]] = field(default_factory=dict)
    _values: dict[str, list[tuple[int, Expr | None]]] = field(default_factory=dict)
    _doubts: dict[str, list[tuple[int, int, Sentence]]] = field(default_factory=dict)
    _formula_turns: list[int] = field(default_factory=list)  # places
    _value_turns: list[int] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.roles = ["claim" if each.signs else "mention" for each in self.equations]
        for equation in self.equations:
            if "->" in equation.signs and not head_of(equation)[0]:
                self.roles[equation.place] = "mention"
        for equation in self.equations:
            if self.roles[equation.place] == "claim" and _is_update(equation):
                self.roles[equation.place] = "update"
        for equation in self._openings():
            self._enter_formula(equation)
        self._used = {symbol for each in self._all() for symbol in each.symbols}
        for equation in self._openings():
            self._enter_value(equation)
        self._enter_synonyms()
        self._enter_deltas()
        for equation in self.equations:
            if self.roles[equation.place] == "update":
                self.updates[equation.place] = self._update(equation)
            elif self.roles[equation.place] == "claim" and equation.is_condition:
                self.roles[equation.place] = "condition"
        self._formula_turns = sorted(
            each.place for all_ in self._formulas.values() for each in all_[1:]
        )
        self._formula_turns += [place for all_ in self._doubts.values() for place, _, _ in all_]
        self._formula_turns.sort()
        self._value_turns = sorted(at for all_ in self._values.values() for at, _ in all_[1:])

    def in_force(self, place: int) -> dict[str, Definition]:
        """The definition of each symbol at a place."""
        found = {}
        for label, definitions in self._formulas.items():
            before = [definition for definition in definitions if definition.place <= place]
            found[label] = before[-1] if before else definitions[0]
        return found

    def is_far(self, label: str, equation: Equation) -> bool:
        """Whether the formula of a symbol stands under another heading than an equation."""
        known = self.in_force(equation.place).get(label)
        return known is not None and known.section != equation.said.section

    def is_unsettled(self, labels: Iterable[str], equation: Equation) -> bool:
        """Whether some of these symbols have their number, or one of several, from elsewhere."""
        for label in labels:
            known = [each for each in self._values.get(label, []) if each[0] <= equation.place]
            said = self.equations[known[-1][0]].said if known else equation.said
            several = len({number for _, number in known}) > 1
            if said.section != equation.said.section or (
                several and said.unit != equation.said.unit
            ):
                return True
        return False

    def nearer(self, label: str, place: int) -> str:
        """A symbol of the same letter that is defined between this one and a place: f_c after f."""
        known, letter = self.in_force(place).get(label), label  # by itself, without an index
        since = known.place if known else -1
        others = (
            other
            for other, definitions in self._formulas.items()
            if other != label and any(since < each.place < place for each in definitions)
        )
        return next((other for other in others if spelling_of(other).base == letter), "")

    def in_doubt(self, place: int) -> dict[str, Sentence]:
        """The symbols of which it is not known at a place which of two formulas holds; and why."""
        in_force = self.in_force(place)
        return {
            label: reason
            for label, doubts in self._doubts.items()
            for since, against, reason in doubts
            if since <= place and label in in_force and in_force[label].place == against
        }

    def doubt(self, label: str, place: int, reason: Sentence) -> None:
        """From the place on it is not known whether the formula in force there still holds."""
        against = self.in_force(place)[label].place
        self._doubts.setdefault(label, []).append((place, against, reason))
        insort(self._formula_turns, place)

    def values_at(self, place: int) -> dict[str, Expr]:
        """The number of each symbol that has one at a place."""
        found: dict[str, Expr] = {}
        for label, settings in self._values.items():
            before = [number for at, number in settings if at <= place]
            number = before[-1] if before else settings[0][1]
            if number is not None:
                found[label] = number
        return found

    def set_value(self, label: str, place: int, number: Expr) -> None:
        """From the place on, the symbol has this number."""
        self._values.setdefault(label, []).append((place, number))
        self._values[label].sort(key=lambda setting: setting[0])
        insort(self._value_turns, place)

    def epoch(self, place: int) -> tuple[int, int]:
        """How often, up to a place, a definition and a value has been replaced."""
        return bisect_right(self._formula_turns, place), bisect_right(self._value_turns, place)

    def rate(self, place: int) -> Expr | None:
        """The learning rate of the page at a place, where it has one."""
        values = self.values_at(place)
        return next((values[step] for step in _STEPS if step in values), None)

    def resolved(self, label: str) -> str:
        """The symbol that stands for a label and all its synonyms."""
        while label in self.synonyms:
            label = self.synonyms[label]
        return label

    def is_known(self, label: str) -> bool:
        """Whether the page says something of a symbol, or of one with the same letter."""
        known = self._used | self._formulas.keys() | self._values.keys() | self.synonyms.keys()
        if label in known:
            return True
        base = spelling_of(label).base
        return any(spelling_of(other).base == base for other in known)

    # What each equation is for.

    def _all(self) -> Iterator[Definition]:
        for definitions in self._formulas.values():
            yield from definitions

    def _openings(self) -> Iterator[Equation]:
        """The equations that are claims so far, and begin with a symbol."""
        for equation in self.equations:
            if self.roles[equation.place] == "claim" and head_of(equation)[0]:
                yield equation

    def _enter_formula(self, equation: Equation) -> None:
        """The formula of all that is named before it: of L and f in `L = f(x) = x^2`."""
        at = lead_of(equation)
        lead = equation.sides[at]
        if "->" in equation.signs or equation.signs[0] not in ("=", ":="):
            return
        if isinstance(lead.tree, Listed) and all(is_numeric(item) for item in lead.tree.items):
            return
        tree = None if equation.problem else lead.tree
        first = head_of(equation)[0]
        for place in range(at):
            label, arguments = head_of(equation, place)
            if (lead.label and not arguments) or (
                lead.is_number and self._is_no_header(label, arguments)
            ):
                continue
            if place and not arguments:
                if label not in self._formulas:
                    self.synonyms[label] = first
            elif self._define(label, _definition(equation, tree, arguments, lead.line)):
                self.roles[equation.place] = "definition"

    def _is_no_header(self, label: str, arguments: tuple[str, ...]) -> bool:
        """Whether a number after a name is a value of it, or a claim: f(x) = 3 for a known f."""
        return not arguments or label in self._formulas

    def _define(self, label: str, found: Definition) -> bool:
        """Enters a formula, unless it is a claim about one before."""
        if label in self._behind(found.symbols, found.place):
            return False
        earlier = self.in_force(found.place).get(label)
        if earlier and earlier.place < found.place:
            match self._second(found, earlier):
                case "claim":
                    return False
                case "doubt":
                    self._doubt_between(label, earlier, found)
                    return False
        elif not earlier and self.is_derived(label):
            return False
        definitions = self._formulas.setdefault(label, [])
        if definitions and definitions[-1].tree is None and found.tree is not None:
            definitions.pop()  # the first that was read counts
        definitions.append(found)
        return True

    def _second(self, found: Definition, earlier: Definition) -> Role | Literal["doubt"]:
        """What a second formula for a symbol is."""
        if found.tree is not None and found.tree == earlier.tree:
            return "claim"
        numbers, known = (
            {part.value for part in walk(tree) if isinstance(part, Number)} if tree else set()
            for tree in (found.tree, earlier.tree)
        )
        put_in = found.symbols < earlier.symbols and bool(numbers - known)
        if found.is_choice or found.arguments or (found.unit != earlier.unit and not put_in):
            place, other = ((each.unit, each.paragraph) for each in (found, earlier))
            return "doubt" if place == other else "definition"
        if found.tree is None:
            return "doubt"
        behind = self._behind(earlier.symbols, found.place)
        if found.symbols and earlier.symbols and behind.isdisjoint(found.symbols):
            return "definition"  # of something else
        new = found.symbols - behind - self._formulas.keys()
        others = {symbol for each in self._all() for symbol in each.symbols}
        return "doubt" if new - others else "claim"

    def _doubt_between(self, label: str, earlier: Definition, later: Definition) -> None:
        one, other = (
            (_equation(label, each),) if each.tree is not None else ("what was not read",)
            for each in (earlier, later)
        )
        reason = Sentence(
            (f"line {earlier.line} says ", *one, f", line {later.line} says ", *other,
             ": which of the two holds?")
        )  # fmt: skip
        self._doubts.setdefault(label, []).append((later.place, earlier.place, reason))

    def is_derived(self, label: str) -> bool:
        r"""Whether a symbol looks like a derivative of one that has a formula: \dot L, L_a, dL."""
        spelling = spelling_of(label)
        for mark in _DERIVING:
            rest = label.removeprefix(mark).strip()
            bare = rest.removeprefix("{").removesuffix("}").strip()
            if bare != label and rest != label and bare in self._formulas:
                return True
        base = self._formulas.get(spelling.base)
        if base is None or not spelling.sub:
            return False
        return spelling.sub in self._behind(base[-1].symbols, base[-1].place)

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

    def _enter_value(self, equation: Equation) -> None:
        at = lead_of(equation)
        lead = equation.sides[at]
        labels = [side.label for side in equation.sides[:at]]
        bare, mark = stem(head_of(equation)[0])
        if "->" in equation.signs and not (lead.is_number and at == len(equation.sides) - 1):
            self.roles[equation.place] = "mention"
        elif mark == "new" and bare in self._used:
            self.roles[equation.place] = "update"
        elif equation.said.cue in _IFS and lead.is_number:
            self.roles[equation.place] = "condition"
        elif lead.is_number and all(labels) and not any(map(self._has_formula, labels)):
            self.roles[equation.place] = "value"
            number = None if equation.problem else lead.tree
            for label in labels if not isinstance(number, Listed) else ():
                self._formulas.pop(label, None)  # one that was not read
                for member in self._family(label):
                    self._values.setdefault(member, []).append((equation.place, number))

    def _enter_synonyms(self) -> None:
        """Of two symbols set equal, one that has neither a formula nor a number is the other."""
        together = [set(symbols_of(s.tree)) for e in self.equations for s in e.sides if s.tree]
        known = self._formulas.keys() | self._values.keys()
        for equation in self.equations:
            if self.roles[equation.place] in ("value", "mention") or not equation.sides[0].label:
                continue
            for one, other in pairwise(equation.sides):
                pair = [self.resolved(side.label) for side in (one, other) if side.label]
                new = next((label for label in pair if label not in known), "")
                if len(set(pair)) < 2 or not new or any(set(pair) <= both for both in together):
                    continue
                self.synonyms[new] = pair[0] if pair[1] == new else pair[1]
                if lead_of(equation) == len(equation.sides) - 1:
                    self.roles[equation.place] = "definition"

    def _enter_deltas(self) -> None:
        r"""A delta at the end of a chain is a name for its beginning: dL/dz = p - y = \delta."""
        for equation in self.equations:
            start, last = equation.sides[0], equation.sides[-1]
            is_delta = last.label and spelling_of(last.label).base in _DELTAS
            if is_delta and isinstance(start.tree, Derivative):
                found = _definition(equation, start.tree, (), start.line)
                self._formulas.setdefault(self.resolved(last.label), [found])

    def _has_formula(self, label: str) -> bool:
        return any(definition.tree for definition in self._formulas.get(label, ()))

    def _family(self, label: str) -> list[str]:
        """The symbols that a value is for: W alone means every W_{ij} that has no number itself."""
        if label in self._used:
            return [label]
        leaves = self._used - self._formulas.keys()
        members = [s for s in leaves if spelling_of(s).base == label]
        return sorted(members) or [label]

    # Updates.

    def _update(self, equation: Equation) -> Update:
        parameter, _ = stem(stepped_of(equation))
        trees = [side.tree for side in equation.sides if side.tree is not None]
        terms = [part for tree in trees for part in walk(tree) if isinstance(part, Derivative)]
        loss = next((term.of for term in terms if isinstance(term.of, Symbol)), None)
        loss = loss or self._loss(parameter, equation.place)
        rates = self._rates(trees, equation.place)
        generic = parameter not in self._used
        if loss is None or not rates:
            return Update(parameter, None, generic)
        return Update(
            parameter, Symbol(parameter) - rates[0] * Derivative(loss, Symbol(parameter)), generic
        )

    def _rates(self, trees: list[Expr], place: int) -> list[Expr]:
        """What may be the learning rate of an update, the likeliest first.

        A symbol in it; a number in it, unless the page has a learning rate that is another one.
        """
        there = set(symbols_of(*trees))
        symbols: list[Expr] = [Symbol(s) for s in _STEPS if s in there - self._used]
        numbers: list[Expr] = [number for tree in trees for number in _rates_in(tree)]
        rate = self.rate(place)
        said: list[Expr] = [Symbol(s) for s in _STEPS if s in self._values.keys() - self._used]
        same = [number for number in numbers if number == rate]
        return [*symbols, *same, *said, *numbers]

    def _loss(self, parameter: str, place: int) -> Symbol | None:
        """What the parameter is made better for.

        What was last differentiated by it; else the one symbol computed from it of which nothing
        else is computed.
        """
        for equation in reversed(self.equations[:place]):
            match equation.sides[0].tree:
                case Derivative(Symbol() as loss, Symbol(by), 1) if by == parameter:
                    return loss
        formulas = self.in_force(place)
        used = {symbol for definition in formulas.values() for symbol in definition.symbols}
        ends = [
            label
            for label, definition in formulas.items()
            if label not in used and parameter in self._behind(definition.symbols, place)
        ]
        return Symbol(ends[0]) if len(ends) == 1 else None


def _equation(label: str, definition: Definition) -> Expr:
    return Relation(Symbol(label), "=", definition.tree or Symbol(label))


def _definition(
    equation: Equation, tree: Expr | None, arguments: tuple[str, ...], line: int
) -> Definition:
    said = equation.said
    is_choice = equation.is_condition
    return Definition(
        tree, arguments, equation.place, line, said.section, said.unit, said.paragraph, is_choice
    )


def _is_update(equation: Equation) -> bool:
    r"""Whether it says what a step makes of a parameter, as `w_{new} = w - \eta g`."""
    label = stepped_of(equation)
    bare, mark = stem(label)
    lead = equation.sides[1].tree
    if not label or lead is None or bare not in symbols_of(lead):
        return False
    return mark == "new" or (bare == label and isinstance(lead, Sum))


def _rates_in(tree: Expr) -> Iterator[Number]:
    """The numbers that a derivative, or its number, is multiplied by: 0.1 in w - 0.1 dL/dw."""
    for part in walk(tree):
        if isinstance(part, Product) and len(part.factors) > 1:
            slope = any(isinstance(factor, Derivative) for factor in part.factors)
            if slope or is_numeric(part):
                yield from (factor for factor in part.factors[:1] if isinstance(factor, Number))
