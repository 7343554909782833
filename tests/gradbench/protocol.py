"""GradBench's protocol: start, define, evaluate, analysis; any number of runs, each one timed."""

from __future__ import annotations

import json
import time
import traceback
from typing import TYPE_CHECKING, Any, TextIO

from autograd import compiled
from tests.gradbench import (
    ba,
    det,
    gmm,
    hello,
    ht,
    kmeans,
    llsq,
    lse,
    lstm,
    ode,
    particle,
    saddle,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES: dict[str, dict[str, Callable[[Any], Any]]] = {
    module.__name__.rpartition(".")[2]: module.FUNCTIONS
    for module in (ba, det, gmm, hello, ht, kmeans, llsq, lse, lstm, ode, particle, saddle)
}


def converse(incoming: TextIO, outgoing: TextIO) -> None:
    """Answers message by message, until there are no more."""
    for line in incoming:
        outgoing.write(json.dumps(answer(json.loads(line))) + "\n")
        outgoing.flush()


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """What is said to one message."""
    reply: dict[str, Any] = {"id": message["id"]}
    match message["kind"]:
        case "start":
            reply |= {"tool": "chalkgrad", "config": {"compiled": compiled}}
        case "define":
            reply["success"] = message["module"] in MODULES
        case "evaluate":
            try:
                function = MODULES[message["module"]][message["function"]]
                reply |= evaluate(function, message["input"])
            except Exception:  # whatever it is, it is the answer
                reply |= {"success": False, "error": traceback.format_exc()}
    return reply


def evaluate(function: Callable[[Any], Any], given: Any) -> dict[str, Any]:
    """Runs a function as often and as long as is asked for: its output and the time of each run."""
    runs, seconds = 1, 0.0
    if isinstance(given, dict):
        runs, seconds = given.get("min_runs", 1), given.get("min_seconds", 0.0)
    timings: list[dict[str, Any]] = []
    output, total = None, 0
    while len(timings) < max(runs, 1) or total < seconds * 1e9:
        start = time.perf_counter_ns()
        output = function(given)
        took = time.perf_counter_ns() - start
        timings.append({"name": "evaluate", "nanoseconds": took})
        total += took
    return {"success": True, "output": output, "timings": timings}
