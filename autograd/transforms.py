# cython: annotation_typing=True
"""Derivatives of graphs as graphs, and of functions as functions, to any order.

`differentiate` is the one algorithm in reverse mode, `push_forward` the one in forward mode; both
build ordinary nodes, so that what they give can be differentiated again. Where only numbers are
asked for, no graph is built: first derivatives are those of `backward()`, second ones those of one
sweep in curvature.py.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from autograd import ops
from autograd import uncompiled as cython
from autograd.curvature import curvature
from autograd.errors import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    DomainError,
    GradientError,
    GraphError,
)
from autograd.graph import topological_order
from autograd.tape import Tape
from autograd.trees import leaves_like
from autograd.value import Value, _name

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # compiled, transforms.pxd has it
    from autograd.modes import folding, recording, sharing
    from autograd.trees import flatten, rebuild
    from autograd.value import (
        CONSTANT,
        _linearized,
        _slopes,
        as_value,
        has_other_leaves,
        literals_and_results,
    )

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Function = Callable[..., Any]

_ADD: Final = ops.add
_SUB: Final = ops.sub
_MUL: Final = ops.mul
_DIV: Final = ops.div
_NEG: Final = ops.neg
_POW: Final = ops.pow
_EXP: Final = ops.exp


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
    tape = Tape([output], inputs, False)
    _refuse_changed(tape)
    gradients = _pull_back(tape, [1.0])
    return gradients[0] if isinstance(wrt, Value) else gradients


@cython.cfunc
def _refuse_changed(tape: Tape) -> None:
    """Raises where numbers were set after others had been computed from them."""
    node: Value
    for node in tape.nodes:
        if node._left is not None and not _holds(node):
            now = node.op.evaluate(*[_number(parent) for parent in node.parents])
            raise GraphError(
                f"{_name(node)} was computed from other numbers than its inputs have now: "
                f"{node.op.usage} at {_inputs(node)} is {now!r}",
                hint="compute it again after setting .data, then differentiate",
            )


@cython.cfunc
def _holds(node: Value) -> bool:
    """Whether a result is what its inputs' numbers give."""
    op = node._operation
    left: Value = node._left  # type: ignore[assignment]  # a result has it
    a: float = left._data
    if node._right is None:
        return node._data == (-a if op is _NEG else op.evaluate(a, 0.0))
    right: Value = node._right
    b: float = right._data
    if op is _ADD:
        return node._data == a + b
    if op is _MUL:
        return node._data == a * b
    if op is _SUB:
        return node._data == a - b
    if op is _DIV and b != 0.0:
        return node._data == a / b
    return node._data == op.evaluate(a, b)


def push_forward(outputs: Sequence[Value], tangents: Mapping[Value, Any]) -> list[Value]:
    """The tangents of `outputs`, given those of some nodes: forward mode, over a recorded graph.

    tangent(node) = sum over its parents of d(node)/d(parent) * tangent(parent); nodes that depend
    on none of those given have tangent 0. What is in the graph already is not computed again, so
    that the k-th derivative, by k such walks, grows like a power of k. (By `differentiate` it
    doubles with each.) Raises GradientError where a derivative is not finite.

    >>> x = Value(3.0)
    >>> push_forward([x ** 2], {x: 1.0})[0].data
    6.0
    """
    return _pushed(topological_order(*outputs), outputs, tangents)


def _pushed(
    order: list[Value], outputs: Sequence[Value], tangents: Mapping[Value, Any]
) -> list[Value]:
    """`push_forward`, given the nodes of the graph, parents first."""
    known: dict[Value, Any] = dict(tangents)
    with folding(), sharing(literals_and_results(order)):
        for node in order:
            if node in tangents:
                continue
            parts = [
                _passed_on(node, which, known[parent])
                for which, parent in enumerate(node.parents)
                if parent in known
            ]
            if parts:
                known[node] = parts[0] if len(parts) == 1 else _sum(parts[0], parts[1])
    return [_finite(known.get(output, 0.0), output) for output in outputs]


