# cython: annotation_typing=True
"""Second derivatives as numbers: one reverse sweep that pushes second-order edges through a graph.

Whatever the sweep has not passed yet determines the output by a quadratic form: `slopes` holds its
first derivatives, `edges[i][j]`, j <= i, its second ones. To pass a node is to put its own
expansion, by its parents, in its place. Only what is not 0 is kept, so that a sparse Hessian costs
what its entries cost.

Source: Gower and Mello, "A new framework for the computation of Hessians", 2012.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd import uncompiled as cython
from autograd.errors import ChalkgradError, GradientError
from autograd.value import Value, _constant, _name, _slopes

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # compiled, curvature.pxd takes C's own
    from math import pow as c_pow

if TYPE_CHECKING:
    from autograd.tape import Tape

_ADD: Final = ops.add
_SUB: Final = ops.sub
_MUL: Final = ops.mul
_DIV: Final = ops.div
_NEG: Final = ops.neg
_POW: Final = ops.pow
_RELU: Final = ops.relu
_EXP: Final = ops.exp
_LOG: Final = ops.log
_TANH: Final = ops.tanh
_SIGMOID: Final = ops.sigmoid
_SIN: Final = ops.sin
_COS: Final = ops.cos
_SQUARE: Final = ops.square


def curvature(tape: Tape) -> list[dict[int, float]]:
    """d2(output)/d(input i)d(input j), as {j: number} for each i, where it is not 0.

    Of a bounded tape with one output, all of whose inputs are leaves. Raises GradientError where
    a derivative is not finite.
    """
    nodes: list[Value] = tape.nodes
    depends: bytearray = tape.depends
    lefts: list[int] = tape.lefts
    rights: list[int] = tape.rights
    count: cython.Py_ssize_t = len(tape.inputs)
    slopes: list[float] = [0.0] * len(nodes)
    edges: list[dict[int, float] | None] = [None] * len(nodes)
    slopes[tape.ends[0]] = 1.0
    at: cython.Py_ssize_t
    left: cython.Py_ssize_t
    right: cython.Py_ssize_t
    for at in range(len(nodes) - 1, count - 1, -1):
        slope: float = slopes[at]
        if not depends[at] or (slope == 0.0 and edges[at] is None):
            continue
        node: Value = nodes[at]
        left = lefts[at] if depends[lefts[at]] else -1
        right = rights[at] if rights[at] >= 0 and depends[rights[at]] else -1
        if edges[at] is not None:
            _push(edges, at, left, right, node)
            edges[at] = None
        if slope != 0.0:
            _bend(edges, left, right, node, slope)
            if left >= 0:
                slopes[left] = slopes[left] + slope * node._dl
            if right >= 0:
                slopes[right] = slopes[right] + slope * node._dr
    return _symmetric(edges, nodes, count)


@cython.cfunc
def _add(
    edges: list[dict[int, float] | None], i: cython.Py_ssize_t, j: cython.Py_ssize_t, weight: float
) -> None:
    """Adds to d2/d(i)d(j), which stands with the later of the two."""
    if weight == 0.0:
        return
    if i < j:
        i, j = j, i
    row = edges[i]
    if row is None:
        edges[i] = {j: weight}
    else:
        row[j] = row.get(j, 0.0) + weight


@cython.cfunc
def _push(
    edges: list[dict[int, float] | None],
    at: cython.Py_ssize_t,
    left: cython.Py_ssize_t,
    right: cython.Py_ssize_t,
    node: Value,
) -> None:
    """Puts dl d(left) + dr d(right) in the place of d(node) in its second-order edges."""
    dl: float = node._dl
    dr: float = node._dr
    if left == right:  # a * a
        dl, right = dl + dr, -1
    other: cython.Py_ssize_t
    row = edges[at]
    if row is None:
        return
    for other, weight in row.items():
        w: float = weight
        if other == at:
            if left >= 0:
                _add(edges, left, left, dl * dl * w)
            if right >= 0:
                _add(edges, right, right, dr * dr * w)
                if left >= 0:
                    _add(edges, left, right, dl * dr * w)
            continue
        if left >= 0:
            _add(edges, left, other, (2.0 if left == other else 1.0) * dl * w)
        if right >= 0:
            _add(edges, right, other, (2.0 if right == other else 1.0) * dr * w)


@cython.cfunc
def _bend(
    edges: list[dict[int, float] | None],
    left: cython.Py_ssize_t,
    right: cython.Py_ssize_t,
    node: Value,
    slope: float,
) -> None:
    """Adds the second derivatives of the node's own operation, times the slope it has."""
    op = node._operation
    if op is _ADD or op is _SUB or op is _NEG or op is _RELU:
        return
    if op is _MUL:
        if left >= 0 and right >= 0:
            _add(edges, left, right, (2.0 if left == right else 1.0) * slope)
        return
    if right < 0:
        bend: float = _second_partial(node)
        if bend == bend:
            _add(edges, left, left, slope * bend)
            return
    ll, lr, rr = second_partials(node, left >= 0, right >= 0)
    if left == right:
        _add(edges, left, left, slope * (ll + 2.0 * lr + rr))
        return
    if left >= 0:
        _add(edges, left, left, slope * ll)
    if right >= 0:
        _add(edges, right, right, slope * rr)
        if left >= 0:
            _add(edges, left, right, slope * lr)


