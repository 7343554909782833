r"""What a page says: what each equation is for, and what each symbol is at a place of the page.

A definition or a value holds from its place on and, where it is the first of its symbol, before it
too. Nothing is redefined in silence: a second formula for a symbol begins another one under another
heading, or with a header such as `f(x, y) = ...`; else it is a claim about the first, or, where it
speaks of symbols that the page does not know, leaves in doubt which of the two holds.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from autograd.marking.prose import is_scaled
from autograd.marking.scopes import Scope, behind
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
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from autograd.marking.statements import Equation

Role = Literal["definition", "value", "update", "claim", "condition", "mention"]

_DELTAS: Final = (r"\delta", "delta")
_STEPS: Final = (r"\eta", r"\alpha", "lr", r"\epsilon", r"\gamma", r"\mu", r"\lambda")
_IFS: Final = frozenset(("if", "as", "when", "whenever", "unless", "until"))  # gives no value
_NEAR: Final = 8  # equations
_DERIVING: Final = ("\\dot", "\\ddot", "\\bar", "d", "\\Delta")  # what makes dL of L, \dot L of L


class Definition(NamedTuple):
    """The formula or the number of a symbol, and the equation that says so, with the line.

    `tree` is None where it was not read; `arguments` are those of a header, as of f(x, y) = x y.
    """

    tree: Expr | None
    said: Equation
    line: int
    arguments: tuple[str, ...] = ()

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols in its formula."""
        return frozenset(() if self.tree is None else symbols_of(self.tree))


class _Doubt(NamedTuple):
    """From a place on it is not known whether this definition still holds."""

    label: str
    place: int
    against: Definition
    reason: Sentence


class Update(NamedTuple):
    """What a step of gradient descent makes of a parameter: `tree` is None without a rate.

    It is `generic` where the parameter stands for any, as W does where the network has W_{11}.
    """

    parameter: str
    tree: Expr | None
    generic: bool


