"""autograd/value.py: one node behaves as a number, remembers its making and gets its gradient."""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import inspect
import math
import operator
import os
import pickle
import random
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import autograd
from autograd import (
    TABLE,
    ChalkgradError,
    DomainError,
    GradientError,
    GraphError,
    NotANumberError,
    RangeError,
    Value,
    anomaly,
    differentiate,
    modes,
    no_grad,
    topological_order,
    where,
    within,
)
from tests.expressions import programs, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.expressions import Program

ROOT = Path(__file__).resolve().parents[1]

REALS = [
    3, 2.5, True, Fraction(7, 2), np.float64(2.5), np.float32(2.5), np.float16(2.5),
    np.longdouble(2.5), np.int64(3), np.int8(3), np.uint16(3), np.bool_(True),
]  # fmt: skip
NOT_NUMBERS = [
    "2", b"2", None, 1j, np.complex128(1j), [2.0], (2.0,), {2: 3}, {2}, Decimal(2), object(),
]  # fmt: skip

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def by_type(thing: object) -> str:
    """How pytest calls a parameter."""
    return type(thing).__name__


every_arithmetic = pytest.mark.parametrize("sign", ARITHMETIC)
every_comparison = pytest.mark.parametrize("sign", COMPARISONS)
every_real = pytest.mark.parametrize("real", REALS, ids=by_type)
every_wrong = pytest.mark.parametrize("wrong", NOT_NUMBERS, ids=by_type)

ARITIES = {name: op.arity for name, op in TABLE.items()}
some_programs = programs(ARITIES, st.floats(-3.0, 3.0))


def name_of_type(wrong: object) -> str:
    """The type as messages have it; numpy hands its complex numbers over as Python's."""
    return "complex" if isinstance(wrong, complex) else type(wrong).__name__


def values(program: Program) -> list[Value]:
    """The nodes of a program up to the first that has no value."""
    nodes: list[Value] = []
    steps = run(program, TABLE, Value, lambda x: Value(x).detach())
    try:
        for node in steps:
            nodes.append(node)  # noqa: PERF402  # what came before an error is kept
    except ChalkgradError:
        pass
    return nodes


