"""Derivatives of graphs as graphs, and of functions as functions, to any order.

`differentiate` is the one algorithm in reverse mode, `push_forward` the one in forward mode; both
build ordinary nodes, so that what they give can be differentiated again. All else is thin.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, overload

from autograd.errors import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    GradientError,
    GraphError,
)
from autograd.graph import dependents, topological_order
from autograd.modes import folding, recording
from autograd.trees import flatten, leaves_like, rebuild
from autograd.value import Value, _constant, _name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Function = Callable[..., Any]


@overload
def differentiate(output: Value, wrt: Value) -> Value: ...
@overload
def differentiate(output: Value, wrt: Sequence[Value]) -> list[Value]: ...
def differentiate(output: Value, wrt: Value | Sequence[Value]) -> Value | list[Value]:
    """d(output)/d(wrt) as a Value (a list of them for a sequence), itself differentiable.

    One walk from the output to the inputs: the adjoint of each node is the sum, over the nodes
    computed from it, of their adjoint times the local derivative, by the rules of the table.
    `wrt` may be leaves or interior nodes; what output does not depend on has derivative 0.
    No `grad` is read or changed. Raises GradientError where a derivative is not finite, GraphError
    where `data` was set since output was computed, and for a `wrt` that is an unlabelled constant.

    >>> x = Value(3.0)
    >>> first = differentiate(x ** 4, x)
    >>> second = differentiate(first, x)
    >>> first.data, second.data
    (108.0, 108.0)
    """
    inputs = [wrt] if isinstance(wrt, Value) else list(wrt)
    for value in (output, *inputs):
        if not isinstance(value, Value):
            raise ArgumentTypeError(
                f"differentiate() was given {value!r} ({type(value).__name__})",
                hint="it takes recorded Values; for functions there is autograd.grad",
            )
    for value in inputs:
        if value.is_constant and not value.label:
            raise GraphError(
                f"differentiate() by {_name(value)}",
                hint="constants without a label count as plain numbers; give it one",
            )
    _refuse_changed(output)
    gradients = _pull_back([(output, 1.0)], inputs)
    return gradients[0] if isinstance(wrt, Value) else gradients


def _refuse_changed(output: Value) -> None:
    """Raises where numbers were set after others had been computed from them."""
    for node in topological_order(output):
        if not node.is_leaf:
            now = node.op.evaluate(*(parent.data for parent in node.parents))
            if now != node.data:
                raise GraphError(
                    f"{_name(node)} was computed from other numbers than its inputs have now: "
                    f"{node.op.usage} at {_inputs(node)} is {now!r}",
                    hint="compute it again after setting .data, then differentiate",
                )


def push_forward(outputs: Sequence[Value], tangents: Mapping[Value, Any]) -> list[Value]:
    """The tangents of `outputs`, given those of some nodes: forward mode, over a recorded graph.

    tangent(node) = sum over its parents of d(node)/d(parent) * tangent(parent); nodes that depend
    on none of those given have tangent 0. Raises GradientError where a derivative is not finite.

    >>> x = Value(3.0)
    >>> push_forward([x ** 2], {x: 1.0})[0].data
    6.0
    """
    known: dict[Value, Any] = dict(tangents)
    with folding():
        for node in topological_order(*outputs):
            if node in tangents:
                continue
            parts = [
                _passed_on(node, which, known[parent])
                for which, parent in enumerate(node.parents)
                if parent in known
            ]
            if parts:
                known[node] = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    return [_as_value(known.get(output, 0.0)) for output in outputs]


def _pull_back(seeds: Sequence[tuple[Value, Any]], inputs: Sequence[Value]) -> list[Value]:
    """The sum over (output, weight) of weight * d(output)/d(input), for each input."""
    adjoints: dict[Value, Any] = {}
    for output, weight in seeds:
        adjoints[output] = weight if output not in adjoints else adjoints[output] + weight
    order = topological_order(*(output for output, _ in seeds))
    depends = dependents(order, *inputs)
    with folding():
        for node in reversed(order):
            adjoint = adjoints.get(node)
            if adjoint is None:
                continue
            for which, parent in enumerate(node.parents):
                if parent in depends:
                    passed = _passed_on(node, which, adjoint)
                    before = adjoints.get(parent)
                    adjoints[parent] = passed if before is None else before + passed
    return [_as_value(adjoints.get(node, 0.0)) for node in inputs]


def _passed_on(node: Value, which: int, gradient: Any) -> Any:
    """The local derivative times a gradient; 0 where that is 0, as on a branch not taken."""
    try:
        local = _local_derivative(node, which)
    except GradientError:
        if float(gradient) == 0.0:
            return 0.0
        raise
    if isinstance(local, Value) and local.is_constant and not local.label:
        local = local.data
    if _is_zero(gradient) or _is_zero(local):
        return 0.0
    passed = gradient * local
    if isinstance(passed, float) and not math.isfinite(passed):
        raise GradientError(
            f"the gradient through {node.op.usage} at {_inputs(node)} is {passed!r}: "
            f"{float(gradient)!r} * {float(local)!r}",
            hint="scale the inputs, or keep them away from this point",
        )
    return passed


def _is_zero(factor: Any) -> bool:
    """Whether it is a literal 0, which makes all it is multiplied by disappear."""
    return isinstance(factor, (float, int)) and factor == 0


def _local_derivative(node: Value, which: int) -> Any:
    """d(node)/d(its parent `which`) by the table's rule: a Value, or a float where it is one."""
    # Unlabelled constants go in as plain numbers, so that literal 0 and 1 disappear.
    inputs = [p.data if p.is_constant and not p.label else p for p in node.parents]
    try:
        return node.op.rules[which](*inputs, node)
    except ChalkgradError as error:
        raise GradientError(
            f"the derivative of {node.op.usage} at {_inputs(node)} is not finite: {error.message}",
            hint="keep the input away from this point",
        ) from error


