"""Programs against C by hand, CasADi, JAX, numpy, the engine: `-m tests.benchmarks programs`.

Every contender of a job takes its turn in each round, so that a noisy machine is noisy for all;
CPU time of the process is taken, but for threads, and the medians are divided. Who is not installed
is left out: gcc, casadi and numpy (`pip install -e '.[bench]'`), jax (`pip install -e '.[jax]'`).
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograd import Program, Scan, Value, added_in_order, compile
from autograd.program import native
from nn import MLP, SGD, fit, hinge, mse
from tests.benchmarks import jobs

Contenders = dict[str, Callable[[], Any]]

ROWS, LPA_ROWS, EPOCHS = 10_000, 100_000, 10_000
RATE = 1e-6
LONG_ENOUGH = 0.02  # seconds of a turn

# Threads that wait for work cost CPU time that others would be charged with.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def built(folder: Path, name: str, *flags: str) -> Any:
    """programs.c as a library, built as one does for speed; None without a compiler."""
    if shutil.which("gcc") is None:
        return None
    library = folder / f"{name}.so"
    source = Path(__file__).with_name("programs.c")
    command = ["gcc", "-O3", "-march=native", *flags, "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*command, str(source), "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))
    for function in ("moons_loss", "moons_gradient", "lpa_gradient"):
        getattr(loaded, function).restype = ctypes.c_double
    return loaded


def doubles(numbers: Any) -> Any:
    numbers = list(numbers)
    return (ctypes.c_double * len(numbers))(*numbers)


def medians(contenders: Contenders, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """The median seconds of each, all of them taking turns, as in a training.

    In a turn the first is not timed, then as many as fit into a fiftieth of a second are.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            gc.collect()
            work()  # the others have had the caches meanwhile
            begun = now = clock()
            times = 0
            while now < begun + LONG_ENOUGH:
                work()
                times += 1
                now = clock()
            taken[name].append((now - begun) / times)
    return {name: statistics.median(times) for name, times in taken.items()}


def table(title: str, contenders: Contenders, per: int, rounds: int, clock: Any = None) -> None:
    """Prints the time of each, and how many times that of the first it is."""
    found = medians(contenders, rounds, clock or time.process_time)
    first = next(iter(found.values()))
    print(f"\n{title}")
    for name, seconds in found.items():
        print(f"  {name:44} {seconds / per * 1e9:12,.1f} ns  {seconds / first:9.2f}x")


# Moons: 2-16-16-1 with the hinge loss.


def moons_rows(count: int) -> list[list[float]]:
    draw = random.Random(1337)
    return [[draw.gauss(0, 1), draw.gauss(0, 1), draw.choice([-1.0, 1.0])] for _ in range(count)]


def moons_program(activation: str, exact: bool = True) -> tuple[Program, MLP]:
    model = MLP(2, [16, 16, 1], activation=activation, seed=1)
    x0, x1, y = Value(0.5, "x_0"), Value(0.25, "x_1"), Value(1.0, "y")
    loss = (1 - y * model([x0, x1])).relu()
    program = compile(loss, [x0, x1, y], wrt=model.parameters(), exact=exact)
    return program, model


def c_parameters(model: MLP) -> Any:
    """The parameters in the order of programs.c: layer by layer, weights, then biases."""
    numbers: list[float] = []
    for layer in model.layers:
        numbers += [w.data for neuron in layer.neurons for w in neuron.weights]
        numbers += [neuron.bias.data for neuron in layer.neurons]
    return doubles(numbers)