def run_python(code: str) -> str:
    """What code prints in a process of its own, so that a crash is a failure and not the end."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"
    return done.stdout


# The number protocol.


@every_arithmetic
@every_real
def test_arithmetic_with_numbers_of_every_kind_on_both_sides(sign: str, real: Any) -> None:
    compute = ARITHMETIC[sign]
    x = Value(1.5)
    for made, expected, parents in [
        (compute(x, real), compute(1.5, float(real)), [1.5, float(real)]),
        (compute(real, x), compute(float(real), 1.5), [float(real), 1.5]),
    ]:
        assert type(made) is Value
        assert made.data == expected
        assert type(made.data) is float
        assert [parent.data for parent in made.parents] == parents
        assert sorted(parent.is_constant for parent in made.parents) == [False, True]


@every_real
def test_fields_hold_floats_whatever_they_were_given(real: Any) -> None:
    x = Value(real)
    assert (x.data, type(x.data)) == (float(real), float)
    x.data = real
    assert (x.data, type(x.data)) == (float(real), float)
    x.grad = real
    assert (x.grad, type(x.grad)) == (float(real), float)
    assert repr(x) == f"Value(data={float(real)!r}, grad={float(real)!r})"


@every_arithmetic
@every_wrong
def test_arithmetic_with_what_is_no_number_names_its_type(sign: str, wrong: object) -> None:
    with pytest.raises(TypeError, match=name_of_type(wrong)):
        ARITHMETIC[sign](Value(1.0), wrong)
    with pytest.raises(TypeError, match=name_of_type(wrong)):
        ARITHMETIC[sign](wrong, Value(1.0))


@every_wrong
def test_fields_refuse_what_is_no_number_and_keep_what_they_have(wrong: object) -> None:
    x = Value(1.0, "x")
    x.grad = 2.0
    with pytest.raises(NotANumberError, match=type(wrong).__name__):
        Value(wrong)
    with pytest.raises(NotANumberError, match=type(wrong).__name__):
        x.data = wrong
    with pytest.raises(NotANumberError, match=type(wrong).__name__):
        x.grad = wrong
    assert (x.data, x.grad) == (1.0, 2.0)


def test_fields_refuse_nan_values_and_numbers_no_float_holds() -> None:
    x = Value(1.0, "speed")
    for make in (
        lambda: Value(math.nan),
        lambda: setattr(x, "data", math.nan),
        lambda: setattr(x, "grad", np.float32("nan")),
        lambda: x + math.nan,
        lambda: math.nan * x,
    ):
        with pytest.raises(DomainError, match="hint: "):
            make()
    with pytest.raises(DomainError, match="data of speed"):
        x.data = math.nan
    with pytest.raises(RangeError, match="int"):
        Value(10**400)
    with pytest.raises(RangeError, match="int"):
        x * 10**400
    with pytest.raises(NotANumberError, match=r"use v\.data"):
        Value(x)
    assert (x.data, x.grad) == (1.0, 0.0)


def test_unary_signs() -> None:
    x = Value(-2.5)
    assert (-x).data == 2.5
    assert abs(x).data == 2.5
    assert +x is x


@every_comparison
@given(a=st.floats(allow_nan=False), b=st.floats(allow_nan=False))
def test_comparisons_go_by_the_number(sign: str, a: float, b: float) -> None:
    compare = COMPARISONS[sign]
    for left, right in [(Value(a), Value(b)), (Value(a), b), (a, Value(b))]:
        assert compare(left, right) is compare(a, b)


@every_comparison
@every_real
def test_comparisons_with_numbers_of_every_kind(sign: str, real: Any) -> None:
    for x in (1.0, 2.5, 3.0, 9.0):
        assert bool(COMPARISONS[sign](Value(x), real)) == COMPARISONS[sign](x, float(real))
        assert bool(COMPARISONS[sign](real, Value(x))) == COMPARISONS[sign](float(real), x)


@every_comparison
@every_wrong
def test_comparisons_with_what_is_no_number_raise(sign: str, wrong: object) -> None:
    with pytest.raises(TypeError, match=name_of_type(wrong)):
        COMPARISONS[sign](Value(1.0), wrong)
    with pytest.raises(TypeError, match=name_of_type(wrong)):
        COMPARISONS[sign](wrong, Value(1.0))


def test_conversions() -> None:
    x = Value(2.71828)
    assert float(x) == 2.71828
    assert int(x) == 2
    assert round(x) == 3
    assert round(x, 2) == 2.72
    assert bool(x)
    assert not bool(Value(0.0))
    assert f"{x:.3f}" == "2.718"
    assert f"{x:>8.2f}|" == "    2.72|"
    assert f"{x}" == str(x) == repr(x) == "Value(data=2.71828, grad=0.0)"
    assert repr(Value(1, r"\hat{y}")) == r"Value(data=1.0, grad=0.0, label='\\hat{y}')"
    assert math.floor(x) == 2
    assert math.isclose(x, 2.71828)


def test_the_library_functions_on_lists_of_values() -> None:
    xs: Any = [Value(x) for x in (2.0, -1.0, 3.0)]
    assert sum(xs).data == 4.0
    assert sum(xs).parents[0].parents == (xs[0], xs[1])  # no node for sum's own 0
    assert sum(xs, Value(1.5)).data == 5.5
    assert max(xs) is xs[2]
    assert min(xs) is xs[1]
    assert max(x.data for x in xs) == 3.0
    assert sorted(xs) == [xs[1], xs[0], xs[2]]
    assert sorted(xs, key=abs) == [xs[1], xs[0], xs[2]]
    assert math.prod(xs).data == -6.0


def test_augmented_assignment_makes_new_nodes() -> None:
    x = total = Value(1.0)
    total += 2
    total *= x
    total -= 1
    total /= 2
    total **= 2
    total.backward()
    assert (total.data, x.data) == (1.0, 1.0)
    assert x.grad == pytest.approx(4.0)  # ((x + 2) x - 1)^2 / 4 at 1


def test_equality_and_hash_are_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert a != 1.0
    assert not a == 1.0  # noqa: SIM201  # both == and != are meant
    assert hash(a) == hash(a)
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert [a, b].index(b) == 1
    many = [Value(1.0) for _ in range(1000)]
    assert len({hash(x) for x in many}) > 900
    assert len(set(many)) == 1000


# The node.


def test_a_leaf() -> None:
    x = Value(3, "x")
    assert (x.data, x.grad, x.label, x.origin) == (3.0, 0.0, "x", "")
    assert (x.is_leaf, x.is_constant) == (True, False)
    assert (x.parents, x.partials, x.op.name) == ((), (), "leaf")
    assert (x._prev, x._op) == (set(), "")


def test_a_result_knows_its_parents_and_partials() -> None:
    a, b = Value(3.0), Value(4.0)
    product = a * b
    assert (product.parents, product.partials) == ((a, b), (4.0, 3.0))
    assert product.op is autograd.mul
    assert (product.is_leaf, product.is_constant) == (False, False)
    assert (product._prev, product._op) == ({a, b}, "*")
    root = b.sqrt()
    assert (root.parents, root.partials, root._op) == ((b,), (0.25,), "sqrt")
    assert ((a**2)._op, (a**b)._op, (a**-0.5)._op) == ("**2", "**", "**-0.5")


def test_a_plus_a_has_two_parents_and_gradient_two() -> None:
    a = Value(5.0)
    double = a + a
    double.backward()
    assert (double.parents, double.partials, a.grad) == ((a, a), (1.0, 1.0), 2.0)
    square = a * a
    square.backward()
    assert (square.parents, a.grad) == ((a, a), 2.0 + 10.0)


@pytest.mark.parametrize("wrong", [3, None, b"x", ["x"]], ids=by_type)
def test_a_label_must_be_text(wrong: Any) -> None:
    x = Value(1.0, "x")
    with pytest.raises(TypeError, match=type(wrong).__name__):
        x.label = wrong
    assert x.label == "x"
    if wrong is not None:
        with pytest.raises(TypeError, match=type(wrong).__name__):
            Value(1.0, wrong)
    x.label = ""
    assert x.label == ""


def test_attributes_that_do_not_exist_or_cannot_be_set() -> None:
    x: Any = Value(1.0)
    with pytest.raises(AttributeError, match="gard"):
        _ = x.gard
    for name in ("parents", "partials", "op", "is_leaf", "is_constant", "origin", "nonsense"):
        with pytest.raises(AttributeError):
            setattr(x, name, 1)
    assert not hasattr(x, "shape")
    assert not hasattr(x, "__len__")
    assert not hasattr(x, "__array__")


def test_constants_are_unlabelled_leaves_that_receive_no_gradient() -> None:
    x = Value(3.0)
    y = x**3 * 2 - 5 / x
    constants = [node for node in topological_order(y) if node.is_constant]
    assert sorted(c.data for c in constants) == [2.0, 3.0, 5.0]
    y.backward()
    assert all(c.grad == 0.0 and c.label == "" and c.is_leaf for c in constants)
    assert x.grad == pytest.approx(54.0 + 5 / 9)


def test_a_constant_never_spoils_a_gradient() -> None:
    """What would be the derivative by a constant may overflow or not exist: nobody asks for it."""
    by_constants: list[Callable[[Value], Value]] = [
        lambda x: x / 1e-5,
        lambda x: x / Value(1e-5).detach(),
        lambda x: autograd.div(x, 1e-5),
    ]
    for divide in by_constants:
        x = Value(1e300)
        divide(x).backward()
        assert x.grad == pytest.approx(1e5)
    x = Value(-2.0)
    (x**3).backward()  # log(-2) is not taken
    assert x.grad == 12.0


# backward().


def test_backward_by_hand() -> None:
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    d = c + a
    loss = d * d
    loss.backward()
    assert loss.grad == 1.0
    assert d.grad == 2 * d.data == -8.0
    assert c.grad == -8.0
    assert a.grad == -8.0 * (b.data + 1)
    assert b.grad == -8.0 * a.data


def test_backward_of_a_leaf_adds_one() -> None:
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


@given(program=some_programs)
def test_backward_twice_doubles_leaves_exactly_and_leaves_the_interior_alone(
    program: Program,
) -> None:
    root = values(program)[-1]
    assume(not root.is_constant)
    nodes = topological_order(root)
    try:
        root.backward()
    except GradientError:
        assume(False)
    once = [node.grad for node in nodes]
    root.backward()
    for node, grad in zip(nodes, once, strict=True):
        assert node.grad == (2 * grad if node.is_leaf else grad)


@given(program=some_programs)
def test_backward_equals_the_sum_of_partials_times_gradients(program: Program) -> None:
    """The chain rule, node by node: what each node has comes from the nodes above it."""
    root = values(program)[-1]
    assume(not root.is_constant)
    try:
        root.backward()
    except GradientError:
        assume(False)
    nodes = topological_order(root)
    sums = dict.fromkeys(nodes, 0.0)
    sums[root] = 1.0
    for node in reversed(nodes):
        if node.is_constant:
            assert node.grad == 0.0
        elif node in concerned(nodes):
            assert node.grad == pytest.approx(sums[node], rel=1e-12)
        for parent, slope in zip(node.parents, node.partials, strict=True):
            if node.grad:
                sums[parent] += slope * node.grad


def concerned(nodes: list[Value]) -> set[Value]:
    """The nodes that depend on leaves; what depends on constants alone, nobody differentiates."""
    found = {node for node in nodes if node.op.name == "leaf"}
    for node in nodes:
        if not found.isdisjoint(node.parents):
            found.add(node)
    return found


@given(program=some_programs)
def test_gradients_add_up_over_several_roots(program: Program) -> None:
    nodes = values(program)
    leaves = [node for node in nodes if node.op.name == "leaf"]
    roots = [node for node in nodes if not node.is_constant][-2:]
    separate: list[list[float]] = []
    try:
        for root in roots:
            for leaf in leaves:
                leaf.grad = 0.0
            root.backward()
            separate.append([leaf.grad for leaf in leaves])
        for leaf in leaves:
            leaf.grad = 0.25
        for root in roots:
            root.backward()
    except GradientError:
        assume(False)
    for index, leaf in enumerate(leaves):
        total = 0.25
        for grads in separate:
            total += grads[index]
        assert leaf.grad == total


@given(program=some_programs)
def test_gradient_graphs_agree_with_backward(program: Program) -> None:
    nodes = values(program)
    leaves = [node for node in nodes if node.op.name == "leaf"]
    root = nodes[-1]
    assume(not root.is_constant)
    try:
        root.backward()
        gradients = differentiate(root, leaves)
    except GradientError:
        assume(False)
    largest = max(abs(slope * node.grad) for node in nodes for slope in (*node.partials, 1.0))
    for leaf, gradient in zip(leaves, gradients, strict=True):
        assert gradient.data == pytest.approx(leaf.grad, rel=1e-9, abs=1e-12 * largest)


@given(program=some_programs, data=st.data())
def test_no_backward_leaves_a_trace_for_the_next(program: Program, data: st.DataObject) -> None:
    """Whatever went before, from above or below, well or not: as from a graph just built."""

    def gradients(nodes: list[Value], at: int) -> Any:
        leaves = [node for node in nodes if node.op.name == "leaf"]
        for leaf in leaves:
            leaf.grad = 0.0
        try:
            nodes[at].backward()
        except (GradientError, GraphError) as error:
            return type(error)
        return [leaf.grad for leaf in leaves]

    used = values(program)
    for at in data.draw(st.permutations(range(len(used)))):
        assert gradients(used, at) == gradients(values(program), at)


def test_backward_after_one_that_failed_passes_through_the_same_results() -> None:
    x = Value(0.0)
    inner = x * 2 + 3
    good, bad = inner * inner, inner * inner + (inner - 3).sqrt()
    for _ in range(2):
        with pytest.raises(GradientError):
            bad.backward()
        x.grad = 0.0
        good.backward()
        assert (x.grad, inner.grad) == (12.0, 6.0)
        (good * 2).backward()
        assert x.grad == 36.0


def test_changing_data_between_forward_and_backward_changes_no_gradient() -> None:
    a, b = Value(2.0), Value(5.0)
    product = a * b
    a.data, b.data = 100.0, -100.0
    product.backward()
    assert (product.data, product.partials) == (10.0, (5.0, 2.0))
    assert (a.grad, b.grad) == (5.0, 2.0)


def test_backward_through_a_hundred_thousand_nodes() -> None:
    x, step = Value(1.0), Value(1e-5)
    y = x
    for _ in range(100_000):
        y = y + step
    y.backward()
    assert y.data == pytest.approx(2.0)
    assert (x.grad, step.grad) == (1.0, 100_000.0)
    assert len(topological_order(y)) == 100_002


def test_backward_through_exponentially_many_paths() -> None:
    x = y = Value(1.0)
    for _ in range(200):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad == 1.0


def test_the_branch_not_taken_does_not_poison_the_gradient() -> None:
    x = Value(0.0)
    y = where(x, x.sqrt(), 2 * x)
    y.backward()
    assert (y.data, x.grad) == (0.0, 2.0)
    assert differentiate(y, x).data == 2.0


def test_backward_of_what_was_not_recorded_is_an_error() -> None:
    for constant in (Value(1.0).detach(), Value(1.0).detach() + 2):
        if constant.is_constant:
            with pytest.raises(GraphError, match="hint: "):
                constant.backward()


# Gradients that do not exist.


def test_an_undefined_gradient_names_node_operation_and_inputs_and_changes_no_leaf() -> None:
    x, w = Value(0.0, "x"), Value(3.0, "w")
    x.grad, w.grad = 0.1, 0.7
    middle = w * x
    loss = middle.sqrt() + w
    with pytest.raises(GradientError) as caught:
        loss.backward()
    message = str(caught.value)
    for part in ("sqrt(x)", "the result of mul, 0.0", "nan", "hint: ", "anomaly"):
        assert part in message
    assert (x.grad, w.grad) == (0.1, 0.7)
    assert (middle.grad, loss.grad) == (0.0, 0.0)
    good = w * x
    good.backward()
    assert (x.grad, w.grad) == (0.1 + 3.0, 0.7)


def test_under_anomaly_the_error_names_the_users_line() -> None:
    x = Value(0.0, "x")
    with anomaly():
        root = x.sqrt()  # this line
        line = sys._getframe().f_lineno - 1
        sum_of_both = root + x
    assert root.origin == f"{__file__}:{line}"
    assert sum_of_both.origin == f"{__file__}:{line + 2}"
    assert x.origin == ""
    with pytest.raises(GradientError, match=r"x = 0\.0") as caught:
        sum_of_both.backward()
    assert f"{Path(__file__).name}:{line}" in str(caught.value)
    assert (x + x).origin == ""


@given(program=some_programs)
def test_anomaly_changes_no_number(program: Program) -> None:
    plain = values(program)
    with anomaly():
        traced = values(program)
    assert len(traced) == len(plain)
    for one, other in zip(plain, traced, strict=True):
        assert one.data.hex() == other.data.hex()
        for slope, same, parent in zip(one.partials, other.partials, one.parents, strict=True):
            assert parent.is_constant or slope.hex() == same.hex()


def test_a_gradient_that_overflows_is_an_error_and_changes_no_leaf() -> None:
    x = Value(1e-300, "x")
    x.grad = 0.5
    y = x * 1e200 * 1e200
    with pytest.raises(GradientError, match=r"x = 1e-300 is inf(.|\n)*hint: .*learning rate"):
        y.backward()
    assert x.grad == 0.5


def test_a_gradient_that_overflows_as_it_is_added_is_an_error_and_changes_no_leaf() -> None:
    x, w = Value(1.0, "x"), Value(1.0, "w")
    x.grad, w.grad = 1.7e308, 0.25
    with pytest.raises(GradientError, match=r"x = 1\.0"):
        (x * 1e308 + w).backward()
    assert (x.grad, w.grad) == (1.7e308, 0.25)


@given(program=some_programs)
def test_backward_gives_finite_gradients_or_leaves_all_leaves_unchanged(program: Program) -> None:
    nodes = values(program)
    root = nodes[-1]
    assume(not root.is_constant)
    leaves = [node for node in nodes if node.op.name == "leaf"]
    for index, leaf in enumerate(leaves):
        leaf.grad = index + 0.1
    try:
        root.backward()
    except GradientError:
        assert [leaf.grad for leaf in leaves] == [i + 0.1 for i in range(len(leaves))]
        assert all(node.grad == 0.0 for node in topological_order(root) if not node.is_leaf)
    assert all(math.isfinite(node.grad) for node in concerned(topological_order(root)))


# Hooks.


def test_hooks_see_gradients_of_leaves_and_of_results() -> None:
    seen: list[tuple[str, float]] = []
    x = Value(3.0)
    y = x * x
    x.on_gradient(lambda gradient: seen.append(("x", gradient)))
    y.on_gradient(lambda gradient: seen.append(("y", gradient)))
    (y * 2).backward()
    assert seen == [("y", 2.0), ("x", 12.0)]
    (y * 2).backward()
    assert seen[2:] == [("y", 2.0), ("x", 12.0)]
    assert x.grad == 24.0


def test_hooks_replace_gradients_one_after_another() -> None:
    x = Value(3.0)
    y = x * x
    y.on_gradient(lambda gradient: gradient * 10)
    y.on_gradient(lambda gradient: gradient + 1)
    y.on_gradient(lambda gradient: None)
    (y * 2).backward()
    assert (y.grad, x.grad) == (21.0, 21.0 * 6.0)


def test_a_hook_clips_what_a_leaf_gets_in_each_backward() -> None:
    x = Value(3.0)
    x.on_gradient(lambda gradient: min(gradient, 1.0))
    (x * 5).backward()
    (x * 0.25).backward()
    assert x.grad == 1.25


def test_hooks_are_undone_each_by_its_own_undo() -> None:
    x, seen = Value(3.0), []
    undo_first = x.on_gradient(lambda gradient: seen.append(1))
    x.on_gradient(lambda gradient: seen.append(2))
    x.backward()
    undo_first()
    undo_first()
    x.backward()
    assert seen == [1, 2, 2]


def test_one_function_hooked_twice_runs_twice_and_is_undone_once_at_a_time() -> None:
    x = Value(3.0)

    def double(gradient: float) -> float:
        return 2 * gradient

    undo = x.on_gradient(double)
    undo_other = x.on_gradient(double)
    x.backward()
    assert x.grad == 4.0
    undo()
    undo()
    x.grad = 0.0
    x.backward()
    assert x.grad == 2.0
    undo_other()
    x.grad = 0.0
    x.backward()
    assert x.grad == 1.0


def test_a_hook_may_undo_itself_and_others_while_it_runs() -> None:
    x, seen = Value(3.0), []
    undos: list[Callable[[], None]] = []

    def once(gradient: float) -> None:
        seen.append(gradient)
        for undo in undos:
            undo()

    undos += [x.on_gradient(once), x.on_gradient(once)]
    x.backward()
    x.backward()
    assert seen == [1.0, 1.0]


@pytest.mark.parametrize(
    ("hook", "error"),
    [
        (lambda gradient: 1 / 0, ZeroDivisionError),
        (lambda gradient: "many", NotANumberError),
        (lambda gradient: math.nan, GradientError),
        (lambda gradient: math.inf, GradientError),
    ],
    ids=["raises", "text", "nan", "infinite"],
)
@pytest.mark.parametrize("place", ["leaf", "result", "root"])
def test_a_hook_that_fails_leaves_every_leaf_as_it_was(
    hook: Any, error: type[Exception], place: str
) -> None:
    x, w = Value(3.0), Value(2.0)
    x.grad, w.grad = 0.1, 0.2
    y = x * w
    loss = y * y + w
    undo = {"leaf": x, "result": y, "root": loss}[place].on_gradient(hook)
    with pytest.raises(error):
        loss.backward()
    assert (x.grad, w.grad, y.grad, loss.grad) == (0.1, 0.2, 0.0, 0.0)
    undo()
    loss.backward()
    assert (x.grad, w.grad) == (0.1 + 24.0, 0.2 + 37.0)


@every_real
def test_a_hook_may_return_numbers_of_every_kind(real: Any) -> None:
    x = Value(3.0)
    x.on_gradient(lambda gradient: real)
    x.backward()
    assert (x.grad, type(x.grad)) == (float(real), float)


def test_a_hook_must_be_callable() -> None:
    with pytest.raises(TypeError, match="int"):
        Value(1.0).on_gradient(3)  # type: ignore[arg-type]


def test_a_hook_may_compute_with_values_and_differentiate() -> None:
    x = Value(3.0)
    slopes: list[float] = []
    x.on_gradient(lambda gradient: slopes.append(differentiate(x**3, x).data))
    (x * 2).backward()
    assert (slopes, x.grad) == ([27.0], 2.0)


def test_a_hook_may_run_backward_itself_also_through_the_same_nodes() -> None:
    x = Value(3.0)
    y = x * x
    undo = y.on_gradient(lambda gradient: (undo(), y.backward())[1])
    (y * 2).backward()
    assert (x.grad, y.grad) == (6.0 + 12.0, 2.0)


def test_a_hook_may_wait_for_another_threads_backward() -> None:
    x = Value(3.0)

    def elsewhere(gradient: float) -> None:
        thread = threading.Thread(target=(x * 5).backward)
        thread.start()
        thread.join(timeout=60)
        assert not thread.is_alive()

    y = x * 2
    y.on_gradient(elsewhere)
    y.backward()
    assert x.grad == 7.0


# no_grad and detach.


def test_no_grad_records_nothing() -> None:
    x = Value(3.0)
    with no_grad():
        results = [x + 1, x * x, -x, x.tanh(), 2 - x, x / x, x**2, abs(x), autograd.maximum(x, 1)]
        leaf = Value(1.0)
        with no_grad():
            results.append(x * 2)
        results.append(x * 3)
    assert all(r.is_constant and r.is_leaf and r.parents == () for r in results)
    assert not leaf.is_constant
    assert (x * 2).parents[0] is x
    y = x * results[0]
    y.backward()
    assert (x.grad, results[0].grad) == (4.0, 0.0)
    with pytest.raises(GraphError, match="no_grad"):
        results[0].backward()


def test_no_grad_ends_with_its_block_whatever_happens() -> None:
    x = Value(3.0)
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert not (x * 2).is_constant
    with pytest.raises(DomainError), anomaly(), no_grad():
        (-x).log()
    assert not (x * 2).is_constant
    assert (x * 2).origin == ""


def test_no_grad_decorates_functions() -> None:
    @no_grad()
    def measure(x: Value) -> Value:
        return x * 2

    assert measure(Value(3.0)).is_constant
    assert measure(Value(3.0)).is_constant
    assert not (Value(3.0) * 2).is_constant


@pytest.mark.parametrize("block", [no_grad, anomaly])
def test_a_decorated_function_keeps_its_name_and_its_words(block: Callable[[], Any]) -> None:
    def measure(x: Value, *, by: float = 2.0) -> Value:
        """How much it is."""
        return x * by

    inside = block()(measure)
    assert (inside.__name__, inside.__doc__) == ("measure", "How much it is.")
    assert inspect.unwrap(inside) is measure
    assert str(inspect.signature(inside)) == str(inspect.signature(measure))
    assert inside(Value(3.0), by=5.0).data == 15.0
    nameless = block()(functools.partial(measure, by=5.0))
    assert nameless(Value(3.0)).data == 15.0
    assert nameless.__name__ == "inside"


@pytest.mark.skipif(autograd.compiled, reason="compiled, no interrupt comes in between")
def test_a_block_that_is_never_left_ends_when_nobody_holds_it() -> None:
    block = no_grad()
    block.__enter__()
    assert (Value(2.0) * 3).is_constant
    del block
    assert not (Value(2.0) * 3).is_constant


@pytest.mark.skipif(autograd.compiled, reason="compiled, the sets are variables of C")
def test_nothing_of_a_block_stays_behind_it() -> None:
    sets = [modes.ACTIVE, modes.ALTERING, modes.FOLDING]
    before = [set(held) for held in sets]
    for block, counts in [
        (no_grad(), [1, 1, 0]),
        (anomaly(), [1, 1, 0]),
        (modes.folding(), [1, 0, 1]),
        (modes.recording(), [1, 0, 0]),
        (modes.watching([]), [1, 0, 0]),
    ]:
        with block:
            inside = [len(held - old) for held, old in zip(sets, before, strict=True)]
        assert inside == counts
    with no_grad(), modes.folding(), anomaly(), modes.recording():
        inside = [len(held - old) for held, old in zip(sets, before, strict=True)]
    assert inside == [4, 4, 3]
    assert sets == before


def test_what_is_recorded_is_recorded_even_where_nothing_else_is() -> None:
    x = Value(3.0)
    with no_grad():
        for block in (modes.recording(), modes.watching([])):
            with block:
                assert (x * 2).parents[0] is x
                with no_grad():
                    assert (x * 2).is_constant
        assert (x * 2).is_constant


def test_a_block_may_be_entered_again_while_it_holds() -> None:
    block, x = no_grad(), Value(3.0)
    with block:
        with block:
            assert (x * 2).is_constant
        assert (x * 2).is_constant
    assert not (x * 2).is_constant
    with block, modes.recording(), block:
        assert (x * 2).is_constant
    assert not (x * 2).is_constant
    traced = anomaly()
    with traced, no_grad(), traced:
        assert (x * 2).is_constant
    assert (x * 2).origin == ""


@every_arithmetic
@pytest.mark.parametrize("number", [0, 0.0, -0.0, 1, 1.0, -1, -1.0, 2.5, True, Fraction(1, 2)])
@pytest.mark.parametrize("x", [-2.0, 0.0, 1.5])
def test_folding_leaves_every_number_what_it_is(sign: str, number: Any, x: float) -> None:
    compute = ARITHMETIC[sign]

    def slope(made: Value) -> Any:
        """The gradient that it gives; where it gives none, the error."""
        value.grad = 0.0
        try:
            made.backward()
        except GradientError as error:
            return type(error)
        return value.grad

    value = Value(x)
    for left, right in ((value, number), (number, value)):
        try:
            made = compute(left, right)
        except ChalkgradError as error:
            if left is value or number != 0:  # 0 / x is 0 to whoever builds derivatives
                with pytest.raises(type(error)), modes.folding():
                    compute(left, right)
            continue
        with modes.folding():
            folded = compute(left, right)
        assert folded.data == made.data
        assert folded.is_constant or slope(folded) == slope(made)


def test_folding_makes_no_node_where_none_is_needed() -> None:
    x = Value(3.0)
    with modes.folding():
        for same in (x + 0, 0.0 + x, x - 0, x * 1, 1.0 * x, x / 1, x**1):
            assert same is x
        for minus in (0 - x, x * -1, -1.0 * x):
            assert (minus.op.name, minus.parents) == ("neg", (x,))
        for constant, number in ((x * 0, 0.0), (0 * x, 0.0), (0 / x, 0.0), (x**0, 1.0)):
            assert (constant.is_constant, constant.data) == (True, number)
        for node, name in ((1 / x, "div"), (1 - x, "sub"), (1**x, "pow"), (x / -1, "div"),
                           (x * 2, "mul"), (x + 1, "add"), (1 + x, "add")):  # fmt: skip
            assert (node.op.name, len(node.parents)) == (name, 2)


def test_detach_cuts_the_graph_and_keeps_number_and_label() -> None:
    x = Value(3.0, "x")
    cut = x.detach()
    assert cut is not x
    assert (cut.data, cut.label, cut.is_constant, cut.parents) == (3.0, "x", True, ())
    (x * cut).backward()
    assert (x.grad, cut.grad) == (3.0, 0.0)
    assert (x * x).detach().is_constant


# Threads.


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns as often as Python can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Runs `work(0)` ... `work(count - 1)` at the same time; raises what the first of them does."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def guarded(index: int) -> None:
        try:
            start.wait(timeout=60)
            work(index)
        except BaseException as error:  # raised again below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_modes_of_one_thread_do_not_touch_another() -> None:
    x = Value(3.0)
    inside, done = threading.Event(), threading.Event()
    found: list[Value] = []

    def other() -> None:
        inside.wait(timeout=60)
        found.append(x * 2)
        with anomaly():
            found.append(x * 2)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        before = x * 2
        inside.set()
        done.wait(timeout=60)
        after = x * 2
    thread.join()
    assert before.is_constant
    assert after.is_constant
    assert (before.origin, after.origin) == ("", "")
    assert [node.is_constant for node in found] == [False, False]
    assert found[0].origin == ""
    assert Path(__file__).name in found[1].origin


def test_derivatives_built_in_one_thread_fold_nothing_in_another() -> None:
    x = Value(3.0)
    inside, done = threading.Event(), threading.Event()
    found: list[Any] = []

    def other() -> None:
        inside.wait(timeout=60)
        try:
            found.extend([x * 1, 1 * x, x + 0, x - 0, x / 1, x**1, x * Value(1.0)])
            with no_grad():
                found.append(x * 1)
                with pytest.raises(RangeError):
                    x * 1e308 * 1e308
            with pytest.raises(RangeError):
                x * 1e308 * 1e308
        finally:
            done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with modes.folding():
        inside.set()
        done.wait(timeout=60)
        folded = [x * 1, 1 * x, x + 0, x - 0, x / 1, x**1]
    thread.join()
    assert [len(node.parents) for node in found] == [2] * 7 + [0]
    assert all(node is x for node in folded)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("times", [2_000, pytest.param(150_000, marks=pytest.mark.slow)])
def test_modes_hold_while_other_threads_switch_theirs(times: int) -> None:
    x = Value(3.0)

    def switch(index: int) -> None:
        for _ in range(times):
            with no_grad():
                assert (x * 2).is_constant
            assert not (x + 1).is_constant

    in_threads(2, switch)


@pytest.mark.usefixtures("hurried")
def test_backward_in_several_threads_loses_no_gradient() -> None:
    """Graphs that share leaves and results; whole numbers, so that any order has the same sum."""
    w, x = Value(2.0), Value(3.0)
    shared = w * x

    def train(index: int) -> None:
        for _ in range(100):
            loss = shared * float(index) + w * 5 + shared
            loss.backward()

    in_threads(4, train)
    by_shared = 100 * sum(index + 1 for index in range(4))
    assert w.grad == by_shared * 3.0 + 100 * 4 * 5
    assert x.grad == by_shared * 2.0


@pytest.mark.usefixtures("hurried")
def test_errors_in_one_thread_spoil_no_gradient_of_another() -> None:
    x = Value(0.0)

    def work(index: int) -> None:
        for _ in range(100):
            if index % 2:
                (x * 7).backward()
            else:
                with pytest.raises(GradientError):
                    (x.sqrt() + x).backward()

    in_threads(4, work)
    assert x.grad == 2 * 100 * 7.0


# Copies.


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_leaves_copy_and_pickle_whole(duplicate: Callable[[Value], Value]) -> None:
    for leaf in (Value(3.0, "w"), Value(0.1), Value(2.0, "c").detach()):
        leaf.grad = 0.3
        twin = duplicate(leaf)
        assert twin is not leaf
        for field in ("data", "grad", "label", "is_constant", "is_leaf", "op"):
            assert getattr(twin, field) == getattr(leaf, field)
        twin.data = 9.0
        assert leaf.data != 9.0


def test_a_deep_copy_keeps_what_is_shared() -> None:
    w = Value(1.0)
    first, second = copy.deepcopy([w, w])
    assert first is second is not w
    assert pickle.loads(pickle.dumps({"a": w, "b": [w]}))["a"].data == 1.0


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_results_refuse_to_be_copied_and_say_what_to_do(
    duplicate: Callable[[object], object],
) -> None:
    y = Value(2.0) * 3
    y.label = "y"
    for thing in (y, [y]) if duplicate is not copy.copy else (y,):
        with pytest.raises(GraphError, match=r"y = 6\.0(.|\n)*hint: .*detach"):
            duplicate(thing)


# Memory.


MEMORY = """
import gc, tracemalloc
from autograd import Value, compiled

