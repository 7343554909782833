"""`jit`: a function of numbers, recorded at its first call and run as a program afterwards."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from autograd.modes import watching
from autograd.program.program import Program
from autograd.program.recording import Recording
from autograd.trees import flatten, is_array, rebuild
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["jit"]


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a program: recorded at the first call with arguments of a structure.

    Arguments are numbers, or nested lists, tuples, dicts and arrays of them; the result has the
    structure that the function gives it, its numbers being floats. Values that the function uses
    from outside are read at each call. Derivatives can be compiled, too: `jit(value_and_grad(f))`,
    `jit(hessian(f))`. Called with Values it is the function itself.

    While recording, comparing numbers or branching on them raises GraphError: the program does the
    same for all. Operations raise what they raise.

    >>> from autograd import grad
    >>> slope = jit(grad(lambda x: x ** 3))
    >>> slope(2.0), slope(3.0)
    (12.0, 27.0)
    """
    programs: dict[Hashable, tuple[Program, Any, list[Any]]] = {}

    @functools.wraps(function)
    def compiled(*args: Any, **named: Any) -> Any:
        given = flatten([args, named], "an argument")
        if any(isinstance(leaf, Value) for leaf in given):
            return function(*args, **named)
        key = _structure([args, named])
        if key not in programs:
            programs[key] = _recorded(function, args, named, given)
        program, shape, outputs = programs[key]
        found = iter(program(*given))  # type: ignore[arg-type]  # there is no Value among them
        return rebuild(shape, [next(found) if isinstance(o, Value) else o for o in outputs])

    return compiled


def _recorded(
    function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any], given: list[Any]
) -> tuple[Program, Any, list[Any]]:
    """The program, the structure of its result, and the numbers there that are always the same."""
    inputs = [Value(leaf) for leaf in given]
    guards: list[Any] = []
    with watching(guards):
        fresh, again = rebuild([args, named], list(inputs))
        result = function(*fresh, **again)
    outputs = flatten(result, "the result")
    roots = [output for output in outputs if isinstance(output, Value)]
    recording = Recording([*roots, *[value for value, *_ in guards]], inputs, ())
    del recording.outputs[len(roots) :]

    def eagerly(row: Any) -> list[float]:
        args_now, named_now = rebuild([args, named], list(row))
        leaves = flatten(function(*args_now, **named_now), "the result")
        return [
            number.data if isinstance(number, Value) else number
            for number, output in zip(leaves, outputs, strict=True)
            if isinstance(output, Value)
        ]

    for guard in guards:
        recording.guard(*guard)
    return Program(recording, eagerly=eagerly, several=True), result, outputs


def _structure(tree: Any) -> Hashable:
    """What two calls share that are the same but for their numbers."""
    if isinstance(tree, dict):
        return dict, tuple((name, _structure(inner)) for name, inner in tree.items())
    if isinstance(tree, (list, tuple)):
        return type(tree), tuple(map(_structure, tree))
    if is_array(tree):
        return type(tree), tree.shape
    return float
