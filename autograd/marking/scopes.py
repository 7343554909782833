"""The mathematics that holds at one place of a page: formulas, numbers, what is not known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from autograd.errors import ChalkgradError
from autograd.marking.judge import Judge
from autograd.notation import (
    Applied,
    At,
    Derivative,
    Expr,
    FormulaError,
    Sentence,
    Symbol,
    is_numeric,
    rebuilt,
    substituted,
    symbols_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from autograd.marking.definitions import Definitions


class UnknownError(ChalkgradError):
    """What a formula means cannot be told from the page; `reason` says why."""

    def __init__(self, *parts: str | Expr) -> None:
        self.reason = Sentence(parts)
        super().__init__(self.reason.text())


@dataclass
class Scope:
    """What holds at a place: `formulas` by symbol, `arguments` of those that are functions, and the
    `values` of other symbols.

    `broken` says of symbols that cannot be judged by, why not.
    """

    formulas: dict[str, Expr]
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Expr] = field(default_factory=dict)
    broken: Mapping[str, Sentence] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)
    is_known: Callable[[str], bool] = bool
    epoch: tuple[int, int] = (0, 0)

    @cached_property
    def judge(self) -> Judge:
        """The judge of what is claimed here."""
        return Judge(self.formulas, self.values)

    def resolved(self, tree: Expr) -> Expr:
        r"""The tree with the page's functions put in, and one name for each symbol.

        `f(a)` is the formula of f at a; `f'(x)`, `f'` and `y''` are derivatives. Raises
        UnknownError for a function that has no formula here.
        """
        return rebuilt(
            renamed(tree, self.synonyms),
            lambda part: self._called(part) if isinstance(part, Applied) else None,
        )

    def _called(self, part: Applied) -> Expr:
        formula = self.formulas.get(part.name)
        if formula is None:
            kind = "function" if part.arguments else "symbol"
            raise UnknownError(Symbol(part.name), f" is a {kind} without a formula on this page")
        given = tuple(self.resolved(argument) for argument in part.arguments)
        names = self.arguments.get(part.name) or self._only_variable(part, len(given))
        if given and len(given) != len(names):
            shown = Applied(part.name, tuple(map(Symbol, names)))
            raise UnknownError(Symbol(part.name), " is defined as ", shown)
        if part.primes and len(names) != 1:
            raise UnknownError("it is not said by which symbol ", part, " differentiates")
        tree: Expr = Symbol(part.name)
        if part.primes:
            tree = Derivative(tree, Symbol(names[0]), part.primes)
        if given == tuple(map(Symbol, names)) or not given:
            return tree
        if part.primes:
            return At(tree, Symbol(names[0]), given[0])
        return substituted(formula, dict(zip(names, given, strict=True)))

    def _only_variable(self, part: Applied, count: int) -> tuple[str, ...]:
        """The one symbol that a formula without a header depends on, of those without a number."""
        leaves: dict[str, None] = {}
        waiting = [part.name]
        seen: set[str] = set()
        while waiting:
            label = waiting.pop()
            if label in seen:
                continue
            seen.add(label)
            if label in self.formulas:
                waiting.extend(symbols_of(self.formulas[label]))
            else:
                leaves[label] = None
        free = list(leaves)
        if len(free) != 1 or count > 1:
            raise UnknownError("of which symbol ", Symbol(part.name), " is a function is not said")
        return (free[0],)

    def reasons_against(self, tree: Expr) -> Iterator[Sentence]:
        """Why the truth about a tree cannot be known from the page, if so."""
        for label in self.judge.cone(tree):
            if label in self.broken:
                yield self.broken[label]

    def derivatives(self, tree: Expr) -> Iterator[tuple[Expr, Symbol]]:
        """The derivatives in a tree that are 0 by the page, as nothing in them depends on that."""
        for part in walk(tree):
            if (
                isinstance(part, Derivative)
                and not is_numeric(part.of)
                and not any(self.judge.depends(s, part.wrt.label) for s in symbols_of(part.of))
            ):
                yield part.of, part.wrt


class Scopes:
    """The scope at any place; the same one as long as nothing is defined or valued anew."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._known: dict[tuple[int, int], Scope] = {}

    def at(self, place: int) -> Scope:
        """The scope at the place of an equation."""
        epoch = self._definitions.epoch(place)
        if epoch not in self._known:
            self._known[epoch] = self._made(place, epoch)
        return self._known[epoch]

    def _made(self, place: int, epoch: tuple[int, int]) -> Scope:
        definitions = self._definitions.in_force(place)
        broken = {
            label: Sentence(
                ("the definition of ", Symbol(label), f" in line {found.line} is not read")
            )
            for label, found in definitions.items()
            if found.tree is None
        } | self._definitions.in_doubt(place)
        synonyms = {old: self._definitions.resolved(old) for old in self._definitions.synonyms}
        trees = {
            label: renamed(each.tree, synonyms)
            for label, each in definitions.items()
            if each.tree is not None and label not in synonyms
        }
        arguments = {label: each.arguments for label, each in definitions.items() if each.arguments}
        self._add_updates(trees)
        order = _order(trees)
        for label in trees.keys() - set(order):
            broken[label] = Sentence((Symbol(label), " is defined by itself"))
        scope = Scope(
            {}, arguments, self._definitions.values_at(place), broken,
            synonyms, self._definitions.is_known, epoch,
        )  # fmt: skip
        for label in order:
            try:
                tree = scope.resolved(trees[label])
                Judge({}).step(tree)
                is_changed = tree is not trees[label]  # a function was put in
                if is_changed and label in _behind(tree, scope.formulas):
                    raise UnknownError(Symbol(label), " is defined by itself")
                scope.formulas[label] = tree
            except UnknownError as error:
                broken[label] = error.reason
            except FormulaError as error:
                broken[label] = Sentence((f"{error.problem}: ", Symbol(label)))
        return scope

    def _add_updates(self, trees: dict[str, Expr]) -> None:
        """The formulas of the symbols that updates make, as w_{new}."""
        for place, update in self._definitions.updates.items():
            label = self._definitions.equations[place].sides[0].label
            if update.tree is not None and label != update.parameter and not update.generic:
                trees.setdefault(label, update.tree)