def traced():
    return tracemalloc.get_traced_memory()[0]

def graph(nodes):
    y = x
    for _ in range(nodes):
        y = y + x
    return y

gc.disable()
tracemalloc.start()
x = Value(1.0)
nodes = 100_000 if compiled else 10_000
before = traced()
y = graph(nodes)
y.backward()
print((traced() - before) / nodes)

del y
before = traced()
for _ in range(5):
    graph(nodes).backward()
print(traced() - before)

before = traced()
y = graph(20 * nodes)
del y
print(traced() - before)

survivors = []
y = x
for node in range(10 * nodes):
    y = y + x
    if node % 2700 == 0:
        survivors.append(Value(2.0))
del y
print(traced() - before)
"""


def test_nodes_are_small_and_their_memory_is_used_again() -> None:
    size, growth, kept, pinned = map(float, run_python(MEMORY).split())
    assert size <= (90 if autograd.compiled else 400)
    assert growth < 10_000  # without the garbage collector
    assert kept <= 17 * 2**20
    assert pinned <= kept + 7 * 2**20  # 371 nodes of a million hold a slab of 16 KB each


RESIDENT = """
import os
from autograd import Value

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

x = y = Value(1.0)
before = resident()
for _ in range(1_000_000):
    y = y + x
grown = resident() - before
del y
print(grown, resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux tells it there")
@pytest.mark.skipif(not autograd.compiled, reason="plain Python's own allocator keeps what it will")
def test_the_memory_of_a_large_graph_goes_back_to_the_system() -> None:
    grown, kept = map(int, run_python(RESIDENT).split())
    assert grown > 80e6
    assert kept < 20e6


@pytest.mark.skipif(not autograd.compiled, reason="plain Python tracks every object")
def test_nodes_stay_outside_the_garbage_collector() -> None:
    x = Value(1.0, "x")
    assert not gc.is_tracked(x)
    assert not gc.is_tracked(x * x)


def test_nodes_live_and_die_in_any_order() -> None:
    draw = random.Random(1)
    alive: dict[float, Value] = {}
    made = 0.0
    for share in (0.3, 0.9, 0.1, 1.0, 0.5, 1.0):
        for _ in range(6_000):
            made += 1.0
            alive[made] = Value(made - 1.0) + 1.0
        for number, node in alive.items():
            assert node.data == number == node.parents[0].data + 1.0
            assert (node.partials, node.grad, node.op.name) == ((1.0, 1.0), 0.0, "add")
        dropped = draw.sample(sorted(alive), int(share * len(alive)))
        for number in dropped:
            del alive[number]


CHAIN = """
from autograd import Value
x, y = Value(1.0), Value(0.0)
for _ in range({count}):
    y = y + x
print(y.data)
del y
print((x * 2).data)
"""


def test_a_chain_of_a_million_nodes_is_freed() -> None:
    assert run_python(CHAIN.format(count=1_000_000)).split() == ["1000000.0", "2.0"]


@pytest.mark.slow
def test_a_chain_of_five_million_nodes_is_freed() -> None:
    assert run_python(CHAIN.format(count=5_000_000)).split() == ["5000000.0", "2.0"]


NESTED = """
from autograd import Value, no_grad

def nested(thing, depth):
    for level in range(depth):
        thing = ([thing], (thing,), {"in": thing})[level % 3]
    return thing

def chain(length):
    y = x
    for _ in range(length):
        y = y * x + 0.001
    return y

x = Value(0.5)
for depth in (1, 49, 50, 51, 60, 120, 1000):
    for length in (0, 1, 49, 51, 200, 1000):
        held = [nested(chain(length), depth) for _ in range(3)]
        hooked = chain(length)
        hooked.on_gradient(lambda gradient, kept=nested(chain(length), depth): None)
        del held, hooked
    others = [nested(Value(float(n)), 60) for n in range(200)]
    del others
total = Value(0.0)
for n in range(10_000):
    total = total + Value(float(n)) * x
total.backward()
print(total.data, x.grad)
"""


def test_values_within_deeply_nested_containers_are_freed_without_harm() -> None:
    total = 10_000 * 9_999 / 2
    assert run_python(NESTED).split() == [str(total * 0.5), str(total)]


def test_a_tree_of_results_is_freed() -> None:
    code = """
from autograd import Value
layer = [Value(1.0) for _ in range(2 ** 13)]
while len(layer) > 1:
    layer = [a + b for a, b in zip(layer[::2], layer[1::2])]
print(layer[0].data)
del layer
x = y = Value(1.0)
for _ in range(50_000):
    y = y * 0.5 + y * 0.5
del y
print(x.data)
"""
    assert run_python(code).split() == ["8192.0", "1.0"]


# What other threads, processes and signals may do.


def test_a_block_left_in_another_thread_ends_in_the_one_that_entered_it() -> None:
    def entered() -> Iterator[None]:
        with no_grad():
            yield

    waiting = entered()
    next(waiting)
    seen: list[bool] = []

    def elsewhere() -> None:
        with no_grad():
            waiting.close()  # type: ignore[attr-defined]
            seen.append((Value(2.0) * 3).is_constant)
        seen.append((Value(2.0) * 3).is_constant)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [True, False]
    assert not (Value(2.0) * 3).is_constant


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_can_go_backward() -> None:
    code = """
import os, threading, time
from autograd import Value
x = Value(2.0)
y = x * x
y.on_gradient(lambda gradient: time.sleep(0.5))
thread = threading.Thread(target=y.backward)
thread.start()
time.sleep(0.1)
child = os.fork()
if child == 0:
    z = Value(3.0)
    (z * z).backward()
    os._exit(int(z.grad))
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run_python(code).split() == ["6"]


@pytest.mark.parametrize("name", ["data", "grad", "label"])
def test_fields_cannot_be_deleted(name: str) -> None:
    x = Value(1.0, "x")
    with pytest.raises((AttributeError, NotImplementedError)):  # plain, and compiled
        delattr(x, name)
    assert (x.data, x.grad, x.label) == (1.0, 0.0, "x")


@pytest.mark.skipif(not autograd.compiled, reason="it would slow each field down in plain Python")
def test_an_attribute_of_the_users_own_is_told_where_to_go() -> None:
    with pytest.raises(AttributeError, match=r"\nhint: keep it .* in a dict by Value: m\[p\] ="):
        Value(1.0).m = 0.0  # type: ignore[attr-defined]


@given(a=st.floats(-50, 50), b=st.floats(0.3, 7) | st.floats(-7, -0.3))
def test_remainders_and_whole_quotients(a: float, b: float) -> None:
    x, y = Value(a), Value(b)
    assume(abs(a / b - round(a / b)) > 1e-9)
    for remainder, quotient in [(x % y, x // y), (x % b, x // b), (a % y, a // y)]:
        assert (remainder.data, quotient.data) == (pytest.approx(a % b), a // b)
    (x % y).backward()
    assert (x.grad, y.grad) == (1.0, -(a // b))


@pytest.mark.parametrize("power", [math.nan, np.float64("nan")])
def test_no_power_is_nan_in_silence(power: float) -> None:
    with pytest.raises(DomainError):
        Value(2.0) ** power


def test_rounding_to_a_whole_number_gives_one() -> None:
    assert type(round(Value(2.7))) is int
    assert type(round(Value(2.71), 1)) is float


FOUL = """
import sys
from array import array
from autograd import Value, compiled
foul = [array("Q", [2**64 - 1]) * 32_768 for _ in range(160)]
del foul
x = Value(1.0)
nodes = [x + 1.0 for _ in range(20_000)]
print({sys.getrefcount(node) for node in nodes} <= {3, 4})
"""


def test_nodes_on_used_memory_are_counted_from_one() -> None:
    assert run_python(FOUL).split() == ["True"]


def test_no_grad_holds_for_one_asyncio_task_only() -> None:
    x = Value(3.0)
    seen: dict[str, bool] = {}

    async def unrecorded(inside: asyncio.Event, done: asyncio.Event) -> None:
        with no_grad():
            inside.set()
            await done.wait()
            seen["inside"] = (x * 2).is_constant

    async def recorded(inside: asyncio.Event, done: asyncio.Event) -> None:
        await inside.wait()
        seen["beside"] = (x * 2).is_constant
        done.set()

    async def both() -> None:
        events = asyncio.Event(), asyncio.Event()
        await asyncio.gather(unrecorded(*events), recorded(*events))

    asyncio.run(both())
    assert seen == {"inside": True, "beside": False}
    assert not (x * 2).is_constant


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
@pytest.mark.parametrize("reflected", [False, True])
def test_operators_can_be_called_by_name(name, reflected):
    """As functools.reduce(Value.__add__, values) does."""
    x = Value(3.0)
    method = getattr(Value, f"__{'r' * reflected}{name}__")
    expected = getattr(operator, name)(2.0, x) if reflected else getattr(operator, name)(x, 2.0)
    assert method(x, 2.0).data == expected.data
    assert getattr(x, f"__{'r' * reflected}{name}__")(2.0).data == expected.data


@given(x=st.floats(-3, 3), low=st.floats(-3, 3), high=st.floats(-3, 3))
@example(x=1.0, low=1.0, high=2.0)
@example(x=1.0, low=0.0, high=1.0)
@example(x=1.0, low=1.0, high=1.0)
def test_within_takes_in_its_bounds(x: float, low: float, high: float) -> None:
    for number in (x, Value(x), Value(x).detach(), Fraction(x)):
        assert within(number, low, high) is (low <= x <= high)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Value(26880.0), "$26880$"),
        (Value(1.5e-9, r"\hat{y}"), r"$\hat{y} = 1.5 \cdot 10^{-9}$"),
        (Value(-math.inf, "s"), r"$s = -\infty$"),
        (Value(1 / 3), "$0.333333$"),
    ],
)
def test_notebooks_show_symbol_and_number(value: Value, shown: str) -> None:
    assert value._repr_latex_() == shown


def test_notebooks_show_a_gradient_where_there_is_one() -> None:
    w = Value(3.0, "w")
    (w * w * 1e7).backward()
    assert w._repr_latex_() == r"$w = 3 \qquad \mathrm{grad} = 6 \cdot 10^{7}$"
