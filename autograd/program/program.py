"""`Program`: a graph recorded once, to be computed for one row or for many."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import ArgumentError, ChalkgradError, GradientError, GraphError
from autograd.graph import topological_order
from autograd.program.buffers import Rows, doubles
from autograd.program.c import c_source
from autograd.program.javascript import javascript_source
from autograd.program.jax import jax_function
from autograd.program.machine import Machine, machine_for
from autograd.program.python import python_source
from autograd.program.recording import Recording
from autograd.program.replay import added_in_order, replay
from autograd.program.storage import load_recording, save_recording
from autograd.reals import real

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from autograd.value import Value

__all__ = ["Program", "compile"]


class Program:
    """A recorded graph, ready to be computed for other numbers: what `compile` gives.

    `inputs` are the Values that change from row to row, `wrt` those by which gradients are, and
    `parameters` the leaves whose numbers are read at each call. Without llvmlite everything works
    the same, at the engine's own speed.

    >>> from autograd import Value, compile
    >>> x, y, w = Value(0.0, "x"), Value(0.0, "y"), Value(3.0, "w")
    >>> program = compile((w * x - y) ** 2, inputs=[x, y])
    >>> program(2, 5), program.grad(2, 5), program.value_and_grad(2, 5)
    (1.0, [4.0], (1.0, [4.0]))
    >>> program.map([[2, 5], [1, 3]])
    [1.0, 0.0]
    >>> program.total([[2, 5], [1, 3]])
    (1.0, [4.0])
    """

    def __init__(
        self,
        recording: Recording,
        *,
        eagerly: Callable[[Sequence[float]], Sequence[Value]] | None = None,
        several: bool = False,
    ) -> None:
        self.recording = recording
        self.inputs, self.wrt = recording.inputs, recording.wrt
        self.parameters = recording.parameters
        self._single = len(recording.outputs) == 1 and not several
        self._eagerly = eagerly
        self._machine = machine_for(recording)

    # One row.

    def __call__(self, *row: float) -> Any:
        """The output for one row, a list where there are several. Raises what operations raise."""
        found = self._call(row)
        if found is None:
            found = self._outputs_slowly(self._numbers(row))
        return found[0] if self._single else found

    def grad(self, *row: float) -> list[float]:
        """The gradients of the one output for a row, in the order of `wrt`."""
        return self.value_and_grad(*row)[1]

    def value_and_grad(self, *row: float) -> tuple[float, list[float]]:
        """The one output for a row and its gradients; raises GradientError as `backward()`."""
        found = self._call_with_gradient(row)
        if found is None:
            found = self._gradients_slowly(self._numbers(row))
        return found[0], found[1:]

    def _value_and_gradients(self, row: Sequence[float]) -> list[float]:
        found = self._call_with_gradient(row)
        return self._gradients_slowly(self._numbers(row)) if found is None else found

    # The first call compiles, and puts what it compiled in its own place.

    def _call(self, row: Sequence[float]) -> list[float] | None:
        machine = self._ready("one")
        if machine is None:
            return None
        vars(self)["_call"] = machine.single(gradient=False)
        return self._call(row)

    def _call_with_gradient(self, row: Sequence[float]) -> list[float] | None:
        self._one_output()
        machine = self._ready("gradient")
        if machine is None:
            return None
        vars(self)["_call_with_gradient"] = machine.single(gradient=True)
        return self._call_with_gradient(row)

    # Many rows.

    def map(self, rows: Any, *, threads: int = 1) -> list[Any]:
        """The outputs of each row: a list of numbers, or of lists where there are several outputs.

        `rows` is a list of rows, or any contiguous buffer of doubles, as a numpy array, which is
        read where it stands. Raises what the operations raise, naming the row.
        """
        table, threads = self._rows(rows), _threads(threads)
        width = len(self.recording.outputs)
        found = doubles(table.count * width)
        machine = self._ready("map")
        if machine is None:
            for number in range(table.count):
                found[number * width : (number + 1) * width] = self._named(
                    self._outputs_slowly, table, number
                )
        else:
            for number in machine.map(table, found, threads):
                found[number * width : (number + 1) * width] = self._named(
                    self._outputs_slowly, table, number
                )
        numbers: list[float] = found[: table.count * width]
        if self._single:
            return numbers
        return [numbers[at : at + width] for at in range(0, len(numbers), width)]

    def total(self, rows: Any, *, threads: int = 1) -> tuple[float, list[float]]:
        """The output summed over the rows, and the gradients of that sum.

        Rows are taken in blocks of 1024, in a block row i is added to partial sum i mod 8, each
        from 0 on; then s0 + s4, s1 + s5, s2 + s6, s3 + s7, of these the first and third and the
        second and fourth, and both; the blocks' sums are added in turn. So the bits are the same
        on every machine, whatever the lanes and `threads`. `rows` and errors are as for `map`.
        """
        self._one_output()
        table = self._rows(rows)
        threads = _threads(threads)
        machine = self._ready("total")
        sums = None if machine is None else machine.total(table, threads)
        if sums is None:  # row by row, where the error will name the one in trouble
            sums = added_in_order(
                (
                    self._named(self._value_and_gradients, table, number)
                    for number in range(table.count)
                ),
                1 + len(self.wrt),
            )
        for at, found in enumerate(sums):
            if not math.isfinite(found):
                what = f"gradient by {_called(self.wrt[at - 1])}" if at else "output"
                raise GradientError(
                    f"the sum over {table.count} rows of the {what} is {found!r}",
                    hint="scale the inputs or the output: each row's is finite, their sum is not",
                )
        return sums[0], sums[1:]

    # Elsewhere.

    def to_jax(self) -> Callable[[Any, Any], Any]:
        """A function `f(inputs, parameters)` of arrays for JAX, giving an array of the outputs.

        It is there to be differentiated, mapped over rows and spread over devices by JAX, within
        1e-12 of this program. Raises ImportError where jax is not installed.
        """
        return jax_function(self.recording)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the program to a file that `Program.load` reads: a graph in JSON, no code.

        Raises GraphError for a program of a function, and for operations of one's own.
        """
        if self._eagerly is not None:
            raise GraphError(
                "this program was recorded from a function, which no file can hold",
                hint="compile recorded Values: compile(f(x), inputs=[x])",
            )
        save_recording(self.recording, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Program:
        """The program in a file, on fresh Values: see `inputs`, `parameters` and `wrt`.

        Raises ArgumentError, with the reason, for a file that is damaged, no program, or of a
        version with other operations.
        """
        return cls(load_recording(path))

    # What it is.

    @property
    def source(self) -> str:
        """Python text that defines `program(inputs, parameters)`: outputs and gradients."""
        return python_source(self.recording)

    @property
    def c_source(self) -> str:
        """C text that defines `program(inputs, parameters, outputs, gradients)`; needs libm."""
        return c_source(self.recording)

    @property
    def javascript_source(self) -> str:
        """JavaScript text that defines `program(inputs, parameters)`: {outputs, gradients}."""
        return javascript_source(self.recording)

    @property
    def llvm_ir(self) -> str:
        """The text that LLVM compiles for many rows. Raises an error where llvmlite is missing."""
        machine = self._machine if self._machine is not None else Machine(self.recording)
        return machine.text("total" if self._single else "map")

    def __len__(self) -> int:
        """How many operations a row takes, with its gradient where there is one output."""
        code = self.recording.code
        wanted = [*self.recording.outputs, *(self.recording.gradients if self._single else ())]
        return sum(code.names[at] not in _LEAVES for at in code.live(wanted))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return (
            f"Program({len(self.inputs)} inputs, {len(self.parameters)} parameters, "
            f"{len(self.recording.outputs)} outputs, {len(self)} operations)"
        )

    def explain(self) -> str:
        """What was recorded and how it runs, in a few lines."""
        operations, nodes = len(self), len(self.recording.tape.nodes)
        asked = self.recording.code.asked
        machine = self._machine
        how = "by the engine, row by row: pip install 'chalkgrad[native]' for native code"
        if machine is not None:
            how = machine.manner()
        return "\n".join(
            [
                f"inputs      {len(self.inputs)}: {_listed(self.inputs)}",
                f"parameters  {len(self.parameters)}: {_listed(self.parameters)}",
                f"outputs     {len(self.recording.outputs)}: {_listed(self.recording.roots)}",
                f"gradients   {len(self.wrt) if self._single else 0}: by {_listed(self.wrt)}",
                f"recorded    {nodes} nodes, {asked} operations with the gradient",
                f"simplified  {operations} operations: none twice, none unused",
                f"runs        {how}",
                f"compiled    {machine.state() if machine is not None else 'not at all'}",
                "sums        blocks of 1024 rows, 8 partial sums in each, in one fixed order",
            ]
        )

    # Slowly, by the engine: where nothing is installed, and where something is wrong.

    def _outputs_slowly(self, row: Sequence[float]) -> list[float]:
        if self._eagerly is not None:
            return [output.data for output in self._eagerly(row)]
        outputs, _ = replay(self.recording, row)
        return [output.data for output in outputs]

    def _gradients_slowly(self, row: Sequence[float]) -> list[float]:
        if self._eagerly is not None:
            return self._slopes(self._eagerly(row)[0])
        outputs, fresh = replay(self.recording, row)
        if not outputs[0].is_constant:
            outputs[0].backward()
        return [outputs[0].data, *[fresh[leaf].grad if leaf in fresh else 0.0 for leaf in self.wrt]]

    def _slopes(self, output: Value) -> list[float]:
        """An output with its gradients, those that the leaves hold staying as they are."""
        leaves = [node for node in topological_order(output) if node.is_leaf]
        before, own = [leaf.grad for leaf in leaves], set(leaves)
        for leaf in leaves:
            leaf.grad = 0.0
        try:
            if not output.is_constant:
                output.backward()
            return [output.data, *[leaf.grad if leaf in own else 0.0 for leaf in self.wrt]]
        finally:
            for leaf, gradient in zip(leaves, before, strict=True):
                leaf.grad = gradient

    def _named(
        self, compute: Callable[[Sequence[float]], list[float]], table: Rows, number: int
    ) -> list[float]:
        """What is computed for a row, whose number stands in the error if there is one."""
        try:
            row = [
                real(cell, f"as {_called(value)}")
                for value, cell in zip(self.inputs, table.row(number), strict=True)
            ]
            return compute(row)
        except ChalkgradError as error:
            raise type(error)(f"row {number + 1}: {error.message}", hint=error.hint) from error

    def _numbers(self, row: Sequence[Any]) -> list[float]:
        if len(row) != len(self.inputs):
            raise ArgumentError(
                f"{len(row)} number{'' if len(row) == 1 else 's'} given where the program takes "
                f"{len(self.inputs)}: {_listed(self.inputs)}",
                hint="one number for each input; for many rows there are map() and total()",
            )
        return [
            real(number, f"as {_called(value)}")
            for value, number in zip(self.inputs, row, strict=True)
        ]

    def _rows(self, rows: Any) -> Rows:
        if not self.inputs:
            raise ArgumentError(
                "rows for a program without inputs", hint="compile(output, inputs=[x, y])"
            )
        return Rows(rows, len(self.inputs))

    def _ready(self, kind: str) -> Machine | None:
        """What runs this kind; None where the engine has to."""
        if self._machine is not None and not self._machine.ready(kind):
            self._machine = None
        return self._machine

    def _one_output(self) -> None:
        if not self._single:
            self.recording.gradients  # noqa: B018  # raises, saying why


_LEAVES: Final = ("constant", "input", "parameter")


def compile(
    outputs: Value | Sequence[Value],
    inputs: Sequence[Value] = (),
    wrt: Sequence[Value] | None = None,
    *,
    exact: bool = True,
) -> Program:
    """A program that computes recorded Values, and the gradients of one, for other numbers.

    `outputs` is one Value or a list; `inputs` are the leaves that change from row to row; `wrt` the
    leaves to differentiate by, all other leaves that are no constants if not given. With
    exact=False exp, log, tanh and sigmoid are computed for all lanes of a vector at once, within
    one unit in the last place, instead of by the C library to the engine's bits.

    Raises ArgumentTypeError and ArgumentError for what cannot be in- or outputs, GraphError for an
    operation without a native form.

    >>> from autograd import Value
    >>> w, x = Value(3.0, "w"), Value(1.0, "x")
    >>> program = compile(w * x, inputs=[x])
    >>> program(10)
    30.0
    >>> w.data = 4.0
    >>> program(10)
    40.0
    """
    roots = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    recording = Recording(roots, inputs, wrt, exact=exact)  # type: ignore[arg-type]  # it looks
    return Program(recording)


def _called(value: Value) -> str:
    return value.label or "an input"


def _listed(values: Sequence[Value]) -> str:
    names = [value.label or "(no label)" for value in values[:6]]
    return ", ".join(names) + (", ..." if len(values) > 6 else "") or "none"


def _threads(threads: int) -> int:
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ArgumentError(f"{threads!r} threads", hint="a whole number, 1 or more")
    return threads