def _inputs(node: Value) -> str:
    return ", ".join(_name(parent) for parent in node.parents)


def _as_value(adjoint: Any) -> Value:
    return adjoint if isinstance(adjoint, Value) else _constant(adjoint)


def _fresh(argument: Any) -> Value:
    """A node of its own with the argument's number, and its derivatives where it has any."""
    if not isinstance(argument, Value):
        return Value(argument)
    if argument.is_constant:
        return Value(argument.data)
    with recording():
        return argument + 0.0


class _Call:
    """A function called once on fresh nodes, so that only its own uses of its inputs count.

    That is what keeps nested derivatives apart (no "perturbation confusion"): the input of the
    inner function is another node than a variable of the outer one that happens to be given to it.
    """

    def __init__(self, function: Function, args: tuple[Any, ...], argnums: int | Sequence[int]):
        asked = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        self.single = isinstance(argnums, int)
        self.shapes: list[Any] = []
        self.inputs: list[Value] = []
        fresh = list(args)
        for number in asked:
            if not -len(args) <= number < len(args):
                raise ArgumentError(
                    f"argnums asks for argument {number}, but {len(args)} were given",
                    hint="arguments are counted from 0",
                )
        argnums = [number % len(args) for number in asked]
        if len(set(argnums)) < len(argnums):
            raise ArgumentError(
                f"argnums {asked} asks for an argument twice", hint="name each argument once"
            )
        for number in argnums:
            leaves = [_fresh(leaf) for leaf in flatten(args[number], f"argument {number}")]
            self.inputs += leaves
            fresh[number] = rebuild(args[number], leaves)
            self.shapes.append(args[number])
        with recording():
            self.result = function(*fresh)
        self.outputs = [_as_value(leaf) for leaf in flatten(self.result, "the result")]

    def output(self, caller: str) -> Value:
        """The one output, where there may be only one."""
        if len(self.outputs) != 1 or not isinstance(self.result, (Value, float, int)):
            raise ArgumentError(
                f"{caller} needs a function whose result is one number, not "
                f"{type(self.result).__name__} of {len(self.outputs)}",
                hint="use jacobian for several outputs",
            )
        return self.outputs[0]

    def shaped(self, gradients: list[Value]) -> Any:
        """One gradient per input, in the shape of the arguments differentiated by."""
        numbers = self.plain(gradients)
        parts = []
        for shape in self.shapes:
            count = len(flatten(shape))
            parts.append(rebuild(shape, numbers[:count]))
            numbers = numbers[count:]
        return parts[0] if self.single else tuple(parts)

    def plain(self, values: list[Value]) -> list[Any]:
        """Values as floats, where they depend on nothing but this call's own inputs."""
        foreign: set[Value] = set()
        own = set(self.inputs)
        for node in topological_order(*values):
            if node.is_leaf:
                if not node.is_constant and node not in own:
                    foreign.add(node)
            elif any(parent in foreign for parent in node.parents):
                foreign.add(node)
        return [value if value in foreign else value.data for value in values]


