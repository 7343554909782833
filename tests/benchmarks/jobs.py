"""What is timed: user-level scalar code, the same for every engine.

A job is built once for an engine and gives a function that runs one step: forward, backward, and
the freeing of its graph. Engines differ in four words only: how to make a number, relu, exp, log.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Step = Callable[[], float]


@dataclass(frozen=True)
class Engine:
    """How user code calls an engine."""

    number: Callable[[float], Any]
    relu: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    data: Callable[[Any], float]
    gradient: bool = True
    cleared: float | None = 0.0

    def backward(self, loss: Any, parameters: Sequence[Any]) -> float:
        """Gradients of a fresh loss; only the number for an engine without gradients."""
        if self.gradient:
            for parameter in parameters:
                parameter.grad = self.cleared
            loss.backward()
        return self.data(loss)


# (a) micrograd's moons network: 2-16-16-1, max-margin loss over 100 points, L2 regularised.


def points(count: int = 100) -> list[tuple[list[float], int]]:
    """Two noisy half circles, labelled -1 and 1."""
    draw = random.Random(1337)
    rows = []
    for index in range(count):
        label = 2 * (index % 2) - 1
        angle = draw.uniform(0, 3.141592653589793)
        x, y = (1 - 2 * (angle / 3.141592653589793)), angle * (3.141592653589793 - angle) / 2.5
        if label < 0:
            x, y = x + 1, 0.5 - y
        rows.append(([x + draw.gauss(0, 0.1), y + draw.gauss(0, 0.1)], label))
    return rows


class Neuron:
    """A neuron written out as users of micrograd write it."""

    def __init__(self, engine: Engine, draw: random.Random, inputs: int, nonlinear: bool) -> None:
        self.engine = engine
        self.weights = [engine.number(draw.uniform(-1, 1)) for _ in range(inputs)]
        self.bias = engine.number(0.0)
        self.nonlinear = nonlinear

    def __call__(self, x: Sequence[Any]) -> Any:
        total = sum((w * v for w, v in zip(self.weights, x, strict=True)), self.bias)
        return self.engine.relu(total) if self.nonlinear else total


def moons(engine: Engine) -> Step:
    """One gradient of the loss over all points, as in micrograd's demo."""
    draw = random.Random(1)
    sizes = [2, 16, 16, 1]
    layers = [
        [Neuron(engine, draw, inputs, outputs > 1) for _ in range(outputs)]
        for inputs, outputs in pairwise(sizes)
    ]
    parameters = [p for layer in layers for neuron in layer for p in [*neuron.weights, neuron.bias]]
    rows = points()

    def step() -> float:
        losses = []
        for row, label in rows:
            x = [engine.number(v) for v in row]
            for layer in layers:
                x = [neuron(x) for neuron in layer]
            losses.append(engine.relu(1 + -label * x[0]))
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)
        return engine.backward(loss, parameters)

    return step


def moons_nn() -> Step:
    """The same loss through Chalkgrad's nn."""
    from nn import MLP  # noqa: PLC0415  # of no use to the other engines

    model = MLP(2, [16, 16, 1], seed=1)
    parameters = model.parameters()
    rows = points()

    def step() -> float:
        losses = [(1 + -label * model(row)).relu() for row, label in rows]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)
        model.zero_grad()
        loss.backward()
        return float(loss)

    return step


# (b) A GPT of one layer in scalars: 16 embeddings, 4 heads, context 16, 27 tokens.

EMBEDDING, HEADS, CONTEXT, TOKENS = 16, 4, 16, 27


