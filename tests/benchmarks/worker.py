"""One engine in a process of its own: reads a job's name, times steps, prints CPU seconds."""

from __future__ import annotations

import gc
import math
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmarks import jobs
from tests.benchmarks.jobs import Engine, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG_ENOUGH = 0.1  # seconds: quick steps are timed several in a row


def chalkgrad() -> Engine:
    """This project's engine, as installed or as plain Python."""
    from autograd import Value

    return Engine(Value, Value.relu, Value.exp, Value.log, float)  # type: ignore[attr-defined]


def micrograd() -> Engine:
    """micrograd from PyPI; exp and log, which it lacks, are added in its own manner."""
    from micrograd.engine import Value

    def unary(x: Any, y: float, slope: float) -> Any:
        out = Value(y, (x,), "f")

        def _backward() -> None:
            x.grad += slope * out.grad

        out._backward = _backward
        return out

    return Engine(
        Value,
        Value.relu,
        lambda x: unary(x, math.exp(x.data), math.exp(x.data)),
        lambda x: unary(x, math.log(x.data), 1 / x.data),
        lambda x: x.data,
    )


def torch() -> Engine:
    """PyTorch with one 64-bit scalar tensor per number."""
    import torch

    torch.set_num_threads(1)

    def number(x: float) -> Any:
        return torch.tensor(float(x), dtype=torch.float64, requires_grad=True)

    return Engine(number, torch.relu, torch.exp, torch.log, float, cleared=None)


class OnTape(Engine):
    """XAD's numbers, which write what is done with them on one tape."""

    def __init__(self) -> None:
        import xad.adj_1st
        import xad.math

        super().__init__(
            xad.adj_1st.Real,
            lambda x: xad.math.fmax(x, 0.0),
            xad.math.exp,
            xad.math.log,
            lambda x: float(x.value),
        )
        object.__setattr__(self, "tape", xad.adj_1st.Tape())
        object.__setattr__(self, "known", set())
        self.tape.activate()

    def backward(self, loss: Any, parameters: Sequence[Any]) -> float:
        """Gradients from the second step on: the first one tells the parameters to the tape."""
        if self.known != (known := set(map(id, parameters))):
            self.tape.registerInputs(list(parameters))
            object.__setattr__(self, "known", known)
        else:
            self.tape.registerOutput(loss)
            loss.derivative = 1.0
            self.tape.computeAdjoints()
        value = self.data(loss)
        self.tape.newRecording()
        return value


def floats() -> Engine:
    """Python's own numbers, without any gradient: the floor."""
    return Engine(float, lambda x: x if x > 0.0 else 0.0, math.exp, math.log, float, gradient=False)


def step_of(engine: Engine, job: str) -> Step:
    """The function that runs one step of the job called e.g. `moons` or `chain 1000`."""
    name, *arguments = job.split()
    if name in jobs.OWN:
        return jobs.OWN[name](*[int(a) if a.isdigit() else a for a in arguments])
    return partial(getattr(jobs, name), engine)(*map(int, arguments))


def seconds_a_step(step: Step) -> tuple[float, float]:
    """CPU seconds of a step amid others, as in a training, and its result."""
    step()  # the other engines have had the caches meanwhile
    steps = 0
    begin = now = time.process_time()
    while now < begin + LONG_ENOUGH:
        result = step()
        steps += 1
        now = time.process_time()
    return (now - begin) / steps, result


def main() -> None:
    """Answers `gc job` lines, as `on moons`, with the CPU seconds of one step and its result."""
    sys.setrecursionlimit(1_000_000)
    engine = {
        "chalkgrad": chalkgrad, "micrograd": micrograd, "torch": torch, "xad": OnTape,
        "floats": floats,
    }[sys.argv[1]]()  # fmt: skip
    steps: dict[str, Step] = {}
    for line in sys.stdin:
        collector, job = line.strip().split(maxsplit=1)
        if job not in steps:
            steps[job] = step_of(engine, job)
        if collector == "off":
            gc.collect()  # of cycles that earlier steps left
            gc.disable()
        seconds, result = seconds_a_step(steps[job])
        gc.enable()
        print(seconds, repr(result), flush=True)


if __name__ == "__main__":
    main()
