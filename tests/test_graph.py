"""autograd/graph.py: nodes come parents first, and a graph can be evaluated at other numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import (
    TABLE,
    ChalkgradError,
    DomainError,
    NotANumberError,
    Value,
    evaluate,
    evaluate_all,
    topological_order,
)
from tests.expressions import programs, reference, run

if TYPE_CHECKING:
    from tests.expressions import Program

mp = mpmath.mp

ARITIES = {name: op.arity for name, op in TABLE.items()}
SMOOTH = ["add", "sub", "mul", "neg", "square", "sin", "cos", "atan", "tanh", "sigmoid", "softplus"]

some_programs = programs(ARITIES, st.floats(-3.0, 3.0))
smooth_programs = programs({name: ARITIES[name] for name in SMOOTH}, st.floats(-2.0, 2.0))


def nodes_of(program: Program) -> list[Value]:
    nodes: list[Value] = []
    try:
        for node in run(program, TABLE, Value, lambda x: Value(x).detach()):
            nodes.append(node)  # noqa: PERF402  # what came before an error is kept
    except ChalkgradError:
        pass
    return nodes


@given(program=some_programs, data=st.data())
def test_order_has_each_node_once_after_its_parents(program: Program, data: st.DataObject) -> None:
    nodes = nodes_of(program)
    roots = data.draw(st.lists(st.sampled_from(nodes), max_size=3))
    order = topological_order(*roots)
    place = {node: index for index, node in enumerate(order)}
    assert len(place) == len(order)
    assert set(roots) <= set(order)
    for node in order:
        assert all(place[parent] < place[node] for parent in node.parents)
    assert set(order) == ancestors(roots)
    assert topological_order(*roots) == order


def ancestors(roots: list[Value]) -> set[Value]:
    """The nodes that roots are computed from, and they themselves, by the definition."""
    found = set(roots)
    while True:
        further = {parent for node in found for parent in node.parents} - found
        if not further:
            return found
        found |= further


def test_order_of_nothing_and_of_a_leaf() -> None:
    x = Value(1.0)
    assert topological_order() == []
    assert topological_order(x, x) == [x]


def test_order_of_several_roots_goes_root_by_root() -> None:
    x = Value(1.0)
    y, z = x * x, -x
    assert topological_order(z, y) == [x, z, y]
    assert topological_order(y, z) == [x, y, z]


@given(program=some_programs, data=st.data())
def test_evaluation_elsewhere_equals_computing_anew(program: Program, data: st.DataObject) -> None:
    """To the last bit: the same program, run with other leaves."""
    nodes = nodes_of(program)
    moved: Program = [
        [name, data.draw(st.floats(-3.0, 3.0))] if name == "leaf" else [name, *operands]
        for name, *operands in program
    ]
    anew = nodes_of(moved)
    assume(len(anew) == len(nodes))
    at = {
        node: step[1]
        for node, step in zip(nodes, moved, strict=False)
        if step[0] == "leaf"
    }  # fmt: skip
    before = contents(nodes)
    assert evaluate(nodes[-1], at).hex() == anew[-1].data.hex()
    found = evaluate_all(nodes, at)
    assert [x.hex() for x in found] == [node.data.hex() for node in anew]
    assert contents(nodes) == before


@given(program=smooth_programs, data=st.data())
def test_evaluation_agrees_with_mpmath(program: Program, data: st.DataObject) -> None:
    nodes = nodes_of(program)
    points = {node: data.draw(st.floats(-2.0, 2.0)) for node in nodes if node.op.name == "leaf"}
    remaining = iter(points.values())
    meanings: Any = {name: reference(name) for name in SMOOTH}
    with mp.workdps(40):
        true = list(run(program, meanings, lambda _: mp.mpf(next(remaining)), mp.mpf))
        assume(max(abs(value) for value in true) < 1e3)
        assert evaluate(nodes[-1], points) == pytest.approx(float(true[-1]), rel=1e-9, abs=1e-9)


def contents(nodes: list[Value]) -> list[str]:
    """All that nodes hold, as text, in which nan equals nan."""
    return [repr((node.data, node.grad, node.partials, node.label)) for node in nodes]


def test_unmentioned_leaves_keep_their_data() -> None:
    x, y = Value(2.0), Value(3.0)
    assert evaluate(x * y, {}) == 6.0
    assert evaluate(x * y, {x: 10}) == 30.0
    y.data = 4.0
    assert evaluate(x * y, {}) == 8.0


def test_an_interior_node_may_be_given() -> None:
    x = Value(-1.0)
    inner = (x * 2).exp()
    outer = inner.log() + x
    assert evaluate(outer, {inner: 1.0}) == -1.0
    assert evaluate(outer, {inner: math.e, x: 5}) == pytest.approx(6.0)
    assert evaluate(outer, {outer: 7}) == 7.0


def test_what_lies_under_a_given_node_plays_no_part() -> None:
    x = Value(1.0)
    inner = x.log().exp()
    assert evaluate(inner * 2, {inner: 3.0, x: -1.0}) == 6.0


def test_errors_of_evaluation() -> None:
    x = Value(2.0, "x")
    y = x.log()
    with pytest.raises(DomainError, match=r"log\(-1\.0\)"):
        evaluate(y, {x: -1.0})
    with pytest.raises(NotANumberError, match="str"):
        evaluate(y, {x: "1"})
    assert (x.data, y.data) == (2.0, math.log(2.0))


def test_evaluate_all_takes_any_iterable_and_keeps_its_order() -> None:
    x = Value(2.0)
    y = x * x
    assert evaluate_all((node for node in (y, x, y + 1)), {x: 3}) == [9.0, 3.0, 10.0]
    assert evaluate_all([], {}) == []


def test_deep_graphs() -> None:
    x = y = Value(0.0)
    for _ in range(20_000):
        y = y + 1
    assert evaluate(y, {x: 1}) == 20_001.0


def test_each_shared_node_is_computed_once() -> None:
    x = y = Value(1.0)
    for _ in range(200):
        y = y * 0.5 + y * 0.5
    assert evaluate(y, {x: 3.0}) == 3.0