def grad(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The gradient of a function with one number as result: `grad(f)(x)` = df/dx.

    Arguments are numbers, Values, or nested lists, tuples and dicts of them; the result has the
    shape of the first one (of those that `argnums` names). It is made of floats, or of Values
    where the function uses Values from outside; so `grad` nests. Raises ArgumentError where the
    result is not one number, NotANumberError for other arguments, GradientError as `differentiate`.

    >>> grad(lambda p: p["w"] ** 2 * p["x"])({"w": 3.0, "x": 2.0})
    {'w': 12.0, 'x': 9.0}
    >>> grad(grad(lambda x: x ** 3))(2.0)
    12.0
    """

    def gradient(*args: Any) -> Any:
        return value_and_grad(function, argnums)(*args)[1]

    return gradient


def value_and_grad(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Like `grad`, but gives (result, gradient).

    >>> value_and_grad(lambda x: x ** 2)(3.0)
    (9.0, 6.0)
    """

    def both(*args: Any) -> tuple[Any, Any]:
        call = _Call(function, args, argnums)
        output = call.output("grad")
        gradients = _pull_back([(output, 1.0)], call.inputs)
        return call.plain([output])[0], call.shaped(gradients)

    return both


def jacobian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """All first derivatives: the result's shape, with the argument's shape in each place.

    Reverse mode, one walk per output. Arguments, results and errors as for `grad`.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """

    def rows(*args: Any) -> Any:
        call = _Call(function, args, argnums)
        return rebuild(
            call.result,
            [call.shaped(_pull_back([(output, 1.0)], call.inputs)) for output in call.outputs],
        )

    return rows


def hessian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """All second derivatives: the jacobian of the gradient.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacobian(grad(function, argnums), argnums)


def jvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(result, its tangent) of a function at `primals` in the direction `tangents`: forward mode.

    tangent = sum over the inputs of d(result)/d(input) * tangent(input). `primals` and `tangents`
    are sequences of arguments of equal shapes. Raises ArgumentError where the shapes differ.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    call = _Call(function, tuple(primals), range(len(primals)))
    directions = leaves_like(list(primals), list(tangents), "tangents")
    moved = push_forward(call.outputs, dict(zip(call.inputs, directions, strict=True)))
    return rebuild(call.result, call.plain(call.outputs)), rebuild(call.result, call.plain(moved))


def vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    """(result, pullback) of a function at `primals`; the pullback is reverse mode.

    `pullback(cotangent)`, for a cotangent in the shape of the result, gives a tuple with, for each
    argument, the sum over the outputs of cotangent(output) * d(output)/d(argument). It raises
    ArgumentError for another shape.

    >>> result, pullback = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> result, pullback([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    call = _Call(function, primals, range(len(primals)))

    def pullback(cotangent: Any) -> Any:
        weights = leaves_like(call.result, cotangent, "the cotangent")
        seeds = list(zip(call.outputs, weights, strict=True))
        return call.shaped(_pull_back(seeds, call.inputs))

    return rebuild(call.result, call.plain(call.outputs)), pullback
