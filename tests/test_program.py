"""Programs: the bits of the engine for one row, each row and all rows, natively and without."""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd.program.machine as machine
import autograd.program.native as native_module
import autograd.program.program as module
from autograd import (
    TABLE,
    ArgumentError,
    ArgumentTypeError,
    DivisionByZeroError,
    DomainError,
    GradientError,
    Program,
    RangeError,
    Value,
    compile,
    dot,
    softmax,
)
from autograd.program import added_in_order
from tests.expressions import programs, run
from tests.ways import (
    AT_ONCE,
    BY_ENGINE,
    LOW,
    NATIVE,
    OPTIMISED,
    WAYS,
    needs_llvm,
    needs_steps,
    run_in,
)


@pytest.fixture(params=WAYS)
def native(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """In each of the ways in which a program can run, also as if llvmlite were not installed."""
    run_in(request.param, monkeypatch)
    return request.param


def network(activation: str, seed: int = 1) -> tuple[Value, list[Value], list[Value]]:
    """A loss, its inputs and its parameters, as users write it."""
    draw = random.Random(seed)
    inputs = [Value(0.5, "x"), Value(-0.25, "z"), Value(1.0, "y")]
    first = [[Value(draw.uniform(-1, 1)) for _ in range(3)] for _ in range(4)]
    last = [Value(draw.uniform(-1, 1), f"w_{n}") for n in range(5)]
    hidden = [getattr(dot(w[:2], inputs[:2], w[2]), activation)() for w in first]
    loss = (dot(last[:4], hidden, last[4]) - inputs[2]) ** 2
    return loss, inputs, [*[v for w in first for v in w], *last]


def points(count: int, columns: int = 3) -> list[list[float]]:
    draw = random.Random(7)
    return [[draw.gauss(0, 1) for _ in range(columns)] for _ in range(count)]


def by_the_engine(activation: str, rows: list[list[float]]) -> list[list[float]]:
    """Each row's loss and gradients by building the graph anew."""
    loss, inputs, parameters = network(activation)
    program = compile(loss, inputs, wrt=parameters)
    found = []
    for row in rows:
        graph, leaves = module.replay(program.recording, row)
        graph[0].backward()
        found.append([graph[0].data, *[leaves[p].grad for p in parameters]])
    return found


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu", "softplus"])
@pytest.mark.parametrize("count", [1, 7, 8, 13])
def test_the_bits_of_the_engine(activation: str, count: int, native: str) -> None:
    loss, inputs, parameters = network(activation)
    program = compile(loss, inputs, wrt=parameters)
    rows = points(count)
    expected = by_the_engine(activation, rows)
    assert [program(*row) for row in rows] == [e[0] for e in expected]
    assert [program.value_and_grad(*row) for row in rows] == [(e[0], e[1:]) for e in expected]
    assert program.map(rows) == [e[0] for e in expected]
    sums = added_in_order(expected, len(parameters) + 1)
    assert program.total(rows) == (sums[0], sums[1:])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_many_rows_and_threads_give_the_same_bits(threads: int, native: str) -> None:
    loss, inputs, parameters = network("tanh")
    program = compile(loss, inputs, wrt=parameters)
    rows = points(2500)
    expected = [program.value_and_grad(*row) for row in rows]
    sums = added_in_order([[value, *slopes] for value, slopes in expected], 1 + len(parameters))
    assert program.total(rows, threads=threads) == (sums[0], sums[1:])
    assert program.map(rows, threads=threads) == [value for value, _ in expected]


@needs_llvm
@pytest.mark.parametrize("way", [OPTIMISED, LOW])
@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_lanes_change_no_bit(lanes: int, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, inputs, parameters = network("sigmoid")
    rows = points(1500)
    expected = by_the_engine("sigmoid", rows)
    run_in(way, monkeypatch, lanes=lanes)
    program = compile(loss, inputs, wrt=parameters)
    assert program.map(rows) == [e[0] for e in expected]
    sums = added_in_order(expected, len(parameters) + 1)
    assert program.total(rows) == (sums[0], sums[1:])


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_comes_through_between_two_calls(
    threads: int, native: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows there are: no call takes more than its share of operations."""
    if native == BY_ENGINE:
        pytest.skip("the engine can be interrupted anywhere")
    monkeypatch.setattr(machine, "_AT_A_TIME", 1.0)
    lengths = []
    called = machine._Buffers.call

    def watched(self: Any, kind: str, rows: int) -> Any:
        function = called(self, kind, rows)

        def counted(out: int, begin: int, end: int) -> int:
            lengths.append(end - begin)
            return function(out, begin, end)

        return counted

    monkeypatch.setattr(machine._Buffers, "call", watched)
    loss, inputs, parameters = network("tanh")
    program = compile(loss, inputs, wrt=parameters)
    rows = points(5000)
    expected = [program.value_and_grad(*row) for row in rows]
    sums = added_in_order([[value, *slopes] for value, slopes in expected], 1 + len(parameters))
    assert program.total(rows, threads=threads) == (sums[0], sums[1:])
    assert program.map(rows, threads=threads) == [value for value, _ in expected]
    assert max(lengths) <= 1024
    assert sum(lengths) == 2 * len(rows)


@needs_llvm
@needs_steps
def test_faster_code_takes_over_while_a_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_module, "_compiled", {})
    monkeypatch.setattr(machine, "_MANY_AT_ONCE", 0.0)
    monkeypatch.setattr(machine, "_MANY_SINGLY", 0.0)
    loss, inputs, parameters = network("tanh", seed=3)
    program = compile(loss, inputs, wrt=parameters)
    rows = points(100)
    first = (program.total(rows), program.map(rows), program.value_and_grad(*rows[0]))
    assert program._machine is not None
    assert set(program._machine._kinds) == {"total", "map", "gradient"}
    for kind in program._machine._kinds.values():
        assert kind.native._thread is not None  # the first run has started it
        kind.native._thread.join()
        assert kind.native.level == native_module.HIGHEST
    assert (program.total(rows), program.map(rows), program.value_and_grad(*rows[0])) == first
    assert "optimised" in program.explain()


@pytest.mark.parametrize("width", [1, 4, 5, 9])
def test_rows_of_any_width(width: int, native: str) -> None:
    inputs = [Value(0.1 * n, f"x_{n}") for n in range(width)]
    w = [Value(1.0 + 0.1 * n, f"w_{n}") for n in range(width)]
    program = compile(dot(w, inputs).tanh() * inputs[-1], inputs, wrt=[*w, inputs[0]])
    rows = points(21, width)
    expected = [program.value_and_grad(*row) for row in rows]
    for row, (value, gradients) in zip(rows, expected, strict=True):
        graph, leaves = module.replay(program.recording, row)
        graph[0].backward()
        assert (value, gradients) == (graph[0].data, [leaves[p].grad for p in program.wrt])
    assert program.map(rows) == [value for value, _ in expected]
    sums = added_in_order([[value, *slopes] for value, slopes in expected], width + 2)
    assert program.total(rows) == (sums[0], sums[1:])


def test_a_graph_cut_into_many_functions(native: str) -> None:
    x, w = Value(0.3, "x"), Value(0.9, "w")
    nodes = [x]
    for n in range(700):
        nodes.append((nodes[-1] * w + nodes[n // 2]).tanh() if n % 3 else nodes[-1] * 0.5 - w)
    program = compile(nodes[-1] + nodes[350], [x])
    graph, leaves = module.replay(program.recording, [0.7])
    graph[0].backward()
    assert program.value_and_grad(0.7) == (graph[0].data, [leaves[w].grad])
    assert program.total([[0.7]]) == (graph[0].data, [leaves[w].grad])


SMOOTH = {"add": 2, "sub": 2, "mul": 2, "neg": 1, "sin": 1, "tanh": 1, "maximum": 2, "relu": 1}


@settings(max_examples=60)
@given(programs(SMOOTH, st.floats(-2.0, 2.0)), st.floats(-2.0, 2.0), st.sampled_from(NATIVE))
def test_random_graphs(expression: Any, number: float, way: str) -> None:
    nodes = list(run(expression, TABLE, Value, lambda x: x))
    values = [node for node in nodes if isinstance(node, Value) and node.is_leaf]
    result = nodes[-1]
    if not isinstance(result, Value) or result.is_constant:
        return
    with pytest.MonkeyPatch.context() as patch:
        run_in(way, patch)
        program = compile(result, values[:1], wrt=values)
        graph, leaves = module.replay(program.recording, [number])
        graph[0].backward()
        expected = (graph[0].data, [leaves[v].grad if v in leaves else 0.0 for v in values])
        assert program.value_and_grad(number) == expected
        assert program.map([[number]]) == [expected[0]]


def test_rows_come_as_lists_buffers_and_arrays(native: str) -> None:
    loss, inputs, _ = network("tanh")
    program = compile(loss, inputs)
    rows = points(9)
    expected = program.map(rows)
    flat = array("d", [x for row in rows for x in row])
    assert program.map(tuple(map(tuple, rows))) == expected
    assert program.map(flat) == expected
    assert program.map(np.array(rows)) == expected
    assert program.map(np.array(rows, dtype=np.float32)) != expected
    assert program.map(np.array(rows, order="F")) == expected
    assert program.map(iter(rows)) == expected
    assert program.map([]) == []
    assert program.total([])[0] == 0.0


def test_arrays_are_read_where_they_stand() -> None:
    from autograd.program.buffers import Rows  # noqa: PLC0415

    numbers = np.array(points(3))
    table = Rows(numbers, 3)
    numbers[0, 0] = 42.0
    assert table.row(0)[0] == 42.0


def test_parameters_are_read_at_each_call(native: str) -> None:
    w, x = Value(3.0, "w"), Value(0.0, "x")
    program = compile(w * x, [x])
    assert program(2) == 6.0
    w.data = 5.0
    assert (program(2), program.map([[1]])) == (10.0, [5.0])
    assert program.total([[2], [3]]) == (25.0, [5.0])


def test_several_outputs(native: str) -> None:
    x = Value(1.0, "x")
    program = compile(softmax([x, 2 * x]), [x])
    assert program(0.0) == [0.5, 0.5]
    assert program.map([[0.0], [0.0]]) == [[0.5, 0.5], [0.5, 0.5]]
    with pytest.raises(ArgumentError, match="gradient of 2 outputs"):
        program.grad(0.0)
    with pytest.raises(ArgumentError, match="gradient of 2 outputs"):
        program.total([[0.0]])


@pytest.mark.parametrize(
    ("make", "bad", "error"),
    [
        (lambda w, x: (w * x).log(), -2.0, DomainError),
        (lambda w, x: w / x, 0.0, DivisionByZeroError),
        (lambda w, x: (w * x).exp(), 1000.0, RangeError),
        (lambda w, x: 1 / (w * x).exp(), 1000.0, RangeError),
        (lambda w, x: (w * x).exp().tanh(), 1000.0, RangeError),
        (lambda w, x: (w * x * 1e154 * 1e154).tanh(), 10.0, RangeError),
        (lambda w, x: (w * x).relu(), math.nan, DomainError),
        (lambda w, x: (w * x).tanh(), math.nan, DomainError),
        (lambda w, x: x.relu() * w, math.nan, DomainError),
    ],
)
def test_errors_are_the_engines_and_name_the_row(
    make: Any, bad: float, error: type[Exception], native: str
) -> None:
    w, x = Value(1.5, "w"), Value(1e-3, "x")
    program = compile(make(w, x), [x])
    with pytest.raises(error):
        program(bad)
    rows = [[1e-3]] * 20 + [[bad]] + [[1e-3]] * 20
    for compute in (program.map, program.total):
        with pytest.raises(error, match="row 21: "):
            compute(rows)


def test_a_gradient_that_is_not_finite(native: str) -> None:
    w, x = Value(1.0, "w"), Value(1.0, "x")
    program = compile((w * x).sqrt(), [x])
    with pytest.raises(GradientError, match="sqrt"):
        program.grad(0.0)
    with pytest.raises(GradientError, match="row 2: "):
        program.total([[1.0], [0.0]])


def test_an_infinite_slope_that_gets_nothing_is_no_trouble(native: str) -> None:
    """A branch not taken passes nothing on, not even 0 * inf."""
    from autograd import where  # noqa: PLC0415

    w, x = Value(1.0, "w"), Value(1.0, "x")
    program = compile(where(x, (w * x).sqrt(), w), [x])
    assert program.value_and_grad(0.0) == (1.0, [1.0])
    assert program.total([[0.0], [4.0]]) == (3.0, [2.0])


def test_rows_that_do_not_fit(native: str) -> None:
    loss, inputs, _ = network("tanh")
    program = compile(loss, inputs)
    for rows in ([[1, 2, 3], [1, 2]], np.zeros((2, 2)), array("d", [1.0, 2.0])):
        with pytest.raises(ArgumentError, match="are needed"):
            program.map(rows)
    with pytest.raises(ArgumentError, match="2 numbers given"):
        program(1, 2)
    with pytest.raises(ArgumentError, match="threads"):
        program.map([[1, 2, 3]], threads=0)
    with pytest.raises(TypeError):
        program("1", 2, 3)


def test_what_cannot_be_compiled() -> None:
    w, x = Value(1.0, "w"), Value(2.0, "x")
    with pytest.raises(ArgumentTypeError, match="as an output"):
        compile(3.0)  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="as an input"):
        compile(w * x, [w * x])
    with pytest.raises(ArgumentError, match="twice"):
        compile(w * x, [x, x])
    with pytest.raises(ArgumentError, match="without inputs"):
        compile(w * x).map([[]])


def test_common_and_dead_operations_go() -> None:
    w, x = Value(1.0, "w"), Value(2.0, "x")
    once = compile((w * x).tanh() * 2.0, [x])
    twice = compile((w * x).tanh() + (x * w).tanh(), [x])
    assert len(once) == len(twice) + 1 or len(once) <= len(twice) + 2
    text = once.explain()
    assert len(text.splitlines()) <= 10
    assert "simplified" in text
    assert "Program(1 inputs, 1 parameters, 1 outputs" in repr(once)


@needs_llvm
def test_programs_of_one_structure_are_compiled_once() -> None:
    (first, *_), (second, *_) = network("tanh", 1), network("tanh", 2)
    results = []
    for loss, inputs, parameters in (network("tanh", 1), network("tanh", 2)):
        program = compile(loss, inputs, wrt=parameters)
        results.append(program.total(points(3)))
        assert program._machine is not None
        program._machine.optimise("total")
        results.append(program._machine._kinds["total"].native.current)
    assert results[1] is results[3]
    assert results[0] != results[2]
    assert first.data != second.data


@needs_llvm
def test_the_text_for_llvm_is_shown() -> None:
    w, x = Value(1.0, "w"), Value(2.0, "x")
    text = compile((w * x).tanh(), [x]).llvm_ir
    assert "@libm_tanh" in text
    assert "fast" not in text


@pytest.mark.parametrize("way", [pytest.param(AT_ONCE, marks=needs_steps), BY_ENGINE])
def test_without_llvmlite_the_message_says_what_to_install(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(way, monkeypatch)
    w, x = Value(1.0, "w"), Value(2.0, "x")
    program = compile(w * x, [x])
    assert isinstance(program, Program)
    assert "pip install 'chalkgrad[native]'" in program.explain()


@pytest.mark.parametrize("inputs", [Value(1.0, "x"), 3.0])
def test_inputs_are_listed(inputs: Any) -> None:
    x = Value(2.0, "x")
    with pytest.raises(ArgumentTypeError, match=r"in brackets: inputs=\[x\]"):
        compile(x * x, inputs=inputs)
