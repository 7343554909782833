"""The engine compiled and plain: one source, the same results to the last bit.

Run as a script, this file is the plain side: it reads random graphs and writes what they give.
"""

from __future__ import annotations

import json
import operator
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    TABLE,
    ChalkgradError,
    Value,
    differentiate,
    evaluate,
    logsumexp,
    softmax,
    topological_order,
)
from tests.expressions import programs, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.expressions import Program

ROOT = Path(__file__).resolve().parents[1]

needs_both = pytest.mark.skipif(
    not autograd.compiled,
    reason="the engine runs plain here, so there are no two modes to compare: "
    "compile it with `pip install -e .`",
)

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "pow": operator.pow, "neg": operator.neg, "abs": abs,
}  # fmt: skip

numbers = st.floats(-4.0, 4.0) | st.integers(-3, 3).map(float)
extremes = numbers | st.floats(allow_nan=False, allow_infinity=False)


def test_compiled_says_which_engine_runs() -> None:
    assert type(autograd.compiled) is bool
    for name in ("reals", "ops", "modes", "value", "graph", "composites", "transforms"):
        file = sys.modules[f"autograd.{name}"].__file__
        assert file is not None
        assert file.endswith(".py") is not autograd.compiled


# What a program gives, as plain data: every float by its bits, every error by its words.


def applied(name: str) -> Callable[..., Any]:
    """An operation by Python's sign where it has one and a Value is there, else by the table."""

    def apply(*operands: Any) -> Any:
        by_sign = name in ARITHMETIC and any(isinstance(x, Value) for x in operands)
        return (ARITHMETIC if by_sign else TABLE)[name](*operands)

    return apply


def bits(number: Any) -> str:
    return float(number).hex()


def or_error(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except ChalkgradError as error:
        return f"{type(error).__name__}: {error}"


def account(program: Program) -> dict[str, Any]:
    """All that the engine computes of a program: values, partials, gradients, derivatives."""
    nodes: list[Any] = []

    def extend() -> None:
        for node in run(program, {name: applied(name) for name in TABLE}, Value, float):
            nodes.append(node)  # noqa: PERF402  # what came before an error is kept

    told: dict[str, Any] = {"error": or_error(extend)}
    told["values"] = [bits(node) for node in nodes]
    values = [node for node in nodes if isinstance(node, Value)]
    leaves = [node for node in values if node.is_leaf]
    root = values[-1]
    told["partials"] = [[bits(slope) for slope in node.partials] for node in values]
    told["backward"] = or_error(root.backward)
    told["gradients"] = [bits(node.grad) for node in topological_order(root)]
    told["first"] = or_error(lambda: [bits(d) for d in differentiate(root, leaves)])
    told["second"] = or_error(
        lambda: [
            bits(second)
            for first in differentiate(root, leaves)
            for second in differentiate(first, leaves)
        ]
    )
    told["elsewhere"] = or_error(lambda: bits(evaluate(root, dict.fromkeys(leaves, 0.7))))
    told["logsumexp"] = or_error(lambda: bits(logsumexp(values)))
    told["softmax"] = or_error(lambda: [bits(p) for p in softmax(values)])
    told["text"] = [repr(root), f"{root:.3g}", root.op.name]
    return told


class Plain:
    """The plain engine in a process of its own, on a copy of the sources alone."""

    def __init__(self, folder: Path) -> None:
        compiled = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
        shutil.copytree(Path(autograd.__file__).parent, folder / "autograd", ignore=compiled)
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "CHALKGRAD_PURE": "1",
                "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
            },
        )

    def ask(self, program: Program) -> Any:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(program) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, "the plain engine has died"
        return json.loads(answer)

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    engine = Plain(tmp_path_factory.mktemp("plain"))
    yield engine
    engine.end()


def serve() -> None:
    """The other side of `Plain`: one program in and one account out on each line."""
    if autograd.compiled:
        raise RuntimeError("the plain engine turned out to be compiled")
    for line in sys.stdin:
        print(json.dumps(account(json.loads(line))), flush=True)


@needs_both
@pytest.mark.parametrize("size", ["usual", "extreme"])
@settings(max_examples=150)
@given(data=st.data())
def test_compiled_and_plain_results_are_equal_to_the_last_bit(
    plain: Plain, size: str, data: st.DataObject
) -> None:
    assert_equal_bits(plain, size, data)


@needs_both
@pytest.mark.slow
@pytest.mark.parametrize("size", ["usual", "extreme"])
@settings(max_examples=5000)
@given(data=st.data())
def test_ten_thousand_graphs_are_equal_to_the_last_bit(
    plain: Plain, size: str, data: st.DataObject
) -> None:
    assert_equal_bits(plain, size, data)


def assert_equal_bits(plain: Plain, size: str, data: st.DataObject) -> None:
    arities = {name: op.arity for name, op in TABLE.items()}
    program = data.draw(programs(arities, numbers if size == "usual" else extremes))
    assert account(program) == plain.ask(program)


@needs_both
@pytest.mark.parametrize("name", TABLE)
def test_each_operation_is_equal_to_the_last_bit(plain: Plain, name: str) -> None:
    for a in (0.7, -1.3, 0.0, -0.0, 1.0, 1e-310, 40.0, -745.0, 1e200):
        operands = [0, 1][: TABLE[name].arity]
        for b in (2.0, -0.5) if len(operands) == 2 else (2.0,):
            program = [["leaf", a], ["leaf", b], [name, *operands]]
            assert account(program) == plain.ask(program)


@needs_both
def test_a_leaf_pickled_by_one_mode_is_read_by_the_other(tmp_path: Path) -> None:
    engine = Plain(tmp_path)
    engine.end()
    leaf = Value(0.1, "w")
    leaf.grad = 0.3
    code = (
        "import autograd, pickle, sys; assert not autograd.compiled;"
        "sys.stdout.buffer.write(pickle.dumps(pickle.loads(sys.stdin.buffer.read())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(leaf),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    twin = pickle.loads(done.stdout)
    assert type(twin) is Value
    assert (twin.data, twin.grad, twin.label) == (0.1, 0.3, "w")


if __name__ == "__main__":
    serve()
