"""Derivatives of formulas by rule: what they are is held against the judge's own, and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import TABLE
from autograd.marking import Judge
from autograd.notation import (
    Applied,
    At,
    Call,
    Cases,
    Constant,
    Derivative,
    Expr,
    FormulaError,
    Listed,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Series,
    Sum,
    Symbol,
    derivative,
    size_of,
)

x, y, a = Symbol("x"), Symbol("y"), Symbol("a")
FUNCTIONS = [op for op in TABLE.values() if not op.symbol]

leaves = st.sampled_from([x, x, a, Number("2"), Number("0.5"), Constant("e"), Constant("pi")])
exponents = st.sampled_from([Number("2"), Number("3"), Negative(Number("1")), a])


def composed(parts: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        parts.map(Negative),
        several.map(Sum),
        several.map(Product),
        st.builds(lambda over, under: Product((over,), (under,)), parts, parts),
        st.builds(Power, parts, exponents),
        parts.map(lambda part: Power(Constant("e"), part)),
        st.builds(
            lambda op, first, second: Call(op, (first, second)[: op.arity]),
            st.sampled_from(FUNCTIONS), parts, parts,
        ),
    )  # fmt: skip


formulas = st.recursive(leaves, composed, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(tree=formulas)
def test_by_rule_is_what_the_judge_says(tree: Expr) -> None:
    found = derivative(tree, "x")
    assert Judge({}).compare(Derivative(tree, x), found).verdict in ("same", "undecided")


@pytest.mark.parametrize("op", FUNCTIONS, ids=lambda op: op.name)
def test_every_function_and_its_second_derivative(op: object) -> None:
    tree = Call(op, (2 * x, a)[: op.arity])  # type: ignore[attr-defined, arg-type]
    first = derivative(tree, "x")
    judge = Judge({})
    assert judge.compare(Derivative(tree, x), first).verdict == "same"
    assert judge.compare(Derivative(tree, x, 2), derivative(first, "x")).verdict == "same"


def test_nothing_is_left_of_what_does_not_depend() -> None:
    for tree in (Number("3"), a, a**2 + 1, Call(TABLE["sin"], (a,)), a / 3, Applied("f", (a,))):
        assert derivative(tree, "x") == Number("0")
    assert derivative(3 * x**2 + a, "x") == 3 * (2 * x)
    assert derivative(x / a, "x") == 1 / a


def test_exponents_are_kept_as_one_number() -> None:
    assert derivative(x**3, "x") == 3 * x**2
    assert derivative(Power(x, Negative(Number("2"))), "x") == Negative(
        Product((Number("2"), Power(x, Negative(Number("3")))))
    )
    half = Product((Number("1"),), (Number("2"),))
    minus_half = Power(x, Negative(Number("0.5")))
    assert derivative(Power(x, half), "x") == minus_half / 2


def test_other_symbols_have_the_slope_they_are_given() -> None:
    slopes = {"y": Symbol("s"), "a": Number("0")}
    assert derivative(y**2 + a, "x", slopes.__getitem__) == 2 * y * Symbol("s")


def test_functions_of_the_page_and_derivatives_of_symbols() -> None:
    f = Applied("f", (x**2,))
    assert derivative(f, "x") == Applied("f", (x**2,), 1) * (2 * x)
    loss, w = Symbol("L"), Symbol("w")
    assert derivative(Derivative(loss, w), "w") == Derivative(loss, w, 2)
    assert derivative(Derivative(loss, w), "x") == Derivative(Derivative(loss, w), x)
    assert derivative(Derivative(x**3, x), "x") == 3 * (2 * x)
    with pytest.raises(FormulaError, match="f has no formula"):
        derivative(Applied("f", (x, a)), "x")


def test_primes_of_functions() -> None:
    tanh = TABLE["tanh"]
    judge = Judge({})
    for primes in (1, 2):
        found = derivative(Call(tanh, (a * x,), primes), "x")
        assert judge.compare(Call(tanh, (a * x,), primes + 1) * a, found).verdict == "same"


def test_formulas_with_a_value_put_in() -> None:
    tree = At(y**2 * x, y, x**3)
    assert Judge({}).compare(derivative(tree, "x"), 7 * x**6).verdict == "same"
    assert derivative(At(y**2, y, a), "x") == Number("0")
    assert derivative(At(x**2, x, 3 * x), "x") == At(2 * x, x, 3 * x) * 3


def test_sums_and_products_over_an_index() -> None:
    k = Symbol("k")
    total = Series("sum", k * x**2, "k", Number("1"), Number("3"))
    assert derivative(total, "x") == Series("sum", k * (2 * x), "k", Number("1"), Number("3"))
    assert derivative(Series("sum", k * a, "k"), "x") == Number("0")
    product = derivative(Series("prod", k + x, "k", Number("1"), Number("2")), "x")
    assert size_of([product]) > size_of([total])
    with pytest.raises(FormulaError, match="written out"):
        derivative(Series("sum", Symbol("w_k") * x, "k"), "x")


def test_cases_and_lists_part_by_part() -> None:
    positive = Relation(x, ">", Number("0"))
    assert derivative(Cases((x**2, a), (positive,)), "x") == Cases(
        (2 * x, Number("0")), (positive,)
    )
    assert derivative(Cases((a, Number("1")), (positive,)), "x") == Number("0")
    assert derivative(Listed((x, a)), "x") == Listed((Number("1"), Number("0")))
    with pytest.raises(FormulaError, match="condition"):
        derivative(positive, "x")