def casadi_moons(model: MLP, activation: str, rows: list[list[float]], jit: bool) -> Any:
    import casadi  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    x, p = casadi.SX.sym("x", 3), casadi.SX.sym("p", 337)
    at, h = 0, [x[0], x[1]]
    for n, layer in enumerate(model.layers):
        width = len(h)
        bias = at + len(layer.neurons) * width
        z = [
            sum((p[at + j * width + i] * h[i] for i in range(width)), p[bias + j])
            for j in range(len(layer.neurons))
        ]
        at = bias + len(layer.neurons)
        last = n == len(model.layers) - 1
        h = (
            z
            if last
            else [casadi.tanh(v) if activation == "tanh" else casadi.fmax(v, 0) for v in z]
        )
    loss = casadi.fmax(1 - x[2] * h[0], 0)
    options = {}
    if jit:
        flags = {"flags": ["-O3", "-march=native"], "verbose": False}
        options = {"jit": True, "compiler": "shell", "jit_options": flags}
    f = casadi.Function("f", [x, p], [loss, casadi.gradient(loss, p)], options)
    mapped = f.map("mapped", "serial", len(rows), [1], [0, 1])
    data, numbers = np.array(rows).T, np.array(list(c_parameters(model)))
    return lambda: mapped(data, numbers)


def jax_moons(model: MLP, activation: str, rows: list[list[float]]) -> Any:
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    jax.config.update("jax_enable_x64", True)
    p = [
        (
            jnp.array([[w.data for w in neuron.weights] for neuron in layer.neurons]),
            jnp.array([neuron.bias.data for neuron in layer.neurons]),
        )
        for layer in model.layers
    ]
    act = jnp.tanh if activation == "tanh" else jax.nn.relu

    def loss(p: Any, x: Any) -> Any:
        h = x[:2]
        for n, (w, b) in enumerate(p):
            h = w @ h + b
            h = h if n == len(p) - 1 else act(h)
        return jax.nn.relu(1 - x[2] * h[0])

    total = jax.jit(
        jax.value_and_grad(lambda p, xs: jnp.sum(jax.vmap(loss, in_axes=(None, 0))(p, xs)))
    )
    data = jnp.array(np.array(rows))
    return lambda: jax.block_until_ready(total(p, data))