@cython.cfunc
def _pull_back(tape: Tape, weights: list[Any]) -> list[Value]:
    """The sum over outputs of weight * d(output)/d(input), for each input of the tape."""
    nodes: list[Value] = tape.nodes
    depends: bytearray = tape.depends
    lefts: list[int] = tape.lefts
    rights: list[int] = tape.rights
    adjoints: list[Any] = [None] * len(nodes)
    adjoint: Any
    at: cython.Py_ssize_t
    left: cython.Py_ssize_t
    right: cython.Py_ssize_t
    with folding():
        for at, weight in zip(tape.ends, weights, strict=True):
            _add_to(adjoints, at, weight)
        for at in range(len(nodes) - 1, -1, -1):
            adjoint = adjoints[at]
            if adjoint is None:
                continue
            left = lefts[at]
            right = rights[at]
            if left >= 0 and depends[left]:
                _add_to(adjoints, left, _passed_on(nodes[at], 0, adjoint))
            if right >= 0 and depends[right]:
                _add_to(adjoints, right, _passed_on(nodes[at], 1, adjoint))
    return [
        _finite(adjoints[at] if at >= 0 else None, source)
        for at, source in zip(tape.sources, tape.inputs, strict=True)
    ]


@cython.cfunc
def _add_to(adjoints: list[Any], at: cython.Py_ssize_t, passed: Any) -> None:
    before = adjoints[at]
    adjoints[at] = passed if before is None else _sum(before, passed)


@cython.cfunc
def _sum(before: Any, passed: Any) -> Any:
    try:
        return before + passed
    except DomainError as error:  # inf - inf
        raise GradientError(
            f"a gradient is not finite: {error.message}",
            hint="keep the inputs away from this point",
        ) from error


@cython.cfunc
def _passed_on(node: Value, which: cython.Py_ssize_t, gradient: Any) -> Any:
    """The local derivative times a gradient; 0 where that is 0, as on a branch not taken."""
    if _is_zero(gradient):
        return 0.0
    op = node._operation
    if op is _ADD or (op is _SUB and which == 0):
        return gradient
    if op is _SUB or op is _NEG:
        return -gradient
    try:
        local = _local_slope(node, which)
    except GradientError:
        if _number(gradient) == 0.0:
            return 0.0
        raise
    if isinstance(local, Value):
        node_of: Value = local
        if node_of._operation is CONSTANT and not node_of.label:
            local = node_of._data
    slope: float = _number(local)
    if slope - slope != 0.0 and _number(gradient) == 0.0:
        return 0.0
    if slope == 0.0 and _is_zero(local):
        return 0.0
    passed = gradient * local
    if isinstance(passed, float) and not math.isfinite(passed):
        raise GradientError(
            f"the gradient through {node.op.usage} at {_inputs(node)} is {passed!r}: "
            f"{_number(gradient)!r} * {_number(local)!r}",
            hint="scale the inputs, or keep them away from this point",
        )
    return passed


@cython.cfunc
def _local_slope(node: Value, which: cython.Py_ssize_t) -> Any:
    """`_local_derivative`, without a call of the rule where that is known to be short."""
    op = node._operation
    left: Value = node._left  # type: ignore[assignment]  # a result has it
    if op is _MUL:
        return node._right if which == 0 else left
    if op is _EXP:
        return node
    if op is _POW and which == 0:
        right: Value = node._right  # type: ignore[assignment]  # a result has it
        if right._operation is CONSTANT and not right.label and left._operation is not CONSTANT:
            power: float = right._data
            if power == 0.0:
                return 0.0
            if left._data != 0.0:
                return power * left ** (power - 1.0)
    return _local_derivative(node, which)