def gpt(engine: Engine) -> Step:
    """One training step's gradient on a name of nine letters."""
    draw = random.Random(42)

    def matrix(rows: int, columns: int) -> list[list[Any]]:
        return [[engine.number(draw.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

    token, position = matrix(TOKENS, EMBEDDING), matrix(CONTEXT, EMBEDDING)
    query, key, value, mix = (matrix(EMBEDDING, EMBEDDING) for _ in range(4))
    wide, narrow = matrix(4 * EMBEDDING, EMBEDDING), matrix(EMBEDDING, 4 * EMBEDDING)
    head = matrix(TOKENS, EMBEDDING)
    matrices = [token, position, query, key, value, mix, wide, narrow, head]
    parameters = [p for matrix in matrices for row in matrix for p in row]
    name = [0, 3, 8, 1, 12, 11, 7, 18, 1, 4, 0]

    def linear(x: list[Any], weights: list[list[Any]]) -> list[Any]:
        return [sum(w * v for w, v in zip(row, x, strict=True)) for row in weights]

    def normalized(x: list[Any]) -> list[Any]:
        scale = (sum(v * v for v in x) / len(x) + 1e-5) ** -0.5
        return [v * scale for v in x]

    def softmax(logits: list[Any]) -> list[Any]:
        largest = max(engine.data(v) for v in logits)
        exponentials = [engine.exp(v - largest) for v in logits]
        total = sum(exponentials)
        return [e / total for e in exponentials]

    def attention(q: list[Any], keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        width = EMBEDDING // HEADS
        mixed = []
        for start in range(0, EMBEDDING, width):
            part = range(start, start + width)
            scores = [sum(q[i] * k[i] for i in part) / width**0.5 for k in keys]
            weights = softmax(scores)
            mixed += [sum(w * v[i] for w, v in zip(weights, values, strict=True)) for i in part]
        return mixed

    def step() -> float:
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        losses = []
        for at, (current, following) in enumerate(pairwise(name)):
            x = normalized([t + p for t, p in zip(token[current], position[at], strict=True)])
            normal = normalized(x)
            keys.append(linear(normal, key))
            values.append(linear(normal, value))
            mixed = linear(attention(linear(normal, query), keys, values), mix)
            x = [a + b for a, b in zip(x, mixed, strict=True)]
            hidden = [engine.relu(v) for v in linear(normalized(x), wide)]
            x = [a + b for a, b in zip(x, linear(hidden, narrow), strict=True)]
            losses.append(-engine.log(softmax(linear(x, head))[following]))
        return engine.backward(sum(losses) / len(losses), parameters)

    return step


# (c) Chains, and (d) the LPA network's step.


def chain(engine: Engine, nodes: int) -> Step:
    """x <- x * a + b, until the chain has as many results as asked for."""
    a, b = engine.number(0.999), engine.number(0.001)

    def step() -> float:
        x = a
        for _ in range(nodes // 2):
            x = x * a + b
        return engine.backward(x, [a, b])

    return step


def lpa(engine: Engine, steps: int) -> Step:
    """Gradient-descent steps of the notes' 2-2-1 network on one row."""
    rate = 1e-9

    def step() -> float:
        first = [[engine.number(0.1) for _ in range(3)] for _ in range(2)]
        last = [engine.number(0.1) for _ in range(3)]
        parameters = [*first[0], *first[1], *last]
        iq, cgpa, lpa = engine.number(80.0), engine.number(8.0), 8.0
        for _ in range(steps):
            hidden = [w1 * iq + w2 * cgpa + bias for w1, w2, bias in first]
            predicted = last[0] * hidden[0] + last[1] * hidden[1] + last[2]
            loss = engine.backward((predicted - lpa) ** 2, parameters)
            for parameter in parameters:
                parameter.data -= rate * parameter.grad
        return loss

    return step


# (e) Derivatives of functions, and (f) cross-entropy.


def rosenbrock(v: Sequence[Any]) -> Any:
    """100 (v_i+1 - v_i^2)^2 + (1 - v_i)^2, summed up."""
    total = 0.0
    for i in range(len(v) - 1):
        total = total + 100.0 * (v[i + 1] - v[i] ** 2) ** 2 + (1.0 - v[i]) ** 2
    return total


def at(size: int) -> list[float]:
    """A point for the Rosenbrock function."""
    return [0.5 + 0.1 * (i % 10) for i in range(size)]


def recorded(size: int) -> Step:
    """The function recorded and backward(): what its gradient cannot cost less than."""
    from autograd import Value  # noqa: PLC0415  # of no use to the other engines

    def step() -> float:
        v = [Value(x) for x in at(size)]
        rosenbrock(v).backward()
        return sum(x.grad for x in v)

    return step


def gradient(size: int) -> Step:
    """The same by grad()."""
    from autograd import grad  # noqa: PLC0415

    of = grad(rosenbrock)
    return lambda: sum(of(at(size)))


def hessian(size: int) -> Step:
    """All second derivatives."""
    from autograd import hessian as transform  # noqa: PLC0415

    of = transform(rosenbrock)
    return lambda: sum(map(sum, of(at(size))))


def sparse_hessian(size: int) -> Step:
    """Those of them that are not 0."""
    from autograd import hessian as transform  # noqa: PLC0415

    of = transform(rosenbrock, sparse=True)
    return lambda: sum(of(at(size)).values)


def hyperjet_hessian(size: int) -> Step:
    """All second derivatives by hyperjet, which carries them along."""
    import hyperjet  # noqa: PLC0415

    def step() -> float:
        found = rosenbrock(hyperjet.DDScalar.variables(at(size)))
        return float(found.hm().sum())

    return step


def differentiated(size: int) -> Step:
    """differentiate() on a recorded graph."""
    from autograd import Value, differentiate  # noqa: PLC0415

    v = [Value(x) for x in at(size)]
    output = rosenbrock(v)
    return lambda: sum(slope.data for slope in differentiate(output, v))


def cross_entropy(classes: int) -> Step:
    """Sparse cross-entropy from logits and its gradient."""
    from autograd import Value  # noqa: PLC0415
    from nn import sparse_cross_entropy  # noqa: PLC0415

    logits = [Value(0.01 * i) for i in range(classes)]

    def step() -> float:
        loss = sparse_cross_entropy(logits, 3, from_logits=True)
        loss.backward()
        return loss.data

    return step


def unrecorded(engine: Engine, nodes: int) -> Step:
    """The chain under no_grad()."""
    from autograd import no_grad  # noqa: PLC0415

    a, b = engine.number(0.999), engine.number(0.001)

    def step() -> float:
        x = a
        with no_grad():
            for _ in range(nodes // 2):
                x = x * a + b
        return engine.data(x)

    return step


def operations(name: str) -> Step:
    """An operation on a Value, a thousand times."""
    from autograd import Value  # noqa: PLC0415

    x, method = Value(0.75), getattr(Value, name)

    def step() -> float:
        for _ in range(1000):
            y = method(x)
        return float(y)

    return step


def tenth(by: str) -> Step:
    """The ten first derivatives of tanh."""
    from autograd import (  # noqa: PLC0415
        Value,
        differentiate,
        grad,
        tanh,
        taylor,
    )

    def nested() -> float:
        x = Value(0.25)
        found = x.tanh()
        for _ in range(10):
            found = differentiate(found, x)
        return found.data / math.factorial(10)

    derivative = tanh
    for _ in range(10):
        derivative = grad(derivative)
    ways = {
        "taylor": lambda: taylor(tanh, 0.25, 10)[-1],
        "grad": lambda: derivative(0.25) / math.factorial(10),
        "differentiate": nested,
    }
    return ways[by]


def forward(engine: Engine, nodes: int) -> Step:
    """The chain recorded, and freed."""
    a, b = engine.number(0.999), engine.number(0.001)

    def step() -> float:
        x = a
        for _ in range(nodes // 2):
            x = x * a + b
        return engine.data(x)

    return step


def lpa_nn(steps: int) -> Step:
    """LPA steps through nn: model, mse, SGD."""
    from nn import MLP, SGD, constant, mse  # noqa: PLC0415

    def step() -> float:
        model = MLP(2, [2, 1], activation="linear", init=constant(W=0.1, b=0.1))
        optimizer = SGD(model.parameters(), lr=1e-9)
        for _ in range(steps):
            loss = mse(model([80.0, 8.0]), 8.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.data

    return step


OWN = {
    "moons_nn": moons_nn, "recorded": recorded, "gradient": gradient, "hessian": hessian,
    "sparse_hessian": sparse_hessian, "differentiated": differentiated, "lpa_nn": lpa_nn,
    "cross_entropy": cross_entropy, "hyperjet_hessian": hyperjet_hessian,
    "operations": operations, "tenth": tenth,
}  # fmt: skip
"""Jobs that take no engine: they are written for one."""
