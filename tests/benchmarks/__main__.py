"""Runs every job on every engine in turn, round after round, and prints medians and ratios.

    python -m tests.benchmarks            the table that README quotes (about five minutes)
    python -m tests.benchmarks --quick    one short round, to see that everything runs
    python -m tests.benchmarks programs   recorded programs against C and others

Each engine lives in a process of its own, so that none pays for another's heap. A step is a forward
pass, backward() and the freeing of the graph. Steps follow each other as in a training: one is not
timed, then as many as fit into a tenth of a second are, at least one; the CPU time of one is taken.
Where the garbage collector is off, what it would have freed is freed before these steps.
micrograd, torch, xad and hyperjet take part where they are installed (`pip install -e '.[bench]'`).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, ignore_patterns

import autograd
from tests.benchmarks import programs

ROOT = Path(__file__).resolve().parents[2]
LPA_STEPS = 200
_TITLE, _NUMBER = 27, 10  # widths of the table's columns
OPERATIONS = ["exp", "log", "tanh", "sigmoid", "relu"]
DERIVATIVES = {
    "recorded 10": "Rosenbrock of 10, backward()",
    "gradient 10": "... its grad",
    "differentiated 10": "... differentiate() alone",
    "hessian 10": "... its hessian",
    "hyperjet_hessian 10": "... by hyperjet",
    "hessian 160": "Rosenbrock of 160, hessian",
    "sparse_hessian 160": "... sparse",
    "cross_entropy 1000": "cross-entropy, 1,000 classes",
    "tenth taylor": "10 derivatives of tanh, taylor",
    "tenth grad": "... by grad(grad(...))",
    "tenth differentiate": "... by differentiate()",
    **{f"operations {name}": f"1,000 times {name}" for name in OPERATIONS},
    "forward 10000": "10,000 nodes recorded",
    "unrecorded 10000": "... under no_grad",
}
CHAINS = [1_000, 10_000, 100_000, 1_000_000]


@dataclass
class Contender:
    """An engine's process, and the seconds it took for each (collector, job)."""

    name: str
    process: subprocess.Popen[str]
    seconds: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def run(self, collector: str, job: str) -> float:
        """One timed step; returns what it computed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{collector} {job}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            raise SystemExit(f"{self.name} failed at {job!r}: see its error above")
        self.seconds.setdefault((collector, job), []).append(float(answer[0]))
        return float(answer[1])

    def median(self, collector: str, job: str) -> float | None:
        """The median seconds of a step, if this engine ran it."""
        times = self.seconds.get((collector, job))
        return statistics.median(times) if times else None


def start(name: str, engine: str, path: str) -> Contender:
    """Starts an engine's process, with `path` first on its import path."""
    paths = os.pathsep.join(filter(None, [path, str(ROOT)]))
    environment = dict(os.environ, CHALKGRAD_PURE="1", PYTHONPATH=paths)  # lest plain warn
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.worker", engine],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=path or ROOT,
    )  # fmt: skip
    return Contender(name, process)


def contenders(folder: Path) -> dict[str, Contender]:
    """Every engine that can run here; the plain one from a copy without compiled files."""
    for package in ("autograd", "nn", "tests"):
        copytree(
            ROOT / package, folder / package, ignore=ignore_patterns("*.so", "*.pyd", "__pycache__")
        )
    ours = {"plain": start("plain", "chalkgrad", str(folder))}
    if autograd.compiled:
        ours = {"compiled": start("compiled", "chalkgrad", ""), **ours}
    others = {
        name: start(name, name, "")
        for name in ("micrograd", "torch", "xad")
        if importlib.util.find_spec(name) is not None
    }
    if importlib.util.find_spec("hyperjet") is not None:
        others["hyperjet"] = start("hyperjet", "floats", "")
    return {**ours, **others, "floats": start("floats", "floats", "")}


def plan(quick: bool) -> list[tuple[str, str, list[str], int]]:
    """(collector, job, engines, rounds) for everything that is measured."""
    everyone = ["compiled", "plain", "micrograd", "torch", "xad", "floats"]
    ours = ["compiled", "plain"]
    few = 2 if quick else 11
    chains = CHAINS[:2] if quick else CHAINS
    return [
        ("on", "moons", everyone, few),
        ("off", "moons", everyone, few),
        ("on", "moons_nn", ours, few),
        ("off", "moons_nn", ours, few),
        ("on", "gpt", everyone, few),
        ("off", "gpt", everyone, few),
        *(("on", f"chain {n}", [*ours, "floats"], few) for n in chains),
        ("on", f"lpa {LPA_STEPS}", everyone[:4], few),
        ("on", f"lpa_nn {LPA_STEPS}", ours, few),
        *(("on", job, ours, few) for job in DERIVATIVES if not job.startswith("hyperjet")),
        *(("on", job, ["hyperjet"], few) for job in DERIVATIVES if job.startswith("hyperjet")),
    ]


