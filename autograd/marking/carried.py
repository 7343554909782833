r"""What a page has claimed wrongly, and what follows from it: errors that are carried forward.

A line is right given an earlier wrong one when it is what its left side comes to with the wrong
formula, or the wrong number, in the place of the true one: as it stands in the line, or in the
chain rule that leads to it. So the mathematics of the page is taken once more with what is believed
in it, and the judge is asked again.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Final

from autograd.marking.judge import Judge
from autograd.notation import (
    Derivative,
    Expr,
    FormulaError,
    Symbol,
    derivative,
    rebuilt,
    symbols_of,
)

if TYPE_CHECKING:
    from autograd.marking.scopes import Scope

Key = str | tuple[str, str]  # a symbol, or the symbols of d(one)/d(other)

_MOST_BETWEEN: Final = 200  # symbols on the ways from one to the other


@dataclass(frozen=True, slots=True)
class Belief:
    """What was claimed instead of the truth, and in which line the wrong claim stands."""

    tree: Expr
    line: int


@dataclass(slots=True)
class Beliefs:
    """The claims so far that later lines may go by: formulas, and numbers at one set of values."""

    formulas: dict[Key, Belief] = field(default_factory=dict)
    numbers: dict[Key, Belief] = field(default_factory=dict)

    def add(self, subject: Expr, claimed: Expr, line: int, *, is_number: bool) -> None:
        """From now on, `subject` (a symbol or a derivative) is taken to be what was claimed."""
        key = key_of(subject)
        if key is not None:
            (self.numbers if is_number else self.formulas)[key] = Belief(claimed, line)

    def line_behind(
        self, reference: Expr, claim: Expr, scope: Scope, *, is_number: bool, rough: bool = False
    ) -> int:
        """The first line of these by which a claim equals the reference; 0 where by none."""
        known = self.formulas | self.numbers if is_number else self.formulas
        if not known:
            return 0
        try:
            believed = _Believed(known, scope)
            tree = believed.tree(reference)
        except FormulaError:
            return 0
        line = believed.line_of(tree)
        judge = Judge(believed.formulas, scope.values)
        if not line or not is_number:
            return line if line and judge.compare(tree, claim).verdict == "same" else 0
        numbers = scope.judge.known_numbers()
        verdict = judge.compare_number(tree, claim, rough=rough, known=numbers).verdict
        return 0 if verdict in ("wrong", "undecided") else line


def key_of(subject: Expr) -> Key | None:
    """What a belief about a symbol or a derivative of symbols goes by; None for other trees."""
    match subject:
        case Symbol(label):
            return label
        case Derivative(Symbol(of), Symbol(wrt), 1):
            return of, wrt
    return None


class _Believed:
    r"""The formulas of a page with beliefs in them.

    Derivatives are symbols of their own here, `d L/d z`, given by what is believed or else by the
    chain rule over the symbols between: dL/dw = sum over p of dL/dp dp/dw.
    """

    def __init__(self, known: dict[Key, Belief], scope: Scope) -> None:
        self.known = known
        self.scope = scope
        self.formulas = dict(scope.formulas)
        self._lines: dict[str, int] = {}
        for key, belief in known.items():
            if isinstance(key, str) and key not in symbols_of(belief.tree):
                self.formulas[key] = self.tree(belief.tree)
                self._lines[key] = belief.line

    def tree(self, tree: Expr) -> Expr:
        """The tree with its derivatives of symbols as believed."""
        return rebuilt(tree, self._slope)

    def _slope(self, part: Expr) -> Expr | None:
        key = key_of(part)
        return self._derivative(*key) if isinstance(key, tuple) else None

    def _derivative(self, of: str, wrt: str) -> Expr:
        if of == wrt or not self.scope.judge.depends(of, wrt):
            return Derivative(Symbol(of), Symbol(wrt))
        name = f"d {of}/d {wrt}"
        if name not in self.formulas:
            self.formulas[name] = Symbol(name)  # until it is known, lest beliefs go in circles
            belief = self.known.get((of, wrt))
            if belief is not None:
                self._lines[name] = belief.line
                self.formulas[name] = self.tree(belief.tree)
            else:
                self.formulas[name] = self._by_chain_rule(of, wrt)
            if name in symbols_of(self.formulas[name]):
                raise FormulaError("beliefs in a circle", name, 0, 0)
        return Symbol(name)

    def _by_chain_rule(self, of: str, wrt: str) -> Expr:
        above = self.scope.judge.users(wrt, of)
        if not 0 < len(above) <= _MOST_BETWEEN:
            raise FormulaError("no way, or too many", of, 0, 0)
        factors = ((parent, self._factor(parent, wrt)) for parent in above)
        terms = (f if parent == of else self._derivative(of, parent) * f for parent, f in factors)
        return reduce(operator.add, terms)

    def _factor(self, parent: str, child: str) -> Expr:
        belief = self.known.get((parent, child))
        if belief is None:
            return derivative(self.scope.formulas[parent], child)
        name = f"d {parent}|d {child}"
        self._lines[name] = belief.line
        self.formulas[name] = belief.tree
        return Symbol(name)

    def line_of(self, tree: Expr) -> int:
        """The first line of a belief that a tree depends on; 0 where it depends on none."""
        seen: dict[str, None] = {}
        waiting = symbols_of(tree)
        while waiting:
            seen |= waiting
            trees = [self.formulas[label] for label in waiting if label in self.formulas]
            waiting = {label: None for label in symbols_of(*trees) if label not in seen}
        return min((self._lines[label] for label in seen if label in self._lines), default=0)
