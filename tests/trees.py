"""Random formulas as trees, over every operation of the table and every part that a tree has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from autograd import TABLE
from autograd.notation import (
    At,
    Call,
    Cases,
    Constant,
    Derivative,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Series,
    Sum,
    Symbol,
    children,
    substituted,
    with_children,
)
from autograd.notation.grammar import called, fraction
from autograd.notation.reading import notation_of

if TYPE_CHECKING:
    from autograd.notation import Expr
    from autograd.ops import Operation

LABELS = (
    "a", "b", "x", "y", "W_{11}^2", "W_{11}^1", r"\hat{y}", "b_{2}", r"\theta", "O'", "iq",
    "x_{i1}", "M^{(2)}", "x_1", "x_2", "x_3", "w_1", "w_2", "w_3", "loss", "L",
)  # fmt: skip
NUMBERS = ("0", "1", "2", "10", "0.50", "1.5e-7", "2.5e7", "3.14159", "123456")
OPERATIONS = [
    operation
    for operation in TABLE.values()
    if not operation.symbol and operation.name not in ("exp", "square", "cube", "reciprocal")
]

symbols = st.sampled_from(LABELS).map(Symbol)
numbers = st.sampled_from(NUMBERS).map(Number)
leaves = st.one_of(symbols, symbols, numbers, st.sampled_from([Constant("e"), Constant("pi")]))


def is_whole(tree: Expr) -> bool:
    """Whether it is no product that a fraction would take apart."""
    return not (isinstance(tree, Product) and not tree.divisors)


def _composed(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    whole = parts.filter(is_whole)
    divisors = st.lists(whole, min_size=1, max_size=2).map(tuple)
    return st.one_of(
        parts.map(Negative),
        several.map(Sum),
        several.map(Product),
        st.builds(Product, several, divisors),
        st.builds(lambda over, under: Product((over,), under), whole, divisors),
        st.builds(Power, parts, parts),
        parts.map(lambda part: Power(Constant("e"), part)),
        _calls(parts),
        _derivatives(parts),
        _series(parts),
        st.builds(At, parts, symbols, parts),
    )


def _derivatives(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    plain = st.sampled_from([label for label in LABELS if not set("^'") & set(label)]).map(Symbol)
    of = st.one_of(symbols, parts)
    second = st.builds(Derivative, of, plain, st.just(2))
    return st.one_of(st.builds(Derivative, of, symbols), st.builds(Derivative, of, symbols), second)


def _calls(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    def call(operation: Operation, first: Expr, second: Expr, prime: bool) -> Expr:
        arguments = (first, second)[: operation.arity]
        return Call(operation, arguments, int(prime and operation.arity == 1))

    primes = st.sampled_from((False, False, False, True))
    return st.builds(call, st.sampled_from(OPERATIONS), parts, parts, primes)


def _series(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    def series(kind: str, part: Expr, last: Expr | None) -> Expr:
        body = Product((Symbol("w_k"), part)) if is_whole(part) else part
        if last is None:
            return Series(kind, Product((Symbol("w_k"), Symbol("x_k"))), "k")
        return Series(kind, body, "k", Number("1"), last)

    lasts = st.sampled_from((None, Number("3"), Symbol("n")))
    plain = parts.filter(lambda part: "k" not in str(part))  # no index twice
    return st.builds(series, st.sampled_from(("sum", "prod")), plain, lasts)


trees = st.recursive(leaves, _composed, max_leaves=8)
relations = st.builds(Relation, trees, st.sampled_from(("<", ">", "<=", ">=", "=", "!=")), trees)
cases = st.builds(
    lambda values, conditions: Cases(tuple(values), tuple(conditions[: len(values)])),
    st.lists(trees, min_size=1, max_size=3),
    st.lists(relations, min_size=3, max_size=3),
)


# What a tree is when it has been printed and read again.


def spelled(tree: Expr) -> Expr:
    """The tree that is read where this one was printed: operations by their notation."""
    if isinstance(tree, Call):
        tree = called(tree.operation, list(tree.arguments), tree.primes) or tree
    if isinstance(tree, Call) and not tree.primes:
        notation = notation_of(tree.operation)
        if not (isinstance(notation, Call) and notation.operation is tree.operation):
            inputs = {f"#{place}": part for place, part in enumerate(tree.arguments, start=1)}
            return spelled(substituted(notation, inputs))
    parts = tuple(map(spelled, children(tree)))
    if isinstance(tree, Product):
        return fraction(parts[: len(tree.factors)], parts[len(tree.factors) :])
    return with_children(tree, parts) if parts else tree
