"""Scripts written for micrograd, for microgpt or for numpy run on Value as they stand."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    Vector = list[Any]
    Matrix = list[list[Any]]


class Reference:
    """A scalar with a gradient as micrograd has it, closures and recursion, for comparison."""

    def __init__(self, data: float, parents: tuple[Reference, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.pass_on: Callable[[], None] = lambda: None

    def made(self, data: float, *slopes: tuple[Reference, float]) -> Reference:
        """A result, and for each parent the local derivative."""
        out = Reference(data, tuple(parent for parent, _ in slopes))

        def pass_on() -> None:
            for parent, slope in slopes:
                parent.grad += slope * out.grad

        out.pass_on = pass_on
        return out

    def __add__(self, other: Reference | float) -> Reference:
        other = wrapped(other)
        return self.made(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other: Reference | float) -> Reference:
        other = wrapped(other)
        return self.made(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, power: float) -> Reference:
        return self.made(self.data**power, (self, power * self.data ** (power - 1)))

    def exp(self) -> Reference:
        y = math.exp(self.data)
        return self.made(y, (self, y))

    def log(self) -> Reference:
        return self.made(math.log(self.data), (self, 1 / self.data))

    def relu(self) -> Reference:
        return self.made(max(self.data, 0.0), (self, float(self.data > 0)))

    def __neg__(self) -> Reference:
        return self * -1

    def __radd__(self, other: float) -> Reference:
        return self + wrapped(other)

    def __rmul__(self, other: float) -> Reference:
        return self * wrapped(other)

    def __sub__(self, other: Reference | float) -> Reference:
        return self + wrapped(other) * -1

    def __rsub__(self, other: float) -> Reference:
        return -self + wrapped(other)

    def __truediv__(self, other: Reference | float) -> Reference:
        return self * wrapped(other) ** -1

    def __rtruediv__(self, other: float) -> Reference:
        return self**-1 * wrapped(other)

    def backward(self) -> None:
        order: list[Reference] = []
        seen: set[Reference] = set()
        path = [(self, iter(self.parents))]
        while path:
            node, parents = path[-1]
            parent = next(parents, None)
            if parent is None:
                order.append(node)
                path.pop()
            elif parent not in seen:
                seen.add(parent)
                path.append((parent, iter(parent.parents)))
        self.grad = 1.0
        for node in reversed(order):
            node.pass_on()


def wrapped(other: Reference | float) -> Reference:
    return other if isinstance(other, Reference) else Reference(other)


def engines() -> list[Any]:
    """The scalar classes to run a script on: this one, the reference, and micrograd if there."""

    def micrograds() -> Any:
        return pytest.importorskip("micrograd.engine").Value

    return [
        pytest.param(lambda: Value, id="chalkgrad"),
        pytest.param(lambda: Reference, id="reference"),
        pytest.param(micrograds, id="micrograd"),
    ]


# micrograd.


@pytest.mark.parametrize("scalar", engines())
def test_the_example_of_micrograds_readme(scalar: Callable[[], Any]) -> None:
    number = scalar()
    a = number(-4.0)
    b = number(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def mixture(number: Any, a: float, b: float) -> tuple[float, float, float]:
    """Every operation of micrograd, with numbers on both sides."""
    x, y = number(a), number(b)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    r = h + q + q * x - y * 3
    r = r - 1.5 * (1 - x) + y**2 / 2 + (r + 50) ** -1 + 3 / (y + 10)
    r.backward()
    return r.data, x.grad, y.grad


@given(a=st.floats(-3.0, 3.0), b=st.floats(-3.0, 3.0))
def test_random_mixtures_agree_with_micrograd_and_with_differences(a: float, b: float) -> None:
    found = mixture(Value, a, b)
    assert found == pytest.approx(mixture(Reference, a, b), rel=1e-12, abs=1e-12)
    h = 1e-6
    kink = abs(3 * a + 2) < 3 * h or abs(mixture(Value, a, b)[0]) > 1e6
    if not kink:
        by_a = (mixture(Value, a + h, b)[0] - mixture(Value, a - h, b)[0]) / (2 * h)
        by_b = (mixture(Value, a, b + h)[0] - mixture(Value, a, b - h)[0]) / (2 * h)
        assert found[1:] == pytest.approx((by_a, by_b), rel=1e-3, abs=1e-4)


@settings(max_examples=30)
@given(a=st.floats(-3.0, 3.0), b=st.floats(-3.0, 3.0))
def test_random_mixtures_agree_with_the_installed_micrograd(a: float, b: float) -> None:
    micrograd = pytest.importorskip("micrograd.engine")
    assert mixture(Value, a, b) == pytest.approx(mixture(micrograd.Value, a, b), rel=1e-12)


def test_a_graph_can_be_traced_as_micrograd_does_to_draw_it() -> None:
    def trace(root: Any) -> tuple[set[Any], set[tuple[Any, Any]]]:
        nodes: set[Any] = set()
        edges: set[tuple[Any, Any]] = set()

        def build(v: Any) -> None:
            if v not in nodes:
                nodes.add(v)
                for child in v._prev:
                    edges.add((child, v))
                    build(child)

        build(root)
        return nodes, edges

    x, w = Value(1.0), Value(2.0)
    y = (x * w + 1).relu()
    y.backward()
    nodes, edges = trace(y)
    told = sorted(f"{{ data {n.data:.4f} | grad {n.grad:.4f} }} {n._op}" for n in nodes)
    assert told == [
        "{ data 1.0000 | grad 0.0000 } ",
        "{ data 1.0000 | grad 2.0000 } ",
        "{ data 2.0000 | grad 1.0000 } ",
        "{ data 2.0000 | grad 1.0000 } *",
        "{ data 3.0000 | grad 1.0000 } +",
        "{ data 3.0000 | grad 1.0000 } relu",
    ]
    assert len(edges) == 5
    assert len({str(id(n)) for n in nodes}) == 6


def rings(count: int) -> tuple[Any, Any]:
    """Points on two circles and their sides, -1 and 1, as numpy arrays."""
    generator = random.Random(7)
    points, sides = [], []
    for index in range(count):
        angle, side = generator.uniform(0, 2 * math.pi), index % 2
        radius = 0.4 + 0.8 * side
        points.append([radius * math.cos(angle), radius * math.sin(angle)])
        sides.append(2 * side - 1)
    return np.array(points), np.array(sides)


def train(number: Any, model: Any, steps: int) -> list[str]:
    """The training loop of micrograd's demo: hinge loss, L2, decreasing steps. What it prints."""
    inputs, sides = rings(20)
    printed = []
    for k in range(steps):
        rows = [list(map(number, row)) for row in inputs]
        scores = list(map(model, rows))
        losses = [(1 + -yi * score).relu() for yi, score in zip(sides, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = 1e-4 * sum(p * p for p in model.parameters())
        total = data_loss + reg_loss
        right = [(yi > 0) == (s.data > 0) for yi, s in zip(sides, scores, strict=True)]
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * 0.1 * p.grad
        printed.append(f"step {k} loss {total.data:.6f}, accuracy {sum(right) / len(right):.1%}")
    return printed


def test_micrograds_demo_trains_to_the_same_printed_losses() -> None:
    theirs = pytest.importorskip("micrograd.nn").MLP(2, [8, 8, 1])
    number = pytest.importorskip("micrograd.engine").Value
    ours = nn.MLP(2, [8, 8, 1], seed=1)
    assert len(ours.parameters()) == len(theirs.parameters()) == 24 + 72 + 9
    for p, q in zip(theirs.parameters(), ours.parameters(), strict=True):
        p.data = q.data
    assert train(Value, ours, 8) == train(number, theirs, 8)


def test_micrograds_demo_learns() -> None:
    printed = train(Value, nn.MLP(2, [8, 1], seed=3), 80)
    loss = [float(line.split()[3].rstrip(",")) for line in printed]
    assert loss[-1] < 0.5 * loss[0]


# microgpt: a GPT in scalar arithmetic, written for a class with + - * / **, log, exp and relu.

VOCABULARY, CONTEXT, WIDTH, HEADS = 9, 5, 4, 2


def linear(x: Vector, w: Matrix) -> Vector:
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(logits: Vector) -> Vector:
    largest = max(v.data for v in logits)
    exponentials = [(v - largest).exp() for v in logits]
    total = sum(exponentials)
    return [e / total for e in exponentials]


def rmsnorm(x: Vector) -> Vector:
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def attention(x: Vector, keys: Matrix, values: Matrix, state: dict[str, Matrix]) -> Vector:
    """Causal attention of one token over itself and those before it, in HEADS heads."""
    q = linear(x, state["query"])
    keys.append(linear(x, state["key"]))
    values.append(linear(x, state["value"]))
    size, out = WIDTH // HEADS, []
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        scores = [
            sum(qi * ki for qi, ki in zip(q[part], k[part], strict=True)) / size**0.5 for k in keys
        ]
        weights = softmax(scores)
        out += [
            sum(w * v[part][j] for w, v in zip(weights, values, strict=True)) for j in range(size)
        ]
    return linear(out, state["output"])


def next_token(token: int, place: int, cache: tuple[Matrix, Matrix], state: Any) -> Vector:
    """The probabilities of the token after this one."""
    x = [t + p for t, p in zip(state["tokens"][token], state["places"][place], strict=True)]
    x = rmsnorm(x)
    x = [a + b for a, b in zip(x, attention(rmsnorm(x), *cache, state), strict=True)]
    hidden = [h.relu() ** 2 for h in linear(rmsnorm(x), state["widen"])]
    x = [a + b for a, b in zip(x, linear(hidden, state["narrow"]), strict=True)]
    return softmax(linear(x, state["head"]))


def train_gpt(number: Any, steps: int) -> list[str]:
    """Losses, as printed, of training with Adam on sequences that repeat."""
    generator = random.Random(42)

    def matrix(rows: int, columns: int) -> Matrix:
        return [[number(generator.gauss(0, 0.3)) for _ in range(columns)] for _ in range(rows)]

    state = {
        "tokens": matrix(VOCABULARY, WIDTH), "places": matrix(CONTEXT, WIDTH),
        **{name: matrix(WIDTH, WIDTH) for name in ("query", "key", "value", "output")},
        "widen": matrix(4 * WIDTH, WIDTH), "narrow": matrix(WIDTH, 4 * WIDTH),
        "head": matrix(VOCABULARY, WIDTH),
    }  # fmt: skip
    parameters = [p for rows in state.values() for row in rows for p in row]
    mean, square = [0.0] * len(parameters), [0.0] * len(parameters)
    printed = []
    for step in range(steps):
        text = [(step + 2 * n) % VOCABULARY for n in range(CONTEXT + 1)]
        cache: tuple[Matrix, Matrix] = ([], [])
        losses = [-next_token(text[n], n, cache, state)[text[n + 1]].log() for n in range(CONTEXT)]
        loss = (1 / CONTEXT) * sum(losses)
        loss.backward()
        for i, p in enumerate(parameters):
            mean[i] = 0.85 * mean[i] + 0.15 * p.grad
            square[i] = 0.99 * square[i] + 0.01 * p.grad**2
            estimate = mean[i] / (1 - 0.85 ** (step + 1))
            p.data -= 0.05 * estimate / ((square[i] / (1 - 0.99 ** (step + 1))) ** 0.5 + 1e-8)
            p.grad = 0
        printed.append(f"step {step + 1:4d} / {steps:4d} | loss {loss.data:.4f}")
    return printed


def test_a_small_gpt_trains_to_the_same_printed_losses() -> None:
    printed = train_gpt(Value, 12)
    assert printed == train_gpt(Reference, 12)
    assert float(printed[-1].split()[-1]) < float(printed[0].split()[-1])


# numpy.


def column(*numbers: float) -> Any:
    return np.array([Value(x) for x in numbers], dtype=object)


def test_a_numpy_scalar_and_a_value_make_a_value() -> None:
    v = Value(3.0)
    for two in (np.float64(2), np.float32(2), np.int64(2), np.uint8(2)):
        for made, expected in [
            (two * v, 6.0), (v * two, 6.0), (two + v, 5.0), (v + two, 5.0), (two - v, -1.0),
            (v - two, 1.0), (two / v, 2 / 3), (v / two, 1.5), (two**v, 8.0), (v**two, 9.0),
        ]:  # fmt: skip
            assert type(made) is Value
            assert made.data == expected
    assert np.float64(2) < v < np.float64(4)


def test_a_numpy_array_and_a_value_make_an_array_of_values() -> None:
    v, numbers = Value(3.0), np.array([1.0, 2.0])
    for made, expected in [
        (numbers * v, [3.0, 6.0]), (v * numbers, [3.0, 6.0]), (numbers + v, [4.0, 5.0]),
        (v + numbers, [4.0, 5.0]), (numbers - v, [-2.0, -1.0]), (v - numbers, [2.0, 1.0]),
        (numbers / v, [1 / 3, 2 / 3]), (v / numbers, [3.0, 1.5]), (numbers**v, [1.0, 8.0]),
        (v**numbers, [3.0, 9.0]), (np.array([[1, 2]]) * v, [[3.0, 6.0]]),
    ]:  # fmt: skip
        assert isinstance(made, np.ndarray)
        assert made.dtype == object
        assert all(type(x) is Value for x in made.flat)
        assert made.astype(float).tolist() == expected


def test_a_numpy_array_compares_with_a_value_number_by_number() -> None:
    v, array = Value(2.0), np.array([1.0, 2.0, 3.0])
    assert (v < array).tolist() == [False, False, True]
    assert (v >= array).tolist() == [True, True, False]
    assert (array <= v).tolist() == [True, True, False]
    assert (array > v).tolist() == [False, False, True]


def test_object_arrays_of_values_compute_and_differentiate() -> None:
    w, x = column(1.0, 2.0, 3.0), column(0.5, -1.0, 2.0)
    loss = ((w @ x) - 2.0) ** 2 + np.sum(w + x) + (w * x).sum()
    assert type(loss) is Value
    loss.backward()
    outer = 2 * (w.astype(float) @ x.astype(float) - 2.0)
    assert [v.grad for v in w] == [outer * v.data + 1 + v.data for v in x]
    assert [v.grad for v in x] == [outer * v.data + 1 + v.data for v in w]


def test_matrices_of_values_multiply() -> None:
    m = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    assert m.dtype == object
    assert (m @ np.array([1.0, -1.0])).astype(float).tolist() == [-1.0, -1.0]
    assert (m @ m).astype(float).tolist() == [[7.0, 10.0], [15.0, 22.0]]
    assert (np.array([1.0, -1.0]) @ m).astype(float).tolist() == [-2.0, -2.0]
    assert (2 * m.T - 1).astype(float).tolist() == [[1.0, 5.0], [3.0, 7.0]]
    assert np.dot(m, m)[0, 0].data == 7.0
    (m @ m).sum().backward()
    assert m[0, 0].grad == 2 * 1.0 + 2.0 + 3.0


def test_numpys_functions_call_the_values_methods() -> None:
    names = [
        "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan",
        "sinh", "cosh", "tanh",
    ]  # fmt: skip
    other_names = {
        "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh",
        "arctanh": "atanh", "fabs": "abs", "rint": "round",
    }  # fmt: skip
    for name in [*names, *other_names]:
        function = getattr(np, name)
        made = function(column(0.5, 0.75))
        assert [v.op.name for v in made] == [other_names.get(name, name)] * 2
        assert made.astype(float) == pytest.approx(function(np.array([0.5, 0.75])))
        assert type(function(Value(0.5))) is Value
    assert np.arccosh(column(1.5))[0].data == pytest.approx(np.arccosh(1.5))
    assert np.arctan2(column(1.5), 2.0)[0].data == np.arctan2(1.5, 2.0)
    assert np.abs(column(-1.0, 2.0)).astype(float).tolist() == [1.0, 2.0]
    assert np.negative(column(-1.0, 2.0)).astype(float).tolist() == [1.0, -2.0]


def test_numpys_reductions_and_choices_go_by_the_number() -> None:
    v = column(3.0, -1.0, 2.0)
    assert np.mean(v).data == pytest.approx(4 / 3)
    assert np.prod(v).data == -6.0
    assert np.max(v) is v[0]
    assert np.argmin(v) == 1
    assert [x.data for x in np.sort(v)] == [-1.0, 2.0, 3.0]
    assert [x.data for x in np.cumsum(v)] == [3.0, 2.0, 4.0]
    assert np.maximum(v, 0.0)[0] is v[0]
    assert (v > 0).tolist() == [True, False, True]
    assert np.where(v > 0, v, 0)[0] is v[0]
    assert v.astype(float).tolist() == [3.0, -1.0, 2.0]


def test_making_arrays_of_values_keeps_them_whole() -> None:
    v = Value(1.0)
    assert np.array([v, v]).dtype == object
    assert np.array(v).shape == ()
    assert np.array([v])[0] is v
    assert np.array([v], dtype=float).tolist() == [1.0]
    assert np.isclose(float(v), 1.0)