class Definitions:
    """What the equations of a page say. `roles` and `updates` are by the place of the equation."""

    def __init__(self, equations: Sequence[Equation], labels: Iterable[str]) -> None:
        self.equations = equations
        self._labels = frozenset(labels)
        self.roles: list[Role] = ["claim" if each.signs else "mention" for each in equations]
        self.updates: dict[int, Update] = {}
        self.synonyms: dict[str, str] = {}
        self._formulas: dict[str, list[Definition]] = {}
        self._values: dict[str, list[Definition]] = {}
        self._doubts: list[_Doubt] = []
        self._scopes: dict[tuple[int, int], Scope] = {}
        for each in equations:
            if "->" in each.signs and not each.head()[0]:
                self.roles[each.place] = "mention"
            elif each.signs and _is_update(each):
                self.roles[each.place] = "update"
        for each in self._openings():
            self._enter_formula(each)
        self._used = {symbol for found in self._all() for symbol in found.symbols}
        for each in self._openings():
            self._enter_value(each)
        self._enter_synonyms()
        for each in equations:  # a delta at the end of a chain names its beginning
            start, last = each.sides[0], each.sides[-1].label
            if isinstance(start.tree, Derivative) and last and spelling_of(last).base in _DELTAS:
                found = Definition(start.tree, each, start.line)
                self._formulas.setdefault(self.resolved(last), [found])
        for each in equations:
            label = each.head()[0]
            if self.roles[each.place] == "update" and label in self._values and _is_step(each):
                stepped = Definition(None, each, each.line)
                insort(self._values[label], stepped, key=lambda found: found.said.place)
        for each in equations:
            if self.roles[each.place] == "update":
                self.updates[each.place] = self._update(each)
            elif self.roles[each.place] == "claim" and each.is_condition:
                self.roles[each.place] = "condition"
        self._formula_turns = [found.said.place for f in self._formulas.values() for found in f[1:]]
        self._formula_turns = sorted([*self._formula_turns, *(d.place for d in self._doubts)])
        self._value_turns = sorted(v.said.place for each in self._values.values() for v in each[1:])

    # What holds at a place.

    def formulas_at(self, place: int) -> dict[str, Definition]:
        """The definition of each symbol at a place."""
        return _at(self._formulas, place)

    def scope(self, place: int) -> Scope:
        """The mathematics there; the same as long as nothing is defined or valued anew."""
        epoch = bisect_right(self._formula_turns, place), bisect_right(self._value_turns, place)
        if epoch in self._scopes:
            return self._scopes[epoch]
        formulas = self.formulas_at(place)
        broken = {
            s: Sentence(("the definition of ", Symbol(s), f" in line {found.line} is not read"))
            for s, found in formulas.items()
            if found.tree is None
        }
        for doubt in self._doubts:
            if doubt.place <= place and formulas.get(doubt.label) is doubt.against:
                broken[doubt.label] = doubt.reason
        trees = {
            label: found.tree
            for label, found in formulas.items()
            if found.tree is not None and label not in self.synonyms
        }
        for at, update in self.updates.items():  # what they make, as w_{new}
            label = self.equations[at].sides[0].label
            if update.tree is not None and label != update.parameter and not update.generic:
                trees.setdefault(label, update.tree)
        self._scopes[epoch] = Scope(
            formulas=trees,
            arguments={s: found.arguments for s, found in formulas.items() if found.arguments},
            values=self._values_at(place),
            broken=broken,
            synonyms={old: self.resolved(old) for old in self.synonyms},
            is_known=self.is_known,
            epoch=epoch,
        )
        return self._scopes[epoch]

    def doubt(self, label: str, place: int, reason: Sentence) -> None:
        """From the place on it is not known whether the formula in force there still holds."""
        self._doubts.append(_Doubt(label, place, self.formulas_at(place)[label], reason))
        insort(self._formula_turns, place)

    def set_value(self, label: str, said: Equation, number: Expr) -> None:
        """From the place of an equation on, the symbol has this number."""
        found = Definition(number, said, said.line)
        insort(self._values.setdefault(label, []), found, key=lambda each: each.said.place)
        insort(self._value_turns, said.place)

    def rate(self, place: int) -> Expr | None:
        """The learning rate of the page at a place, where it has one."""
        values = self._values_at(place)
        return next((values[step] for step in _STEPS if step in values), None)

    def resolved(self, label: str) -> str:
        """The symbol that stands for a label and all its synonyms."""
        while label in self.synonyms:
            label = self.synonyms[label]
        return label

    def is_known(self, label: str) -> bool:
        """Whether the page says something of a symbol, or of one with the same letter."""
        known = self._used | self._formulas.keys() | self._values.keys() | self.synonyms.keys()
        base = spelling_of(label).base
        return label in known or any(spelling_of(other).base == base for other in known)

    def is_unsettled(self, labels: Iterable[str], equation: Equation) -> bool:
        """Whether some of these symbols have their number, or one of several, from elsewhere."""
        for label in labels:
            known = [v for v in self._values.get(label, []) if v.said.place <= equation.place]
            said = known[-1].said if known else equation
            several = len({value.tree for value in known}) > 1
            if said.section != equation.section or (several and said.unit != equation.unit):
                return True
        return False

    def is_equation_for(self, label: str, equation: Equation) -> bool:
        """Whether beside it stands an equation for a function, which speaks of f and of f'."""
        for each in self.equations[max(0, equation.place - _NEAR) : equation.place + _NEAR]:
            trees = [side.tree for side in each.sides if side.tree is not None]
            parts = (part for tree in trees for part in walk(tree))
            orders = {p.primes for p in parts if isinstance(p, Applied) and p.name == label}
            if each.paragraph == equation.paragraph and len(orders) > 1:
                return True
        return False

    def scaled(self, labels: Iterable[str], place: int) -> str:
        """One of these symbols that has its number in a unit such as km; empty if none has."""
        for label, found in _at(self._values, place).items():
            if label in labels and is_scaled(found.said.sides[found.said.lead].unit):
                return label
        return ""

    def nearer(self, label: str, place: int) -> str:
        """A symbol of the same letter that is defined between this one and a place: f_c after f."""
        known = self.formulas_at(place).get(label)
        since = known.said.place if known else -1
        for other, found in self._formulas.items():
            between = any(since < each.said.place < place for each in found)
            if other != label and between and spelling_of(other).base == label:
                return other
        return ""

    def is_derived(self, label: str) -> bool:
        r"""Whether a symbol looks like a derivative of one that has a formula: \dot L, L_a, dL."""
        for mark in _DERIVING:
            rest = label.removeprefix(mark).strip()
            bare = rest.removeprefix("{").removesuffix("}").strip()
            if bare != label and rest != label and bare in self._formulas:
                return True
        spelling = spelling_of(label)
        base = self._formulas.get(spelling.base)
        if base is None or not spelling.sub:
            return False
        return spelling.sub in self._behind(base[-1].symbols, base[-1].said.place)

    def is_partial(self, label: str) -> bool:
        """Whether a symbol is written like a partial derivative: F_x, F_{xy}."""
        letters = spelling_of(label).sub
        return letters.isalpha() and set(letters) <= self._labels

    def _values_at(self, place: int) -> dict[str, Expr]:
        found = _at(self._values, place)
        return {label: value.tree for label, value in found.items() if value.tree is not None}

    def _all(self) -> Iterator[Definition]:
        return (found for definitions in self._formulas.values() for found in definitions)

    def _behind(self, symbols: Iterable[str], place: int) -> set[str]:
        """These symbols and those they are computed from, by the definitions so far."""
        formulas = self.formulas_at(place)
        return set(behind(symbols, lambda s: formulas[s].symbols if s in formulas else ()))

    # What each equation is for.

    def _openings(self) -> Iterator[Equation]:
        """The equations that are claims so far, and begin with a symbol."""
        for equation in self.equations:
            if self.roles[equation.place] == "claim" and equation.head()[0]:
                yield equation

    def _enter_formula(self, equation: Equation) -> None:
        """The formula of all that is named before it: of L and f in `L = f(x) = x^2`."""
        lead = equation.sides[equation.lead]
        if "->" in equation.signs or equation.signs[0] == "~":
            return
        if isinstance(lead.tree, Listed) and all(map(is_numeric, lead.tree.items)):
            return
        tree = None if equation.problem else lead.tree
        for place in range(equation.lead):
            label, arguments = equation.head(place)
            is_value = lead.is_number and (not arguments or label in self._formulas)  # or a claim
            if is_value or (lead.label and not arguments):
                continue
            if place and not arguments:
                head = self.resolved(equation.head()[0])
                if label not in self._formulas and head != self.resolved(label):
                    self.synonyms[self.resolved(label)] = head
            elif self._define(label, Definition(tree, equation, lead.line, arguments)):
                self.roles[equation.place] = "definition"

    def _define(self, label: str, found: Definition) -> bool:
        """Enters a formula, unless it is a claim about one before."""
        place = found.said.place
        if label in self._behind(found.symbols, place):
            return False
        earlier = self.formulas_at(place).get(label)
        if earlier is None and self.is_derived(label):
            return False
        second = self._second(found, earlier) if earlier and earlier.said.place < place else ""
        if earlier and second == "doubt":
            said: list[str | Expr] = []
            for each in (earlier, found):
                said += [", " if said else "", f"line {each.line} says "]
                said.append(Relation(Symbol(label), "=", each.tree) if each.tree else "what was "
                            "not read")  # fmt: skip
            reason = Sentence((*said, ": which of the two holds?"))
            self._doubts.append(_Doubt(label, place, earlier, reason))
        if second in ("claim", "doubt"):
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
            {part.value for part in walk(each.tree) if isinstance(part, Number)}
            if each.tree
            else set()
            for each in (found, earlier)
        )
        here, there = found.said, earlier.said
        put_in = found.symbols < earlier.symbols and bool(numbers - known)
        is_new = here.is_condition or found.arguments or (here.unit != there.unit and not put_in)
        if is_new:
            is_near = (here.unit, here.paragraph) == (there.unit, there.paragraph)
            return "doubt" if is_near else "definition"
        if found.tree is None:
            return "doubt"
        under = self._behind(earlier.symbols, here.place)
        if found.symbols and earlier.symbols and under.isdisjoint(found.symbols):
            return "definition"  # of something else
        others = {symbol for each in self._all() for symbol in each.symbols}
        return "doubt" if found.symbols - under - self._formulas.keys() - others else "claim"

    def _enter_value(self, equation: Equation) -> None:
        at = equation.lead
        lead = equation.sides[at]
        labels = [side.label for side in equation.sides[:at]]
        bare, mark = stem(equation.head()[0])
        if "->" in equation.signs and not (lead.is_number and at == len(equation.sides) - 1):
            self.roles[equation.place] = "mention"
        elif mark == "new" and bare in self._used:
            self.roles[equation.place] = "update"
        elif equation.cue in _IFS and lead.is_number:
            self.roles[equation.place] = "condition"
        elif lead.is_number and all(labels) and not any(map(self._has_formula, labels)):
            self.roles[equation.place] = "value"
            found = Definition(None if equation.problem else lead.tree, equation, lead.line)
            for label in labels if not isinstance(lead.tree, Listed) or equation.problem else ():
                self._formulas.pop(label, None)  # one that was not read
                for member in self._family(label):
                    self._values.setdefault(member, []).append(found)

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
                if equation.lead == len(equation.sides) - 1:
                    self.roles[equation.place] = "definition"

    def _has_formula(self, label: str) -> bool:
        return any(definition.tree for definition in self._formulas.get(label, ()))

    def _family(self, label: str) -> list[str]:
        """The symbols that a value is for: W alone means every W_{ij} that has no number itself."""
        leaves = self._used - self._formulas.keys()
        members = sorted(s for s in leaves if spelling_of(s).base == label)
        return [label] if label in self._used or not members else members

    # Updates.

    def _update(self, equation: Equation) -> Update:
        parameter, _ = stem(_stepped(equation))
        trees = [side.tree for side in equation.sides if side.tree is not None]
        losses = (part.of for tree in trees for part in walk(tree) if isinstance(part, Derivative))
        loss = next((of for of in losses if isinstance(of, Symbol)), None)
        if _is_step(equation):
            return Update(parameter, None, generic=False)
        loss = loss or self._loss(parameter, equation.place)
        rate = next(self._rates(trees, equation.place), None)
        tree = None
        if loss is not None and rate is not None:
            tree = Symbol(parameter) - rate * Derivative(loss, Symbol(parameter))
        return Update(parameter, tree, parameter not in self._used)

    def _rates(self, trees: list[Expr], place: int) -> Iterator[Expr]:
        """What may be the learning rate of an update, the likeliest first.

        A symbol in it; a number in it, unless the page has a learning rate that is another one.
        """
        steps = [step for step in _STEPS if step not in self._used]
        numbers = [number for tree in trees for number in _rates_in(tree)]
        there, rate = symbols_of(*trees), self.rate(place)
        yield from (Symbol(step) for step in steps if step in there)
        yield from (number for number in numbers if number == rate)
        yield from (Symbol(step) for step in steps if step in self._values)
        yield from numbers

    def _loss(self, parameter: str, place: int) -> Symbol | None:
        """What the parameter is made better for.

        What was last differentiated by it; else the one symbol computed from it of which nothing
        else is computed.
        """
        for equation in reversed(self.equations[:place]):
            match equation.sides[0].tree:
                case Derivative(Symbol() as loss, Symbol(by), 1) if by == parameter:
                    return loss
        formulas = self.formulas_at(place)
        used = {symbol for found in formulas.values() for symbol in found.symbols}
        ends = [
            label
            for label, found in formulas.items()
            if label not in used and parameter in self._behind(found.symbols, place)
        ]
        return Symbol(ends[0]) if len(ends) == 1 else None