def measure(runners: dict[str, Contender], quick: bool) -> None:
    """Interleaved: in each round every engine takes its turn; results must agree."""
    for collector, job, engines, rounds in plan(quick):
        present = [runners[name] for name in engines if name in runners]
        if not present:
            continue
        for _ in range(rounds):
            results = [runner.run(collector, job) for runner in present]
            spread = max(results) - min(results)
            if not spread <= 1e-9 * max(1.0, abs(results[0])):
                raise SystemExit(f"the engines disagree on {job}: {results}")


def import_time(rounds: int) -> float:
    """Seconds that `import autograd` adds to the start of Python: the median of differences."""

    def start_time(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        return time.perf_counter() - begin

    start_time("import autograd")  # which writes the bytecode
    return statistics.median(
        start_time("import autograd") - start_time("pass") for _ in range(rounds)
    )


def row(title: str, runners: dict[str, Contender], collector: str, job: str) -> str:
    """A line of the table: medians in ms, and how many times micrograd's speed ours is."""
    medians = {name: runner.median(collector, job) for name, runner in runners.items()}
    # moons through nn is the same loss as moons, so it is held against the same micrograd.
    theirs = None
    if "micrograd" in runners:
        theirs = runners["micrograd"].median(collector, job.replace("_nn", ""))
    cells = [title.ljust(_TITLE)]
    for name in columns(runners):
        median = medians[name]
        cells.append((f"{median * 1e3:.4g}" if median is not None else "-").rjust(_NUMBER))
    for name in ("compiled", "plain"):
        median = medians.get(name)
        ratio = f"{theirs / median:.3g}x" if median and theirs else "-"
        cells.append(ratio.rjust(_NUMBER))
    return " ".join(cells)


def columns(runners: dict[str, Contender]) -> list[str]:
    """The engines that have a column: all that are here, but for hyperjet, which has its rows."""
    return [name for name in runners if name != "hyperjet"]


def report(runners: dict[str, Contender], quick: bool) -> None:
    """Prints the table."""
    print(f"Python {platform.python_version()} on {platform.machine()}; medians in milliseconds,")
    print("and in the columns called x how many times as fast as micrograd")
    titles = [*columns(runners), "compiled x", "plain x"]
    print(" ".join([" " * _TITLE, *(name.rjust(_NUMBER) for name in titles)]))
    jobs = {
        "moons": "(a) moons 2-16-16-1",
        "moons_nn": "(a) through nn",
        "gpt": "(b) 1-layer GPT",
        f"lpa {LPA_STEPS}": f"(d) LPA, {LPA_STEPS} steps",
        f"lpa_nn {LPA_STEPS}": "(d) through nn",
    }
    for collector, job, _, _ in plan(quick):
        if job in jobs:
            print(row(f"{jobs[job]}, gc {collector}", runners, collector, job))
    print("\n(c) nanoseconds per node of a chain, forward, backward and freed")
    for n in CHAINS[:2] if quick else CHAINS:
        cells = [f"{n:,} nodes".ljust(_TITLE)]
        for name in ("compiled", "plain"):
            median = runners[name].median("on", f"chain {n}") if name in runners else None
            cells.append((f"{median / n * 1e9:.0f}" if median else "-").rjust(_NUMBER))
        print(" ".join(cells))

    print("\n(e) microseconds, of derivatives of functions and the like")
    for job, title in DERIVATIVES.items():
        cells = [title.ljust(_TITLE + 3)]
        for name in ("hyperjet",) if job.startswith("hyperjet") else ("compiled", "plain"):
            median = runners[name].median("on", job) if name in runners else None
            cells.append((f"{median * 1e6:.4g}" if median else "-").rjust(_NUMBER))
        print(" ".join(cells))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument(
        "what", nargs="?", choices=["engine", "programs"], default="engine",
        help="what is measured: the engine, or programs against C and others",
    )  # fmt: skip
    arguments = parser.parse_args()
    quick = arguments.quick
    if arguments.what == "programs":
        programs.main(quick)
        return
    with tempfile.TemporaryDirectory() as folder:
        runners = contenders(Path(folder))
        try:
            measure(runners, quick)
        finally:
            for runner in runners.values():
                runner.process.kill()
                runner.process.wait()
        report(runners, quick)
    added = import_time(3 if quick else 21)
    size = sys.getsizeof(autograd.Value(1.0))
    print(f"\na node has {size} bytes; import autograd adds {1e3 * added:.0f} ms to Python's start")


if __name__ == "__main__":
    main()