@cython.cfunc
def _number(adjoint: Any) -> float:
    if isinstance(adjoint, Value):
        value: Value = adjoint
        return value._data
    return float(adjoint)


def _finite(adjoint: Any, node: Value) -> Value:
    """A derivative as a Value, if it is one."""
    value = as_value(0.0 if adjoint is None else adjoint)
    if not math.isfinite(_number(value)):
        raise GradientError(
            f"the gradient of {_name(node)} is {_number(value)!r}",
            hint="scale the inputs, or keep them away from this point",
        )
    return value


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


def _fresh(argument: Any) -> Value:
    """A node of its own with the argument's number, and its derivatives where it has any."""
    if not isinstance(argument, Value):
        return Value(argument)
    if argument.is_constant:
        return Value(argument.data)
    with recording():
        return argument + 0.0


@cython.final
@cython.cclass
class _Call:
    """A function called once on fresh nodes, so that only its own uses of its inputs count.

    That is what keeps nested derivatives apart (no "perturbation confusion"): the input of the
    inner function is another node than a variable of the outer one that happens to be given to it.
    """

    def __init__(
        self,
        function: Function,
        args: tuple[Any, ...],
        argnums: int | Sequence[int],
        named: Mapping[str, Any] = MappingProxyType({}),
        has_aux: bool = False,
    ) -> None:
        asked = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        self.single: bool = isinstance(argnums, int)
        self.shapes: list[Any] = []
        self.counts: list[int] = []
        self.inputs: list[Value] = []
        self.derived: bool = False  # given to it were Values of a larger graph: so are derivatives
        self.closed: bool = False  # nothing but its own inputs plays a part, as far as was seen
        fresh = list(args)
        for number in _counted_from_0(asked, len(args)):
            shape = args[number]
            if type(shape) is float:  # in no need of what the rest is about
                leaves = [Value(shape)]
                fresh[number] = leaves[0]
            else:
                leaves = [_fresh(leaf) for leaf in flatten(shape, f"argument {number}")]
                fresh[number] = rebuild(shape, leaves)
                for leaf in leaves:
                    self.derived = self.derived or not leaf.is_leaf
            self.inputs += leaves
            self.counts.append(len(leaves))
            self.shapes.append(shape)
        with recording(self.inputs):
            self.result = function(*fresh, **named) if named else function(*fresh)
        self.aux: Any = None
        if has_aux:
            self.result, self.aux = _result_and_aux(self.result)
        if isinstance(self.result, Value):
            self.outputs = [self.result]
        else:
            self.outputs = [as_value(leaf) for leaf in flatten(self.result, "the result")]

    def output(self, caller: str) -> Value:
        """The one output, where there may be only one."""
        if not isinstance(self.result, (Value, float, int)):
            raise ArgumentError(
                f"{caller} needs a function whose result is one number, not "
                f"{type(self.result).__name__} of {len(self.outputs)}",
                hint="use jacobian for several outputs",
            )
        return self.outputs[0]

    def gradients(self, output: Value) -> list[Any]:
        """d(output)/d(input) for each input: floats by backward(), or Values as a graph."""
        slopes = None if self.derived else _slopes(output, self.inputs)
        if slopes is not None:
            self.closed = True
            return slopes
        tape: Tape = Tape([output], self.inputs, True)
        if len(self.inputs) == 1:  # by one, forwards: nested, that grows less
            return self.plain(_pushed(tape.nodes, [output], {self.inputs[0]: 1.0}))
        return self.plain(_pull_back(tape, [1.0]))

    def shaped(self, gradients: list[Any]) -> Any:
        """One gradient per input, in the shape of the arguments differentiated by."""
        if self.single:
            shape = self.shapes[0]
            return gradients[0] if type(shape) is float else rebuild(shape, gradients)
        parts = []
        begin = 0
        for shape, count in zip(self.shapes, self.counts, strict=True):
            parts.append(rebuild(shape, gradients[begin : begin + count]))
            begin += count
        return tuple(parts)

    def plain(self, values: list[Value]) -> list[Any]:
        """Values as floats, where they depend on nothing but this call's own inputs."""
        if not self.derived and not any(has_other_leaves(v, self.inputs) for v in values):
            return [_number(value) for value in values]
        nodes, lefts, rights, places = _linearized(values, self.inputs, values)
        foreign = bytearray(len(nodes))
        for at, node in enumerate(nodes):
            if at < len(self.inputs):
                foreign[at] = not node.is_leaf
            elif lefts[at] < 0:
                foreign[at] = not node.is_constant
            else:
                foreign[at] = foreign[lefts[at]] or (rights[at] >= 0 and foreign[rights[at]])
        return [
            value if foreign[at] else _number(value)
            for at, value in zip(places, values, strict=True)
        ]

    def close(self) -> None:
        """Ends the call: what was given as plain numbers counts as such in what is returned."""
        node: Value
        for node in self.inputs:
            if node._left is None:
                node._operation = CONSTANT