def _at(said: Mapping[str, list[Definition]], place: int) -> dict[str, Definition]:
    """What is said of each symbol last before a place, or else first after it."""
    return {
        label: next((each for each in reversed(found) if each.said.place <= place), found[0])
        for label, found in said.items()
    }


def _stepped(equation: Equation) -> str:
    """What an update makes, if it is one: also w' of w."""
    match equation.sides[0].tree:
        case Applied(name, (), 1):
            return f"{name}'"
    return equation.head()[0]


def _is_update(equation: Equation) -> bool:
    r"""Whether it says what a step makes of a parameter, as `w_{new} = w - \eta g`."""
    label = _stepped(equation)
    bare, mark = stem(label)
    lead = equation.sides[1].tree
    if not label or lead is None or bare not in symbols_of(lead):
        return False
    if mark == "new" and label.endswith("'") and not isinstance(lead, Sum):
        return False  # y' = 1/(2y)
    return mark == "new" or (bare == label and (isinstance(lead, Sum) or _is_step(equation)))


def _is_step(equation: Equation) -> bool:
    """Whether what is made is no sum of a parameter and a step, but as `x ← c x` anything."""
    return equation.signs[0] == ":=" and not isinstance(equation.sides[1].tree, Sum)


def _rates_in(tree: Expr) -> Iterator[Number]:
    """The numbers that a derivative, or its number, is multiplied by: 0.1 in w - 0.1 dL/dw."""
    for part in walk(tree):
        if isinstance(part, Product) and len(part.factors) > 1:
            slope = any(isinstance(factor, Derivative) for factor in part.factors)
            if slope or is_numeric(part):
                yield from (factor for factor in part.factors[:1] if isinstance(factor, Number))
