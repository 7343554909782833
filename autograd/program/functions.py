"""`jit`: a function of numbers, recorded at its first call and run as a program afterwards."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from autograd.errors import ArgumentError
from autograd.modes import watching
from autograd.program.program import Program
from autograd.program.recording import Recording
from autograd.trees import flatten, is_array, rebuild
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

__all__ = ["jit", "record"]


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
            recording, shape, outputs = _recorded(function, args, named, given, ())

            def eagerly(row: Sequence[float]) -> list[Value]:
                args_now, named_now = rebuild([args, named], list(row))
                return _values(function(*args_now, **named_now), outputs)

            program = Program(recording, eagerly=eagerly, several=True)
            programs[key] = program, shape, outputs
        program, shape, outputs = programs[key]
        found = iter(program(*given))  # type: ignore[arg-type]  # there is no Value among them
        return rebuild(shape, [next(found) if isinstance(o, Value) else o for o in outputs])

    return compiled


def record(function: Callable[..., Any], *args: Any, wrt: Sequence[Value]) -> Program:
    """The program of a function with one number as result, differentiated by Values outside.

    Every number in `args` is an input, in the order in which they stand there; leaves that are not
    in `wrt` are constants. What is refused is as for `jit`.

    >>> w = Value(3.0, "w")
    >>> record(lambda x: (w * x) ** 2, 1.0, wrt=[w]).value_and_grad(2.0)
    (36.0, [24.0])
    """
    given = flatten(list(args), "an argument")
    recording, _, outputs = _recorded(function, args, {}, given, wrt)
    if len(outputs) != 1 or not recording.outputs:
        raise ArgumentError(
            f"record() of a function whose result is {len(outputs)} numbers, none of them a Value"
            if not recording.outputs
            else f"record() of a function whose result is {len(outputs)} numbers",
            hint="give one that computes a single number from the Values in wrt",
        )

    def eagerly(row: Sequence[float]) -> list[Value]:
        return _values(function(*rebuild(list(args), list(row))), outputs)

    return Program(recording, eagerly=eagerly)


def _recorded(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    named: dict[str, Any],
    given: list[Any],
    wrt: Sequence[Value],
) -> tuple[Recording, Any, list[Any]]:
    """The recording, the result that the function gave, and the numbers in that."""
    inputs = [Value(leaf) for leaf in given]
    guards: list[Any] = []
    with watching(guards):
        fresh, again = rebuild([args, named], list(inputs))
        result = function(*fresh, **again)
    outputs = flatten(result, "the result")
    roots = [output for output in outputs if isinstance(output, Value)]
    asked = [value for value, *_ in guards]
    recording = Recording([*roots, *asked], inputs, wrt, frozen=bool(wrt))
    recording.forget(len(roots))
    for guard in guards:
        recording.guard(*guard)
    return recording, result, outputs


def _values(result: Any, outputs: list[Any]) -> list[Value]:
    """What stands in a result where the recorded one had Values."""
    leaves = flatten(result, "the result")
    return [
        leaf if isinstance(leaf, Value) else Value(leaf).detach()
        for leaf, output in zip(leaves, outputs, strict=True)
        if isinstance(output, Value)
    ]


def _structure(tree: Any) -> Hashable:
    """What two calls share that are the same but for their numbers."""
    if isinstance(tree, dict):
        return dict, tuple((name, _structure(inner)) for name, inner in tree.items())
    if isinstance(tree, (list, tuple)):
        return type(tree), tuple(map(_structure, tree))
    if is_array(tree):
        return type(tree), tree.shape
    return float
