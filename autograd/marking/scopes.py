"""The mathematics that holds at one place of a page: formulas, numbers, what is not known."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
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


class UnknownError(ChalkgradError):
    """What a formula means cannot be told from the page; `reason` says why."""

    def __init__(self, *parts: str | Expr) -> None:
        self.reason = Sentence(parts)
        super().__init__(self.reason.text())


@dataclass
class Scope:
    """What holds at a place: `formulas` by symbol, `arguments` of those that are functions, and the
    `values` of other symbols.

    `broken` says of symbols that cannot be judged by, why not. What is given as a formula is put in
    order: functions called in others are put into them, and what is defined by itself is broken.
    """

    formulas: dict[str, Expr]
    arguments: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Expr]
    broken: dict[str, Sentence]
    synonyms: Mapping[str, str]
    is_known: Callable[[str], bool]
    epoch: tuple[int, int]

    def __post_init__(self) -> None:
        said, self.formulas = self.formulas, {}
        trees = {s: renamed(tree, self.synonyms) for s, tree in said.items()}
        order = _in_order(trees)
        for label in trees.keys() - set(order):
            self.broken[label] = Sentence((Symbol(label), " is defined by itself"))
        for label in order:
            try:
                tree = self.resolved(trees[label])
                Judge({}).step(tree)
                is_changed = tree is not trees[label]  # a function was put in
                if is_changed and label in behind(symbols_of(tree), self._symbols_under):
                    raise UnknownError(Symbol(label), " is defined by itself")
                self.formulas[label] = tree
            except UnknownError as error:
                self.broken[label] = error.reason
            except FormulaError as error:
                self.broken[label] = Sentence((f"{error.problem}: ", Symbol(label)))

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
        if formula is not None and part.name in self.broken:  # another may hold
            raise UnknownError(*self.broken[part.name].parts)
        if formula is None:
            kind = "function" if part.arguments else "symbol"
            raise UnknownError(Symbol(part.name), f" is a {kind} without a formula on this page")
        given = tuple(self.resolved(argument) for argument in part.arguments)
        names = self.arguments.get(part.name)
        if not names:  # the one symbol without a formula that it is computed from
            found = behind([part.name], self._symbols_under)
            names = tuple(label for label in found if label not in self.formulas)
            if len(names) != 1 or len(given) > 1:
                raise UnknownError(
                    "of which symbol ", Symbol(part.name), " is a function is not said"
                )
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

    def _symbols_under(self, label: str) -> Iterable[str]:
        return symbols_of(self.formulas[label]) if label in self.formulas else ()

    def names(self, tree: Expr) -> bool:
        """Whether a tree is a quantity: a symbol with a formula, a derivative, a number."""
        if isinstance(tree, Symbol):
            return tree.label in self.formulas or tree.label in self.values
        return is_numeric(tree) or isinstance(tree, Derivative | At)

    def zero_slopes(self, tree: Expr) -> Iterator[tuple[Expr, Symbol]]:
        """The derivatives in a tree that are 0 by the page, as nothing in them depends on that."""
        for part in walk(tree):
            if (
                isinstance(part, Derivative)
                and not is_numeric(part.of)
                and not any(self.judge.depends(s, part.wrt.label) for s in symbols_of(part.of))
            ):
                yield part.of, part.wrt

    def unknown(self, tree: Expr) -> Iterator[Sentence]:
        """Why the truth about a tree cannot be known from the page, if so."""
        yield from (self.broken[s] for s in self.judge.cone(tree) if s in self.broken)
        for of, wrt in self.zero_slopes(tree):
            if isinstance(of, Symbol) and of.label not in self.formulas:
                yield Sentence((of, " has no definition on this page"))
            if isinstance(of, Symbol) and not self.is_known(wrt.label):
                yield Sentence((wrt, " stands in no definition on this page"))


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


def behind(labels: Iterable[str], under: Callable[[str], Iterable[str]]) -> list[str]:
    """These symbols and all that they are computed from, by what stands right under each."""
    found = dict.fromkeys(labels)
    waiting = deque(found)
    while waiting:
        new = [label for label in under(waiting.popleft()) if label not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return list(found)


def _in_order(trees: Mapping[str, Expr]) -> list[str]:
    """The symbols that have a formula, each after those it uses; those in a circle are left out."""
    below = {}
    for label, tree in trees.items():
        applied = (part.name for part in walk(tree) if isinstance(part, Applied))
        below[label] = [used for used in (*symbols_of(tree), *applied) if used in trees]
    sorter = TopologicalSorter(below)
    with suppress(CycleError):  # the others still come
        sorter.prepare()
    order: list[str] = []
    while ready := sorter.get_ready():
        order += ready
        sorter.done(*ready)
    return order