@cython.cfunc
def _second_partial(node: Value) -> float:
    """The second derivative of a usual operation by its first parent; nan for any other.

    A test holds it equal to what the rules of the table give.
    """
    op = node._operation
    y: float = node._data
    slope: float = node._dl
    if op is _POW:
        left: Value = node._left  # type: ignore[assignment]  # a result has it
        right: Value = node._right  # type: ignore[assignment]  # a result has it
        power: float = right._data
        if left._data == 0.0:
            return math.nan
        return power * (power - 1.0) * _power(left._data, power - 2.0)
    if op is _SQUARE:
        return 2.0
    if op is _EXP:
        return y
    if op is _LOG:
        return -slope * slope
    if op is _TANH:
        return -2.0 * y * slope
    if op is _SIGMOID:
        return slope * (1.0 - 2.0 * y)
    if op is _SIN or op is _COS:
        return -y
    return 0.0 if op is _DIV else math.nan


def second_partials(node: Value, by_left: bool, by_right: bool) -> tuple[float, float, float]:
    """The second derivatives of a node by its parents: left twice, by both, right twice.

    By the table's rules, division written out. What is not asked for may be anything.
    """
    if node._operation is _DIV:
        right: Value = node._right  # type: ignore[assignment]  # a result has it
        inverse: float = 1.0 / right._data
        return 0.0, -inverse * inverse, 2.0 * node._data * inverse * inverse
    return _by_rules(node, by_left, by_right)


def _by_rules(node: Value, by_left: bool, by_right: bool) -> tuple[float, float, float]:
    """The same by differentiating the rules of the table at the node's numbers."""
    parents = node.parents
    asked = (by_left, by_right)
    # What is not asked for goes in as a number: its derivatives need not exist.
    inputs = [
        Value(parent.data) if by else parent.data
        for parent, by in zip(parents, asked, strict=False)
    ]
    seconds = {}
    try:
        result = node.op(*inputs)
        for i, rule in enumerate(node.op.rules):
            if asked[i]:
                for j, second in enumerate(_slopes_of(rule(*inputs, result), inputs)):
                    seconds[i, j] = second
    except ChalkgradError as error:
        numbers = ", ".join([_name(parent) for parent in parents])
        raise GradientError(
            f"the second derivative of {node.op.usage} at {numbers} is not finite: {error.message}",
            hint="keep the input away from this point",
        ) from error
    return seconds.get((0, 0), 0.0), seconds.get((1, 0), 0.0), seconds.get((1, 1), 0.0)


def _slopes_of(slope: Any, inputs: list[Any]) -> list[float]:
    """The derivatives of what a rule gave, 0 by inputs that are numbers."""
    leaves = [x for x in inputs if isinstance(x, Value)]
    found = iter(_slopes(slope if isinstance(slope, Value) else _constant(slope), leaves) or ())
    return [next(found) if isinstance(x, Value) else 0.0 for x in inputs]


@cython.cfunc
def _power(a: float, b: float) -> float:
    try:  # compiled, what is too large is inf
        return c_pow(a, b)
    except OverflowError:
        return math.inf


@cython.cfunc
def _symmetric(
    edges: list[dict[int, float] | None], nodes: list[Value], count: cython.Py_ssize_t
) -> list[dict[int, float]]:
    """Both halves of the Hessian, from the one that was summed up."""
    rows: list[dict[int, float]] = [{} for _ in range(count)]
    at: cython.Py_ssize_t
    for at in range(count):
        for other, weight in (edges[at] or {}).items():
            if not math.isfinite(weight):
                raise GradientError(
                    f"the second derivative by {_name(nodes[at])} and {_name(nodes[other])} is "
                    f"{weight!r}",
                    hint="scale the inputs, or keep them away from this point",
                )
            if weight != 0.0:
                rows[at][other] = weight
                rows[other][at] = weight
    return rows