def numpy_moons(model: MLP, activation: str, rows: list[list[float]]) -> Any:
    import numpy as np  # noqa: PLC0415

    w = [np.array([[w.data for w in n.weights] for n in layer.neurons]) for layer in model.layers]
    b = [np.array([n.bias.data for n in layer.neurons]) for layer in model.layers]
    data = np.array(rows)
    x, y = data[:, :2], data[:, 2:]

    def work() -> Any:
        z1 = x @ w[0].T + b[0]
        h1 = np.tanh(z1) if activation == "tanh" else np.maximum(z1, 0)
        z2 = h1 @ w[1].T + b[1]
        h2 = np.tanh(z2) if activation == "tanh" else np.maximum(z2, 0)
        margin = 1 - y * (h2 @ w[2].T + b[2])
        d3 = np.where(margin > 0, -y, 0.0)
        d2 = d3 @ w[2] * (1 - h2 * h2 if activation == "tanh" else z2 > 0)
        d1 = d2 @ w[1] * (1 - h1 * h1 if activation == "tanh" else z1 > 0)
        pairs = [(d1, x), (d2, h1), (d3, h2)]
        return np.maximum(margin, 0).sum(), [(d.T @ h, d.sum(0)) for d, h in pairs]

    return work


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def moons(folder: Path, activation: str, rounds: int) -> None:
    rows = moons_rows(ROWS)
    flat = doubles(x for row in rows for x in row)
    program, model = moons_program(activation)
    optimised(program, "total", "map")
    contenders: Contenders = {"program.total, value and 337 gradients": lambda: program.total(flat)}
    if activation == "tanh":
        quick, _ = moons_program(activation, exact=False)
        optimised(quick, "total")
        contenders["... with exact=False"] = lambda: quick.total(flat)
    contenders["program.map, value alone"] = lambda: program.map(flat)
    c = built(folder, activation, *(["-DTANH"] if activation == "tanh" else []))
    if c is not None:
        numbers, gradient = c_parameters(model), doubles([0.0] * 337)
        contenders["C, value alone"] = lambda: c.moons_loss(flat, ROWS, numbers)
        contenders["C, value and 337 gradients"] = lambda: c.moons_gradient(
            flat, ROWS, numbers, gradient
        )
        found, expected = program.total(flat), c.moons_gradient(flat, ROWS, numbers, gradient)
        assert abs(found[0] - expected) < 1e-8 * abs(expected)
    if installed("casadi"):
        few = rows[: ROWS // 10]
        machine = casadi_moons(model, activation, few, jit=False)
        contenders["CasADi's virtual machine"] = lambda: [machine() for _ in range(10)]
        if c is not None:
            contenders["CasADi mapped through gcc"] = casadi_moons(
                model, activation, rows, jit=True
            )
    if installed("jax"):
        contenders["JAX, jit and vmap"] = jax_moons(model, activation, rows)
    if installed("numpy"):
        contenders["numpy, vectorised by hand"] = numpy_moons(model, activation, rows)

    def eager() -> None:
        for x0, x1, y in rows[:100]:
            model.zero_grad()
            (1 - y * model([x0, x1])).relu().backward()

    table(f"moons, {activation}, {ROWS:,} rows: time a row", contenders, ROWS, rounds)
    seconds = medians({"engine": eager}, max(3, rounds // 4), time.process_time)["engine"]
    print(f"  {'the engine, a graph for each row':44} {seconds / 100 * 1e9:12,.1f} ns")
    if activation == "relu":
        two = medians(
            {str(n): lambda n=n: program.total(flat, threads=n) for n in (1, 2)},  # type: ignore[misc]
            rounds, time.perf_counter,
        )  # fmt: skip
        one, both = (two[n] / ROWS * 1e9 for n in ("1", "2"))
        print(f"  by the clock on one thread {one:.1f} ns, on two {both:.1f}")


def optimised(program: Program, *kinds: str) -> None:
    assert program._machine is not None, "llvmlite is not installed"
    program._machine.optimise(*kinds)


# LPA: per-row descent, and full-batch gradients.


def lpa_model() -> tuple[Program, MLP]:
    model = MLP(2, [2, 1], activation="linear", seed=1)
    iq, cgpa, lpa = Value(80.0, "iq"), Value(8.0, "cgpa"), Value(8.0, "lpa")
    return compile(mse(model([iq, cgpa]), lpa), [iq, cgpa, lpa], wrt=model.parameters()), model


def lpa(folder: Path, rounds: int) -> None:
    program, model = lpa_model()
    start = [p.data for p in program.parameters]
    rows = [[80.0, 8.0, 8.0], [70.0, 7.0, 6.0], [90.0, 9.0, 9.0], [60.0, 6.0, 4.0]]
    scan = Scan([program], lambda t: (), lambda _, p, g: [p + -RATE * g], 0)
    scan.optimise(wait=True)
    memory, steps = scan.rows(rows), EPOCHS * len(rows)
    losses = doubles([0.0] * steps)

    def natively() -> None:
        scan.load([start])
        scan.into(losses, memory, steps=steps, count=len(rows))

    contenders: Contenders = {"Scan, all in native code": natively}
    c = built(folder, "lpa")
    flat = doubles(x for row in rows for x in row)
    if c is not None:
        numbers, first = doubles([0.0] * 9), c_parameters(model)

        def by_hand() -> None:
            numbers[:] = first[:]
            c.lpa_train(flat, len(rows), EPOCHS, ctypes.c_double(RATE), numbers, losses)

        contenders["C"] = by_hand
    if installed("casadi"):
        contenders["CasADi's mapaccum"] = casadi_lpa(rows, steps)

    def few_epochs() -> None:
        fit(model, pairs, mse, SGD(model.parameters(), RATE), 100, compiled=False)

    def through_fit() -> None:
        fit(model, pairs, mse, SGD(model.parameters(), RATE), EPOCHS, compiled=True)

    pairs = [(row[:2], row[2]) for row in rows]
    contenders["fit(compiled=True), recording and all"] = through_fit
    title = f"LPA, per-row SGD, 4 rows x {EPOCHS:,} epochs: time a step"
    table(title, contenders, steps, rounds)
    engine = medians({"fit": few_epochs}, 5, time.process_time)["fit"]
    print(f"  {'the engine, fit(compiled=False)':44} {engine / 400 * 1e9:12,.1f} ns")

    many = [[draw.uniform(50, 100), draw.uniform(5, 10), draw.uniform(2, 12)]
            for draw in [random.Random(1)] for _ in range(LPA_ROWS)]  # fmt: skip
    table_rows = doubles(x for row in many for x in row)
    optimised(program, "total")
    batch: Contenders = {"program.total": lambda: program.total(table_rows)}
    if c is not None:
        gradient = doubles([0.0] * 9)
        given = c_parameters(model)
        batch["C"] = lambda: c.lpa_gradient(table_rows, LPA_ROWS, given, gradient)
    table(f"LPA, gradient over {LPA_ROWS:,} rows: time a row", batch, LPA_ROWS, rounds)

    one: Contenders = {"program.value_and_grad(80, 8, 8)": lambda: repeat(program.value_and_grad)}
    if c is not None:
        single, given = doubles([80.0, 8.0, 8.0]), c_parameters(model)
        pointers = [ctypes.c_void_p(ctypes.addressof(b)) for b in (single, given, gradient)]
        count = ctypes.c_long(1)

        def calls() -> None:
            for _ in range(1000):
                c.lpa_gradient(pointers[0], count, pointers[1], pointers[2])

        one["C through ctypes"] = calls
    optimised(program, "gradient")
    table("LPA, one row called from Python: time a call", one, 1000, rounds)


def repeat(function: Callable[..., Any]) -> None:
    for _ in range(1000):
        function(80.0, 8.0, 8.0)


def casadi_lpa(rows: list[list[float]], steps: int) -> Any:
    import casadi  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    p, x = casadi.SX.sym("p", 9), casadi.SX.sym("x", 3)
    h = [p[0] * x[0] + p[1] * x[1] + p[4], p[2] * x[0] + p[3] * x[1] + p[5]]
    loss = (x[2] - (p[6] * h[0] + p[7] * h[1] + p[8])) ** 2
    step = casadi.Function("s", [p, x], [p - RATE * casadi.gradient(loss, p), loss])
    accumulated = step.mapaccum("steps", 1000)
    data = np.array(rows * 250).T

    def work() -> None:
        state = np.full(9, 0.1)
        for _ in range(steps // 1000):
            states, _ = accumulated(state, data)
            state = states[:, -1]

    return work


# Whole stories: a training with recording and compiling counted, a GPT, how compiling grows.


def hundred_steps() -> None:
    """micrograd's demo: 100 full-batch steps over 100 points."""
    points = jobs.points()
    rows = [[*x, float(y)] for x, y in points]

    def schedule(t: Any) -> list[Any]:
        return [1.0 - 0.9 * (t - 1.0) / 100]

    def rule(numbers: Any, p: Any, g: Any) -> list[Any]:
        return [p + -numbers[0] * (g + 2e-4 * p)]

    def natively() -> list[float]:
        program, _ = moons_program("relu")
        scan = Scan([program], schedule, rule, 0, batch=len(rows))
        scan.load([[p.data for p in program.wrt]])
        taken, losses = scan.run(scan.rows(rows), steps=100 * len(rows))
        assert taken == 100 * len(rows)
        (data,) = scan.data()
        for p, number in zip(program.wrt, data, strict=True):
            p.data = number
        return losses[-len(rows) :]

    def eagerly(steps: int) -> float:
        model = MLP(2, [16, 16, 1], seed=1)
        begun = time.process_time()
        for k in range(steps):
            model.zero_grad()
            losses = [hinge(model(x), y) for x, y in points]
            loss = sum(losses) / 100 + 1e-4 * sum(p * p for p in model.parameters())
            loss.backward()
            for p in model.parameters():
                p.data -= (1.0 - 0.9 * k / 100) * p.grad
        return (time.process_time() - begun) * 100 / steps

    def anew() -> None:
        native._compiled.clear()
        natively()

    ours = medians({"program": anew}, 5, time.process_time)["program"]
    engine = statistics.median(eagerly(20) for _ in range(3))
    print("\nmoons, 100 full-batch steps over 100 points, recording and compiling counted")
    print(f"  Scan {ours:.4f} s, engine {engine:.3f} s: {engine / ours:.1f} times as fast")


class Capture(jobs.Engine):
    """An engine that keeps the loss instead of going backward."""

    def backward(self, loss: Any, parameters: Any) -> float:
        kept[:] = [loss, parameters]
        return 0.0


kept: list[Any] = []


def gpt() -> None:
    """The 1-layer GPT's step."""
    words = (Value, Value.relu, Value.exp, Value.log, float)  # type: ignore[attr-defined]
    jobs.gpt(Capture(*words))()
    loss, parameters = kept
    step = jobs.gpt(jobs.Engine(*words))
    engine = medians({"step": step}, 11, time.process_time)["step"]
    begun = time.process_time()
    program = compile(loss, wrt=parameters)
    value, _ = program.value_and_grad()
    first = time.process_time() - begun
    assert value == loss.data
    optimised(program, "gradient")
    full = time.process_time() - begun
    ours = medians({"step": program.value_and_grad}, 31, time.process_time)["step"]
    nodes = len(program.recording.tape.nodes)
    print(f"\n1-layer GPT's step, {nodes:,} nodes, {len(program):,} operations")
    print(f"  first result after {first:.2f} s, optimised after {full:.2f} s")
    print(
        f"  then {ours * 1e3:.3f} ms, the engine {engine * 1e3:.3f} ms: {engine / ours:.1f} times"
    )


def growth(sizes: list[int]) -> None:
    """How compiling grows with the graph, and the memory it takes."""
    print("\ncompiling for many rows, value and gradient: microseconds a node")
    for width in sizes:
        model = MLP(2, [width, width, 1], seed=1)
        x = [Value(0.5), Value(0.25)]
        loss = (1 - model(x)).relu()
        native._compiled.clear()
        begun = time.process_time()
        program = compile(loss, x, wrt=model.parameters())
        assert len(program.recording.gradients) == len(model.parameters())
        recorded = time.process_time() - begun
        program.total([[0.5, 0.25]])
        low = time.process_time() - begun
        begun = time.process_time()
        optimised(program, "total")
        high = time.process_time() - begun
        nodes = len(program.recording.tape.nodes)
        print(f"  {nodes:7,} nodes: recorded {recorded / nodes * 1e6:5.1f}, first result "
              f"{low / nodes * 1e6:5.1f} in all, optimised {high / nodes * 1e6:6.1f}")  # fmt: skip
    model = MLP(2, [64, 64, 1], seed=1)
    x = [Value(0.5), Value(0.25)]
    loss = (1 - model(x)).relu()
    tracemalloc.start()
    program = compile(loss, x, wrt=model.parameters())
    assert len(program.recording.gradients) == len(model.parameters())
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    nodes = len(program.recording.tape.nodes)
    print(f"  memory: {peak / nodes:.0f} bytes a node while recording, {now / nodes:.0f} after")


def main(quick: bool) -> None:
    """Measures and prints."""
    os.environ.update(ONE_THREAD)  # before numpy and JAX are imported
    rounds = 3 if quick else 31
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        moons(folder, "relu", rounds)
        moons(folder, "tanh", rounds)
        lpa(folder, rounds)
    hundred_steps()
    gpt()
    growth([16, 60] if quick else [16, 60, 195])
    assert added_in_order([[1.0]], 1) == [1.0]
