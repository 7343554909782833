"""Every operation of the table on every target: the bits of Python in LLVM and C, else 1e-12."""

from __future__ import annotations

import ctypes
import json
import math
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from autograd import TABLE, ChalkgradError, Operation, Value, compile, operation
from autograd.errors import GraphError
from tests.ways import WAYS, run_in

if TYPE_CHECKING:
    from pathlib import Path

    from autograd import Program

POINTS = [
    -1000.0, -709.0, -38.6, -37.0, -19.1, -3.0, -2.5, -2.0, -1.7, -1.0, -0.9, -0.5, -0.3, -0.01,
    -1e-9, -1e-160, -0.0, 0.0, 1e-160, 1e-17, 1e-9, 0.01, 0.2, 0.3, 0.5, 0.7, 1 - 1e-10, 1.0,
    1 + 1e-10, 1.3, 1.5, 2.0, 2.5, 3.0, 3.5, math.pi, 4.6, 18.4, 21.0, 36.7, 38.6, 100.0, 354.9,
    709.0, 1e16, 1e153,
]  # fmt: skip
FEW = [-37.0, -3.0, -1.0, -0.3, -0.0, 0.0, 1e-160, 0.2, 0.5, 1.0, 1.3, 2.0, 4.6, 1e16]
EXPONENTS = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0]

every_operation = pytest.mark.parametrize("op", [pytest.param(op, id=n) for n, op in TABLE.items()])


def inside(op: Operation) -> float:
    """A number in the domain of an operation."""
    return 1.25 if op.name in ("asec", "acsc", "acosh", "acoth") else 0.75


def graph(op: Operation) -> Program:
    """The program of an operation on inputs, differentiated by them."""
    inputs = [Value(inside(op), f"x{n}") for n in range(op.arity)]
    return compile(op(*inputs), inputs, wrt=inputs)


def rows(op: Operation) -> list[list[float]]:
    if op.arity == 1:
        return [[x] for x in POINTS]
    return [[a, b] for a in FEW for b in (EXPONENTS if op.name == "pow" else FEW)]


def eagerly(op: Operation, row: list[float]) -> list[float] | None:
    """Value and gradients by the engine; None where it raises."""
    inputs = [Value(x) for x in row]
    try:
        result = op(*inputs)
        result.backward()
    except ChalkgradError:
        return None
    return [result.data, *[x.grad for x in inputs]]


def bits(numbers: list[float]) -> list[str]:
    return [number.hex() for number in numbers]


@pytest.mark.parametrize("way", WAYS[:3])
@every_operation
def test_programs_give_the_bits_of_the_engine(
    op: Operation, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(way, monkeypatch)
    program = graph(op)
    fine = [(row, found) for row in rows(op) if (found := eagerly(op, row)) is not None]
    assert len(fine) > 3
    values = program.map([row for row, _ in fine])
    assert bits(values) == bits([found[0] for _, found in fine])
    for row, found in fine:
        value, gradients = program.value_and_grad(*row)
        assert bits([value, *gradients]) == bits(found), row


@pytest.mark.parametrize("way", WAYS[:2])
@every_operation
def test_what_raises_in_the_engine_raises_in_programs(
    op: Operation, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(way, monkeypatch)
    program = graph(op)
    for row in rows(op):
        try:
            op.evaluate(*row)
        except ChalkgradError as error:
            with pytest.raises(type(error)):
                program(*row)
            with pytest.raises(type(error), match=r"row 2: "):
                program.map([[inside(op)] * op.arity, row])


def test_c_gives_the_bits_of_the_engine(tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    files = []
    for name, op in TABLE.items():
        source = tmp_path / f"{name}.c"
        source.write_text(graph(op).c_source.replace("void program", f"void program_{name}"))
        files.append(str(source))
    library = tmp_path / "programs.so"
    subprocess.run(
        [
            compiler,
            "-O3",
            "-Wall",
            "-Werror",
            "-Wno-unknown-pragmas",
            "-shared",
            "-fPIC",
            "-o",
            str(library),
            *files,
            "-lm",
        ],
        check=True,
    )
    built = ctypes.CDLL(str(library))
    for name, op in TABLE.items():
        for row in rows(op):
            expected = eagerly(op, row)
            if expected is None:
                continue
            output, gradients = (ctypes.c_double * 1)(), (ctypes.c_double * 2)()
            built[f"program_{name}"]((ctypes.c_double * len(row))(*row), None, output, gradients)
            found = [output[0], *gradients[: len(row)]]
            # What the engine does not pass on, 0 times an infinite slope, is nan here.
            if not any(map(math.isnan, found)):
                assert bits(found) == bits(expected), (name, row)


def close(found: float, expected: float) -> bool:
    return found == expected or abs(found - expected) <= 1e-12 * max(abs(expected), 1e-300)


def test_python_gives_the_numbers_of_the_engine() -> None:
    for name, op in TABLE.items():
        names: dict[str, Any] = {}
        exec(graph(op).source, names)  # noqa: S102  # what was just made
        for row in rows(op):
            expected = eagerly(op, row)
            if expected is None:
                continue
            try:
                outputs, gradients = names["program"](row, [])
            except (ArithmeticError, ValueError):  # Python raises where a branch not taken would
                continue
            found = [*outputs, *gradients]
            if not any(map(math.isnan, found)):
                assert all(map(close, found, expected)), (name, row, found, expected)


def test_javascript_gives_the_numbers_of_the_engine(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to run JavaScript")
    cases = []
    text = "const found = [];\n"
    for name, op in TABLE.items():
        text += f"{{\n{graph(op).javascript_source}\n"
        for row in rows(op):
            expected = eagerly(op, row)
            if expected is not None:
                cases.append((name, row, expected))
                text += f"found.push(program({json.dumps(row)}, []));\n"
        text += "}\n"
    text += "console.log(JSON.stringify(found.map(f => [...f.outputs, ...f.gradients])));\n"
    script = tmp_path / "programs.js"
    script.write_text(text)
    told = subprocess.run([node, str(script)], capture_output=True, text=True, check=True)
    for (name, row, expected), found in zip(cases, json.loads(told.stdout), strict=True):
        if None not in found:  # what JSON makes of nan
            assert all(map(close, found, expected)), (name, row, found, expected)


def test_an_operation_of_ones_own_says_what_it_lacks() -> None:
    @operation(lambda x, y: 2 * x * y)
    def bump(x: float) -> float:
        return math.exp(x * x)

    x = Value(0.5)
    with pytest.raises(GraphError, match="bump") as caught:
        compile(bump(x), [x])
    assert "native=" in caught.value.hint


def test_an_operation_of_ones_own_with_a_native_form() -> None:
    @operation(lambda x, y: 2 * x * y, native=lambda x: TABLE["exp"](x * x))
    def bump(x: float) -> float:
        return math.exp(x * x)

    @operation(lambda a, b, y: b, lambda a, b, y: a)
    def product(a: float, b: float) -> float:
        return a * b  # arithmetic is recorded as it is

    x, y = Value(0.5), Value(1.0)
    program = compile(product(bump(x), y), [x, y], wrt=[x, y])
    assert program.value_and_grad(0.25, 2.0) == (
        2.0 * math.exp(0.0625),
        [2.0 * 0.5 * math.exp(0.0625), math.exp(0.0625)],
    )