def _counted_from_0(asked: Sequence[int], count: int) -> list[int]:
    """The numbers of the arguments that `argnums` asks for, of `count` there are."""
    if len(asked) == 1 and 0 <= asked[0] < count:
        return [asked[0]]
    for number in asked:
        if not -count <= number < count:
            raise ArgumentError(
                f"argnums asks for argument {number}, but {count} were given",
                hint="arguments are counted from 0, and those given by keyword stay as they are",
            )
    numbers = [number % count for number in asked]
    if len(set(numbers)) < len(numbers):
        raise ArgumentError(
            f"argnums {asked} asks for an argument twice", hint="name each argument once"
        )
    return numbers


def _result_and_aux(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError(
            f"has_aux needs a function that returns (result, aux), not {type(result).__name__}",
            hint="return both, or leave has_aux away",
        )
    return result


def grad(
    function: Function, argnums: int | Sequence[int] = 0, *, has_aux: bool = False
) -> Function:
    """The gradient of a function with one number as result: `grad(f)(x)` = df/dx.

    Arguments are numbers, Values, numpy arrays, or nested lists, tuples and dicts of them; the
    result has the shape of the first one (of those that `argnums` names). It is made of floats, or
    of Values where the function uses Values from outside; so `grad` nests (by one number as deep as
    is wanted, since what two derivatives have in common is computed once). Keyword arguments are
    passed on. With `has_aux` the function returns (result, aux), and the gradient comes as
    (gradient, aux), aux being whatever it is.

    Inside the function numbers that depend on the arguments stay Values: what would make plain
    numbers of them, as `math.exp` does, raises GraphError, since their derivatives would be lost.

    Raises ArgumentError where the result is not one number, NotANumberError for other arguments,
    GradientError as `differentiate`.

    >>> grad(lambda p: p["w"] ** 2 * p["x"])({"w": 3.0, "x": 2.0})
    {'w': 12.0, 'x': 9.0}
    >>> grad(grad(lambda x: x ** 3))(2.0)
    12.0
    """

    def gradient(*args: Any, **named: Any) -> Any:
        call = _Call(function, args, argnums, named, has_aux)
        slopes = call.shaped(call.gradients(call.output("grad")))
        call.close()
        return (slopes, call.aux) if has_aux else slopes

    return gradient


def value_and_grad(
    function: Function, argnums: int | Sequence[int] = 0, *, has_aux: bool = False
) -> Function:
    """Like `grad`, but gives (result, gradient), with `has_aux` ((result, aux), gradient).

    >>> value_and_grad(lambda x: x ** 2)(3.0)
    (9.0, 6.0)
    """

    def both(*args: Any, **named: Any) -> tuple[Any, Any]:
        call = _Call(function, args, argnums, named, has_aux)
        output = call.output("grad")
        slopes = call.shaped(call.gradients(output))
        result = output.data if call.closed else call.plain([output])[0]
        call.close()
        return ((result, call.aux) if has_aux else result), slopes

    return both


def jacobian(function: Function, argnums: int | Sequence[int] = 0) -> Function:
    """All first derivatives: the result's shape, with the argument's shape in each place.

    Reverse mode, one walk per output. Arguments, results and errors as for `grad`.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """

    def rows(*args: Any, **named: Any) -> Any:
        call = _Call(function, args, argnums, named)
        slopes = [call.shaped(call.gradients(output)) for output in call.outputs]
        call.close()
        return rebuild(call.result, slopes)

    return rows


class Entries(NamedTuple):
    """A sparse matrix: `values[i]` stands in row `rows[i]` and column `columns[i]`."""

    rows: list[int]
    columns: list[int]
    values: list[Any]


def hessian(
    function: Function, argnums: int | Sequence[int] = 0, *, sparse: bool = False
) -> Function:
    """All second derivatives of a function with one number as result: the jacobian of its gradient.

    One sweep through the graph, which costs what the entries cost that are not 0 (in nested
    derivatives one walk for each input). With `sparse` these entries only, as
    (rows, columns, values), rows and columns counting the numbers of the arguments from 0 on.
    Arguments and errors as for `grad`.
    Source: Gower and Mello, "A new framework for the computation of Hessians", 2012.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    >>> hessian(lambda v: v[0] ** 3 + v[1], sparse=True)([2.0, 3.0])
    Entries(rows=[0], columns=[0], values=[12.0])
    """

    def second(*args: Any, **named: Any) -> Any:
        call = _Call(function, args, argnums, named)
        rows = _second_derivatives(call, call.output("hessian"))
        call.close()
        if sparse:
            return _entries(rows)
        size = len(call.inputs)
        shape = call.shapes[0] if call.single else tuple(call.shapes)
        return rebuild(
            shape, [call.shaped([row.get(column, 0.0) for column in range(size)]) for row in rows]
        )

    return second


def _second_derivatives(call: _Call, output: Value) -> list[dict[int, Any]]:
    """For each input the second derivatives that are not 0, by the place of the other input."""
    if not call.derived and not has_other_leaves(output, call.inputs):
        return curvature(Tape([output], call.inputs, True))
    rows = []
    with recording():
        gradients = _pull_back(Tape([output], call.inputs, True), [1.0])
    for gradient in gradients:
        row = call.plain(_pull_back(Tape([gradient], call.inputs, True), [1.0]))
        rows.append({at: entry for at, entry in enumerate(row) if not _is_zero(entry)})
    return rows


def _entries(rows: list[dict[int, Any]]) -> Entries:
    places = [(row, column) for row in range(len(rows)) for column in sorted(rows[row])]
    return Entries(
        [row for row, _ in places],
        [column for _, column in places],
        [rows[row][column] for row, column in places],
    )


def jvp(function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(result, its tangent) of a function at `primals` in the direction `tangents`: forward mode.

    tangent = sum over the inputs of d(result)/d(input) * tangent(input). `primals` and `tangents`
    are sequences of arguments of equal shapes. Raises ArgumentError where the shapes differ.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    call = _Call(function, tuple(primals), range(len(primals)))
    directions = leaves_like(list(primals), list(tangents), "tangents")
    order = Tape(call.outputs, call.inputs, True).nodes
    moved = call.plain(
        _pushed(order, call.outputs, dict(zip(call.inputs, directions, strict=True)))
    )
    result = call.plain(call.outputs)
    call.close()
    return rebuild(call.result, result), rebuild(call.result, moved)


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
    tape = Tape(call.outputs, call.inputs, True)

    def pullback(cotangent: Any) -> Any:
        weights = leaves_like(call.result, cotangent, "the cotangent")
        return call.shaped(call.plain(_pull_back(tape, weights)))

    return rebuild(call.result, call.plain(call.outputs)), pullback
