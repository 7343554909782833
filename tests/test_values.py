"""Graphs as trees and back: nothing is lost on the way, and nothing grows."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import TABLE, ChalkgradError, Value, topological_order
from autograd.notation import (
    At,
    Call,
    Constant,
    Derivative,
    Expr,
    FormulaError,
    Meaning,
    Negative,
    Number,
    Power,
    Product,
    Symbol,
    build,
    constant,
    exact,
    formulas_of,
    normal,
    to_latex,
    tree_of,
    walk,
)
from tests.expressions import programs, run

X = Symbol("x")
NUMBERS = st.sampled_from([-3.0, -1.5, -0.5, 0.25, 0.5, 1.0, 2.0, 3.0])
ARITIES = {name: operation.arity for name, operation in TABLE.items()}


def graph(program, labelled) -> tuple[list[Value], dict[Value, str]]:
    """The nodes of a program, and what those are called that are leaves or in `labelled`."""
    try:
        nodes = list(run(program, TABLE, Value, lambda x: Value(x).detach()))
    except ChalkgradError:
        assume(False)
    called = {
        node: f"s_{i}"
        for i, node in enumerate(nodes)
        if (node.is_leaf and not node.is_constant) or i in labelled
    }
    return nodes, called


@settings(max_examples=300)
@given(programs(ARITIES, NUMBERS), st.sets(st.integers(0, 14)))
def test_the_formulas_of_a_graph_are_worth_its_numbers(program, labelled):
    nodes, called = graph(program, labelled)
    called.setdefault(nodes[-1], "out")
    formulas = formulas_of([nodes[-1]], called)
    numbers = {label: node.data for node, label in called.items()}
    meaning = Meaning(lambda s: numbers[s.label], float, lambda part: math.nan)
    for label, tree in formulas.items():
        worth = float(meaning.of(tree))
        if label in numbers:
            assert math.isclose(worth, numbers[label], rel_tol=1e-9, abs_tol=1e-9)
        numbers[label] = worth
    reached = set(topological_order(nodes[-1]))
    computed = {label for node, label in called.items() if node.parents and node in reached}
    assert computed <= formulas.keys()


@settings(max_examples=200)
@given(programs(ARITIES, NUMBERS))
def test_a_graph_built_from_its_own_tree_has_the_same_value(program):
    nodes, called = graph(program, set())
    tree = tree_of(nodes[-1], called)
    assume(tree is not None)
    leaves = {label: node for node, label in called.items()}
    try:
        again = build(tree, leaves)
        shortest = build(normal(tree), leaves)
    except ChalkgradError:  # 1 - 1 below a stroke, of numbers that floats had kept apart
        assume(False)
    assert math.isclose(again.data, nodes[-1].data, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(shortest.data, nodes[-1].data, rel_tol=1e-6, abs_tol=1e-6)


def test_a_long_graph_has_formulas_no_longer_than_itself():
    x = node = Value(1.0, "x")
    for _ in range(20_000):
        node = (node * 0.5 + x).tanh() + node  # 2^20,000 ways, written out
    formulas = formulas_of([node], {x: "x", node: "out"})
    assert sum(1 for tree in formulas.values() for _ in walk(tree)) < 400_000
    assert [label for label in formulas if not label.startswith("\0")] == ["out"]
    assert tree_of(node, {x: "x"}) is None


def test_building_differentiates():
    x = Value(3.0, "x")
    assert build(Derivative(Power(X, Number("3")), X), {"x": x}).data == 27.0
    assert build(Derivative(Power(X, Number("3")), X, 2), {"x": x}).data == 18.0
    assert build(At(Derivative(X * X, X), X, Number("5")), {"x": x}).data == 10.0
    assert build(Call(TABLE["sin"], (2 * X,), 2), {"x": x}).data == -math.sin(6.0)
    assert build(Number("3"), {}).is_constant
    with pytest.raises(FormulaError, match="y has no value here"):
        build(Symbol("y"), {"x": x})


@pytest.mark.parametrize(
    ("x", "tree"),
    [
        (0.1, Number("0.1")),
        (-2.0, Negative(Number("2"))),
        (0.3333333333333333, Product((Number("1"),), (Number("3"),))),
        (math.pi, Constant("pi")),
        (1e-12, Number("1e-12")),
        (0.1234567891, Number("0.1234567891")),
    ],
)
def test_constants_are_what_a_person_meant(x: float, tree: Expr):
    assert constant(x) == tree


def test_what_is_no_finite_number_has_a_sign():
    assert [to_latex(constant(x)) for x in (math.inf, -math.inf)] == [r"\infty", r"-\infty"]


def test_exact_numbers():
    half = Product((Number("1"),), (Number("2"),))
    assert exact(half + Number("0.25")) == Fraction(3, 4)
    assert exact(Number("1") / (half + Negative(half))) is None
    assert exact(Power(Number("10"), Negative(Number("3")))) == Fraction(1, 1000)
    assert exact(Power(Number("2"), Number("1000000"))) is None
    assert exact(X) is None
    assert exact(TABLE["relu"](Negative(half))) == 0


@settings(max_examples=200)
@given(programs(ARITIES, NUMBERS))
def test_the_normal_form_is_one(program):
    """Bringing a tree to normal form a second time changes nothing."""
    nodes, called = graph(program, set())
    tree = tree_of(nodes[-1], called)
    assume(tree is not None)
    once = normal(tree)
    assert normal(once) == once