def renamed(tree: Expr, names: Mapping[str, str]) -> Expr:
    """The tree with other names for some symbols and functions."""

    def change(part: Expr) -> Expr | None:
        match part:
            case Symbol(label) if label in names:
                return replace(part, label=names[label])
            case Applied(name, arguments) if name in names:
                new = tuple(renamed(argument, names) for argument in arguments)
                return replace(part, name=names[name], arguments=new)
        return None

    return rebuilt(tree, change) if names else tree


def _behind(tree: Expr, formulas: Mapping[str, Expr]) -> set[str]:
    """The symbols that a tree is computed from."""
    found: set[str] = set()
    waiting = list(symbols_of(tree))
    while waiting:
        label = waiting.pop()
        if label not in found:
            found.add(label)
            waiting.extend(symbols_of(formulas[label]) if label in formulas else ())
    return found


def used_in(tree: Expr) -> Iterable[str]:
    """The symbols and functions that a tree needs."""
    applied = (part.name for part in walk(tree) if isinstance(part, Applied))
    return [*symbols_of(tree), *applied]


def _order(trees: Mapping[str, Expr]) -> list[str]:
    """The symbols that have a formula, each after those it uses; those in a circle are left out."""
    order: list[str] = []
    state: dict[str, str] = {}
    good: set[str] = set()
    below = {label: {s for s in used_in(tree) if s in trees} for label, tree in trees.items()}
    for start in trees:
        waiting = [start]
        while waiting:
            label = waiting[-1]
            if state.get(label) == "done":
                waiting.pop()
            elif state.get(label) == "open":
                state[label] = "done"
                if below[label] <= good:
                    order.append(label)
                    good.add(label)
                waiting.pop()
            else:
                state[label] = "open"
                waiting += [symbol for symbol in below[label] if symbol not in state]
    return order
