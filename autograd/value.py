# cython: annotation_typing=True
"""`Value`: one node of the graph, at once a number, the record of how it came, and its gradient.

This file is the hot path. It is plain Python, which Cython makes C of, reading the C types in
value.pxd: the two parents and the two partials of a node are four fields, not tuples, and the
operations that networks are made of fill them in without asking the table.
"""

from __future__ import annotations

import math
import sys
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, Final, overload

from autograd import ops
from autograd import uncompiled as cython
from autograd.errors import (
    ArgumentTypeError,
    ChalkgradError,
    GradientError,
    GraphError,
    RangeError,
)
from autograd.modes import folding
from autograd.ops import TABLE, Operation
from autograd.reals import NEVER_NUMBERS, is_real, not_a_number, real

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # compiled, value.pxd takes C's own, and imports the rest as C
    from math import exp as c_exp
    from math import log as c_log
    from math import pow as c_pow
    from math import tanh as c_tanh

    from autograd.modes import ACTIVE, ALTERING, FOLDING, Mode, current_mode

    set_on_type = setattr

if TYPE_CHECKING:
    from collections.abc import Callable

    Hook = Callable[[float], object]

if cython.compiled:  # what overload() gives would take the place of a C class's own method
    globals()["overload"] = lambda signature: Value.__dict__[signature.__name__]

compiled: Final = not __file__.endswith(".py")
"""Whether the engine runs compiled to native code (by Cython) or as plain Python."""


def _no_value(*_: object) -> float:
    raise TypeError("a leaf has no operation to evaluate")


# What stands in `op` where nothing was computed: a number one may differentiate by, and one not.
LEAF: Final = Operation(_no_value, (), "leaf", "", "", "", None, "a given number")
CONSTANT: Final = Operation(_no_value, (), "constant", "", "", "", None, "a fixed number")

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

_INF: Final = math.inf

_folding: Final = folding  # for whoever builds derivatives elsewhere

_settling: Final = allocate_lock()  # two backward() may have a leaf in common


@cython.final
@cython.no_gc
@cython.cclass
class _Notes:
    """What few nodes carry: a label, gradient hooks, the line of the user's code."""

    __slots__ = ("hooks", "label", "origin")

    def __init__(self) -> None:
        self.label = ""
        self.origin = ""
        self.hooks: list[Hook] | None = None


@cython.final
@cython.no_gc
@cython.cclass
class Value:
    """A number that remembers how it was computed: `Value(data, label="")`.

    Arithmetic and the operations of the table on Values make new Values; `backward()` on the last
    one computes d(it)/d(each) into `grad`. `data` is a real number (int, float, Fraction, numpy
    scalar; stored as a 64-bit float). `label` is LaTeX without dollars, the symbol in your notes.

    Raises NotANumberError (a TypeError) for anything else, DomainError for nan.

    Compiled, nodes are outside the garbage collector (a graph has no cycles), 88 bytes each; how
    they are made and freed stands in .build/nodes.h.

    >>> w, x = Value(3.0, "w"), Value(2.0, "x")
    >>> loss = (w * x - 5) ** 2
    >>> loss.backward()
    >>> loss.data, w.grad, x.grad
    (1.0, 4.0, 6.0)
    """

    __slots__ = (
        "_data", "_dl", "_dr", "_edges", "_grad", "_left", "_notes", "_operation", "_right",
    )  # fmt: skip

    def __init__(self, data: object, label: object = "") -> None:
        if not cython.compiled:  # compiled, fields begin as None and 0
            self._left: Value | None = None
            self._right: Value | None = None
            self._dl: float = 0.0  # d(self)/d(left); on a leaf, `grad` before this backward()
            self._dr: float = 0.0
            self._notes: _Notes | None = None
            self._edges: int = 0
            self._grad: float = 0.0
        self._operation: Operation = LEAF
        self._data: float = _field(data, "data", self)
        if label != "":
            _set_label(self, label)

    # What a node holds.

    @property
    def data(self) -> float:
        """The number. Setting it changes neither nodes computed from it nor their partials."""
        if ACTIVE:
            _look_at(self, "reading .data of")
        return self._data

    @data.setter
    def data(self, data: object) -> None:
        self._data = _field(data, "data", self)

    @property
    def grad(self) -> float:
        """d(root)/d(this) after `root.backward()`; on leaves the sum over all such calls."""
        return self._grad

    @grad.setter
    def grad(self, grad: object) -> None:
        self._grad = _field(grad, "grad", self)

    @property
    def op(self) -> Operation:
        """The operation that made this node; `leaf` or `constant` where none did."""
        return self._operation

    @property
    def parents(self) -> tuple[Value, ...]:
        """The nodes it was computed from, none to two; the same one twice in `a + a`."""
        if self._left is None:
            return ()
        return (self._left,) if self._right is None else (self._left, self._right)

    @property
    def partials(self) -> tuple[float, ...]:
        """d(this)/d(parent) for each parent, as it was when this node was computed."""
        if self._left is None:
            return ()
        if self._right is None:
            return (self._dl,)
        return (self._dl, self._dr)

    @property
    def label(self) -> str:
        """The node's symbol: LaTeX without dollars, or empty."""
        return "" if self._notes is None else self._notes.label

    @label.setter
    def label(self, label: object) -> None:
        _set_label(self, label)

    @property
    def origin(self) -> str:
        """The file and line that made this node, where made under `anomaly()`; else empty."""
        return "" if self._notes is None else self._notes.origin

    @property
    def is_leaf(self) -> bool:
        """Whether it was given, not computed."""
        return self._left is None

    @property
    def is_constant(self) -> bool:
        """Whether it never receives a gradient: a literal, a detached or unrecorded result."""
        return self._operation is CONSTANT

    # micrograd's names for the same.

    @property
    def _prev(self) -> set[Value]:
        return set(self.parents)

    @property
    def _op(self) -> str:
        if self._operation is _POW and self._right is not None and self._right.is_constant:
            return f"**{self._right.data:g}"
        return self._operation.symbol or ("" if self._left is None else self._operation.name)

    # Arithmetic, and the operations that networks are made of. Where nothing is out of the ordinary
    # each makes its node without the table; a test holds both equal.

    @overload
    def __add__(self, other: Value | float) -> Value: ...
    @overload
    def __add__(self, other: object) -> Any: ...
    def __add__(self, other: object) -> Any:
        right: Value | None = other if isinstance(other, Value) else _literal(other)
        if right is not None:
            y = self._data + right._data
            if y - y == 0.0:
                return _made(_ADD, y, self, right, 1.0, 1.0)
        return _recorded(_ADD, self, other, False)

    @overload
    def __sub__(self, other: Value | float) -> Value: ...
    @overload
    def __sub__(self, other: object) -> Any: ...
    def __sub__(self, other: object) -> Any:
        right: Value | None = other if isinstance(other, Value) else _literal(other)
        if right is not None:
            y = self._data - right._data
            if y - y == 0.0:
                return _made(_SUB, y, self, right, 1.0, -1.0)
        return _recorded(_SUB, self, other, False)

    @overload
    def __mul__(self, other: Value | float) -> Value: ...
    @overload
    def __mul__(self, other: object) -> Any: ...
    def __mul__(self, other: object) -> Any:
        right: Value | None = other if isinstance(other, Value) else _literal(other)
        if right is not None:
            y = self._data * right._data
            if y - y == 0.0:
                return _made(_MUL, y, self, right, right._data, self._data)
        return _recorded(_MUL, self, other, False)

    @overload
    def __truediv__(self, other: Value | float) -> Value: ...
    @overload
    def __truediv__(self, other: object) -> Any: ...
    def __truediv__(self, other: object) -> Any:
        right: Value | None = other if isinstance(other, Value) else _literal(other)
        if right is not None and right._data != 0.0:
            b = right._data
            y = self._data / b
            if y - y == 0.0:
                return _made(_DIV, y, self, right, 1.0 / b, -y / b)
        return _recorded(_DIV, self, other, False)

    @overload
    def __pow__(self, other: Value | float) -> Value: ...
    @overload
    def __pow__(self, other: object) -> Any: ...
    def __pow__(self, other: object) -> Any:
        if not isinstance(other, Value) and self._data != 0.0:
            right: Value | None = _literal(other)
            if right is not None:
                try:  # compiled, what is too large is inf, and what is no number nan
                    y = _power(self._data, right._data)
                    slope = right._data * _power(self._data, right._data - 1.0)
                except (OverflowError, ValueError):
                    return _recorded(_POW, self, other, False)
                if y - y == 0.0 and slope - slope == 0.0:
                    return _made(_POW, y, self, right, slope, 0.0)
        return _recorded(_POW, self, other, False)

    def __floordiv__(self, other: Any) -> Any:
        return ops.floor(self / other)

    def __mod__(self, other: Any) -> Any:
        return self - other * ops.floor(self / other)

    def __neg__(self) -> Value:
        return _made(_NEG, -self._data, self, None, -1.0, 0.0)

    def relu(self) -> Value:
        """X where x > 0, else 0; at 0 the derivative is 0."""
        if self._data > 0.0:
            return _made(_RELU, self._data, self, None, 1.0, 0.0)
        return _made(_RELU, 0.0, self, None, 0.0, 0.0)

    def exp(self) -> Value:
        """e^x."""
        if -_EXPONENT < self._data < _EXPONENT:
            y = c_exp(self._data)
            return _made(_EXP, y, self, None, y, 0.0)
        return _by_the_table(_EXP, self, None)

    def log(self) -> Value:
        """The natural logarithm, for x > 0."""
        if 0.0 < self._data < _INF:
            return _made(_LOG, c_log(self._data), self, None, 1.0 / self._data, 0.0)
        return _by_the_table(_LOG, self, None)

    def tanh(self) -> Value:
        """The hyperbolic tangent."""
        y = c_tanh(self._data)
        return _made(_TANH, y, self, None, 1.0 - y * y, 0.0)

    def sigmoid(self) -> Value:
        """1 / (1 + e^-x)."""
        if not -_EXPONENT < self._data < _EXPONENT:
            return _by_the_table(_SIGMOID, self, None)
        if self._data >= 0.0:
            y = 1.0 / (1.0 + c_exp(-self._data))
        else:
            e = c_exp(self._data)
            y = e / (1.0 + e)
        return _made(_SIGMOID, y, self, None, y * (1.0 - y), 0.0)

    @overload
    def __radd__(self, other: Value | float) -> Value: ...
    @overload
    def __radd__(self, other: object) -> Any: ...
    def __radd__(self, other: object) -> Any:
        if type(other) is int and other == 0:
            return self  # where Python's sum() begins: adding nothing makes no node
        left: Value | None = _literal(other)
        return _recorded(_ADD, self, other, True) if left is None else left + self

    @overload
    def __rsub__(self, other: Value | float) -> Value: ...
    @overload
    def __rsub__(self, other: object) -> Any: ...
    def __rsub__(self, other: object) -> Any:
        left: Value | None = _literal(other)
        return _recorded(_SUB, self, other, True) if left is None else left - self

    @overload
    def __rmul__(self, other: Value | float) -> Value: ...
    @overload
    def __rmul__(self, other: object) -> Any: ...
    def __rmul__(self, other: object) -> Any:
        left: Value | None = _literal(other)
        return _recorded(_MUL, self, other, True) if left is None else left * self

    @overload
    def __rtruediv__(self, other: Value | float) -> Value: ...
    @overload
    def __rtruediv__(self, other: object) -> Any: ...
    def __rtruediv__(self, other: object) -> Any:
        left: Value | None = _literal(other)
        return _recorded(_DIV, self, other, True) if left is None else left / self

    @overload
    def __rpow__(self, other: Value | float) -> Value: ...
    @overload
    def __rpow__(self, other: object) -> Any: ...
    def __rpow__(self, other: object) -> Any:
        return _recorded(_POW, self, other, True)

    def __rfloordiv__(self, other: Any) -> Any:
        return ops.floor(other / self)

    def __rmod__(self, other: Any) -> Any:
        return other - self * ops.floor(other / self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _by_the_table(ops.abs, self, None)

    @property
    def _hooked(self) -> bool:
        return self._notes is not None and bool(self._notes.hooks)

    # Comparison and conversion go by the number; equality and hash by identity, as nodes need.

    def __lt__(self, other: object) -> bool:
        return _compared(self) < _number(other) if _is_comparable(other) else NotImplemented

    def __le__(self, other: object) -> bool:
        return _compared(self) <= _number(other) if _is_comparable(other) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return _compared(self) > _number(other) if _is_comparable(other) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return _compared(self) >= _number(other) if _is_comparable(other) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __float__(self) -> float:
        _leave_the_graph(self, "float()")
        return self._data

    def __int__(self) -> int:
        _leave_the_graph(self, "int()")
        if self._data - self._data != 0.0:
            raise RangeError(f"int() of {_name(self)}", hint="no whole number is infinite")
        return int(self._data)

    def __trunc__(self) -> int:
        return int(self)

    def __bool__(self) -> bool:
        if ACTIVE:
            _look_at(self, "a branch on")
        return self._data != 0.0

    def __round__(self, digits: int | None = None) -> Any:
        _leave_the_graph(self, "round()")
        return round(self._data) if digits is None else round(self._data, digits)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"

    def _repr_latex_(self) -> str:
        """What notebooks show: the symbol, the number and, where there is one, the gradient."""
        symbol = f"{self.label} = " if self.label else ""
        grad = rf" \qquad \mathrm{{grad}} = {_in_latex(self._grad)}" if self._grad else ""
        return f"${symbol}{_in_latex(self._data)}{grad}$"

    # The graph.

    def _record(self, op: Operation, a: object, b: object = None) -> Value:
        """The node of any operation on Values and numbers, with every check and mode."""
        left: Value = a if isinstance(a, Value) else _constant(a)
        if b is None:
            in_place = _in_place(op, left)
            return _by_the_table(op, left, None) if in_place is None else in_place
        right: Value = b if isinstance(b, Value) else _constant(b)
        return _by_the_table(op, left, right)

    def backward(self) -> None:
        """Computes d(this)/d(node) into `grad` of every node this one was computed from.

        Reverse topological order, without recursion. Interior nodes are set afresh; leaves *add*,
        so call `zero_grad()` of the model or optimizer between two steps. Raises GradientError
        where a gradient is infinite or undefined, naming the node, and GraphError where nothing
        was recorded; either leaves the leaves as they were.

        >>> a = Value(2.0)
        >>> (a * a + a).backward()
        >>> a.grad
        5.0
        """
        if self._operation is CONSTANT:
            raise GraphError(
                f"backward() on a constant: {_name(self)} was not computed from any Value that "
                "can have a gradient",
                hint="was it computed under no_grad(), or detached?",
            )
        waiting: list[Value] = []  # made first: afterwards nothing may call the garbage collector
        if not cython.compiled or _count_edges(self, waiting):
            gradients: dict[Value, float] = {}
            leaves = _propagate_apart(self, gradients)
            _settle(gradients, leaves)
        else:
            _propagate(self, waiting)

    def detach(self) -> Value:
        """The same number and label as a constant, cut off from the graph."""
        return as_value(self._data, self.label)

    def on_gradient(self, hook: Hook) -> Callable[[], None]:
        """Calls `hook(gradient)` whenever backward() has this node's gradient; gives an undo.

        What the hook returns, if not None, replaces the gradient from there on; on a leaf this
        happens before it is added to `grad`. A hook that refers to its own node keeps the graph
        alive until the undo is called. Raises ArgumentTypeError for what cannot be called.

        >>> x = Value(3.0)
        >>> undo = x.on_gradient(lambda gradient: min(gradient, 1.0))
        >>> (x ** 2).backward()
        >>> x.grad
        1.0
        """
        if not callable(hook):
            raise ArgumentTypeError(
                f"on_gradient() needs a function, not {type(hook).__name__}",
                hint="v.on_gradient(lambda gradient: print(gradient))",
            )
        if self._notes is None:
            self._notes = _Notes()
        hooks = self._notes.hooks
        if hooks is None:
            hooks = self._notes.hooks = []
        hooks.append(hook)

        active = True

        def undo() -> None:
            nonlocal active
            if active:
                active = False
                hooks.remove(hook)

        return undo

    def __reduce__(self) -> tuple[object, ...]:
        if self._left is not None:
            raise GraphError(
                f"{_name(self)} is a result inside a graph and cannot be copied or pickled",
                hint="copy float(v) or v.detach(); leaves such as parameters can be copied",
            )
        return _restore, (self._data, self._grad, self.label, self._operation is CONSTANT)

    if not cython.compiled:  # noqa: SIM102  # Cython would take what is for type checkers only
        if TYPE_CHECKING:

            def __getattr__(self, name: str) -> Callable[..., Value]:
                """Declares the methods that the table adds at the end of this file."""


def as_value(number: object, label: object = "") -> Value:
    """A Value as it is; a number as a constant, which never receives a gradient, with the label.

    What losses and layers do with what they are given. Raises as `Value` for what is no number.

    >>> from autograd import Value, as_value
    >>> x = as_value(80, "x_{1}")
    >>> x.is_constant, x.label, as_value(x) is x
    (True, 'x_{1}', True)
    """
    if isinstance(number, Value):
        return number
    constant = _constant(number)
    if label != "":
        _set_label(constant, label)
    return constant


if not cython.compiled:  # compiled, nodes.h has it

    def _node(
        op: Operation, y: float, left: Value | None, right: Value | None, dl: float, dr: float
    ) -> Value:
        """A node, filled in without a look at what it is given."""
        node = Value.__new__(Value)
        node._data = y
        node._grad = 0.0
        node._operation = op
        node._left = left
        node._right = right
        node._dl = dl
        node._dr = dr
        node._notes = None
        node._edges = 0
        return node

    def take_over(values: type[Value]) -> None:
        """Lets Python's own compare and hash by identity: calls of ours would cost more."""
        values.__eq__ = object.__eq__  # type: ignore[method-assign]
        values.__hash__ = object.__hash__  # type: ignore[method-assign]


def _by_the_table(op: Operation, left: Value, right: Value | None) -> Value:
    """The result of any operation, with its partials, as its entry in the table has them."""
    x1 = left._data
    x2 = 0.0 if right is None else right._data
    failure: type[ChalkgradError] | None = None
    cause: BaseException | None = None
    y = 0.0
    try:
        y = op.evaluate(x1, x2)
    except ChalkgradError as error:
        failure, cause = type(error), error.__cause__
    if failure is RangeError and right is not None and _may_overflow(op):
        y = op.forward(x1, x2)
    elif failure is not None:
        names = left.label, "" if right is None else right.label
        raise op.failure(failure, x1, x2, names) from cause
    dl = 0.0 if left._operation is CONSTANT else op.partial(0, x1, x2, y)
    dr = 0.0 if right is None or right._operation is CONSTANT else op.partial(1, x1, x2, y)
    return _made(op, y, left, right, dl, dr)


def _may_overflow(op: Operation) -> bool:
    """Whether a result may be infinite: while derivatives are built, in arithmetic.

    A rule such as 1 / (1 + x * x) passes through numbers too large for a float on its way to one
    that is none, and is worked out like that for plain numbers.
    """
    if not FOLDING or (op is not _ADD and op is not _SUB and op is not _MUL and op is not _DIV):
        return False
    mode: Mode | None = current_mode()
    return mode is not None and mode.folded


@cython.cfunc
def _power(a: float, b: float) -> float:
    return a * a if b == 2.0 else c_pow(a, b)


def plus(a: Value, b: Value) -> Value:
    """`a + b`, for loops in C."""
    y: float = a._data + b._data
    return _made(_ADD, y, a, b, 1.0, 1.0) if y - y == 0.0 else _by_the_table(_ADD, a, b)


def times(a: Value, b: Value) -> Value:
    """`a * b`, for loops in C."""
    y: float = a._data * b._data
    if y - y == 0.0:
        return _made(_MUL, y, a, b, b._data, a._data)
    return _by_the_table(_MUL, a, b)


def _in_place(op: Operation, x: Value) -> Value | None:
    """The result of an operation that has a short way; None for those that have not."""
    if op is _RELU:
        return x.relu()
    if op is _TANH:
        return x.tanh()
    if op is _EXP and -_EXPONENT < x._data < _EXPONENT:
        return x.exp()
    if op is _LOG and 0.0 < x._data < _INF:
        return x.log()
    if op is _SIGMOID and -_EXPONENT < x._data < _EXPONENT:
        return x.sigmoid()
    return None


def _made(op: Operation, y: float, left: Value, right: Value | None, dl: float, dr: float) -> Value:
    """The result y of an operation as a node, or as what the mode that is on makes of it."""
    if ALTERING:
        mode = current_mode()
        if mode is not None:
            if mode.unrecorded:
                return _node(CONSTANT, y, None, None, 0.0, 0.0)
            if mode.traced:
                node = _node(op, y, left, right, dl, dr)
                node._notes = _Notes()
                node._notes.origin = _users_line()
                return node
            if mode.known is not None:
                return _shared(mode.known, op, y, left, right, dl, dr)
    return _node(op, y, left, right, dl, dr)


def _shared(
    known: dict[Any, Value],
    op: Operation,
    y: float,
    left: Value,
    right: Value | None,
    dl: float,
    dr: float,
) -> Value:
    """The node there is of this operation on these operands, or a new one, which is then known."""
    left = _known_literal(known, left)
    if right is not None:
        right = _known_literal(known, right)
    node: Value | None = known.get((op, left, right))
    if node is None and (op is _ADD or op is _MUL):
        node = known.get((op, right, left))
    if node is None or node._data != y:
        node = known[op, left, right] = _node(op, y, left, right, dl, dr)
    return node


def _known_literal(known: dict[Any, Value], value: Value) -> Value:
    """The node there is of the same literal; a Value that is none, as it is."""
    if value._operation is not CONSTANT or value._notes is not None:
        return value
    return known.setdefault((value._data, math.copysign(1.0, value._data)), value)


def literals_and_results(nodes: list[Value]) -> dict[Any, Value]:
    """Where `sharing` finds the nodes of a graph."""
    known: dict[Any, Value] = {}
    node: Value
    for node in nodes:
        if node._left is not None:
            known[node._operation, node._left, node._right] = node
        else:
            _known_literal(known, node)
    return known


def _constant(data: object) -> Value:
    """A leaf that never receives a gradient."""
    return _node(CONSTANT, _field(data, "data", None), None, None, 0.0, 0.0)


_WHOLE: Final = 2**53  # whole numbers up to this are floats
_EXPONENT: Final = 700.0  # within +-this e^x is a float that has all its digits


def _literal(other: object) -> Value | None:
    """A number met in arithmetic as a constant; None where it takes a closer look."""
    if not isinstance(other, (float, int)):
        return None
    if FOLDING:
        mode = current_mode()
        if mode is not None and mode.folded:
            return None
    try:
        number = float(other)
    except OverflowError:  # an int beyond all floats
        return None
    return _node(CONSTANT, number, None, None, 0.0, 0.0)


def _recorded(op: Operation, value: Value, other: object, reflected: bool) -> Any:
    """`value op other`, or `other op value` where reflected, with every check and mode."""
    if not isinstance(other, Value) and not is_real(other):
        if isinstance(other, NEVER_NUMBERS):
            raise not_a_number(other, f"in {op.name} with {_name(value)}")
        return NotImplemented  # a numpy array, say, which knows what to do with a Value
    if FOLDING and not isinstance(other, Value):
        mode = current_mode()
        if mode is not None and mode.folded:
            number = real(other)
            folded = _fold(op, value, number, reflected)
            if folded is not None:
                return folded
            constant = _node(CONSTANT, number, None, None, 0.0, 0.0)
            if op is _MUL:
                return constant * value if reflected else value * constant
            if op is _ADD:
                return constant + value if reflected else value + constant
            other = constant
    return value._record(op, other, value) if reflected else value._record(op, value, other)


def _fold(op: Operation, value: Value, number: float, reflected: bool) -> Value | None:
    """What `value op number` (or `number op value`) is without a node; None where it needs one."""
    if number == 0.0:
        if op is _ADD or (op is _SUB and not reflected):
            return value
        if op is _SUB:
            return -value
        if op is _MUL or (op is _DIV and reflected):
            return _constant(0.0)
        if op is _POW and not reflected:
            return _constant(1.0)
    elif number == 1.0 and (op is _MUL or (not reflected and (op is _DIV or op is _POW))):
        return value
    elif number == -1.0 and op is _MUL:
        return -value
    return None


def _leave_the_graph(value: Value, how: str) -> None:
    """Raises where a number is made of what a function that is differentiated depends on."""
    if not ACTIVE:
        return
    _look_at(value, f"{how} of", f"{_TO_COMPUTE}; {_TO_DECIDE}")
    mode: Mode | None = current_mode()
    if mode is None or not mode.arguments:
        return
    arguments = set(mode.arguments)
    if not arguments.isdisjoint(_parents_first([value])):
        raise GraphError(
            f"{how} of {_name(value)}, which depends on an argument of the function that is "
            "differentiated, would lose its derivative",
            hint=f"{_TO_COMPUTE}; where only the number is meant, x.data",
        )


_TO_DECIDE: Final = (
    "where it decides, use autograd.where, step, maximum or minimum; where it is only checked, "
    "autograd.within"
)
_TO_COMPUTE: Final = "use autograd's operations, as autograd.exp(x) in place of math.exp(x)"


def _look_at(value: Value, how: str, hint: str = _TO_DECIDE) -> None:
    """Raises where a number that will be another in the next row is looked at while recording."""
    mode: Mode | None = current_mode()
    if mode is not None and mode.guards is not None and value._operation is not CONSTANT:
        raise GraphError(
            f"{how} {_name(value)} while a program is recorded: in the next row it is another "
            "number, and the program does the same for all",
            hint=hint,
        )


@cython.cfunc
def _compared(value: Value) -> float:
    if ACTIVE:
        _look_at(value, "a comparison of")
    return value._data


def within(x: Value | float, low: float, high: float) -> bool:
    """Whether low <= x <= high: a question that may be asked of a number while it is recorded.

    A comparison may not, since the program that is recorded would follow the answer in all rows.
    This answer is noted down; the program asks again in each row, and leaves those where the answer
    is another to the engine.

    >>> within(Value(0.5), 0, 1), within(2, 0, 1)
    (True, False)
    """
    if not isinstance(x, Value):
        return low <= real(x) <= high
    value: Value = x
    answer = low <= value._data <= high
    if ACTIVE:
        mode: Mode | None = current_mode()
        if mode is not None and mode.guards is not None and value._operation is not CONSTANT:
            mode.guards.append((value, float(low), float(high), answer))
    return answer


def write_numbers(values: list[Value], address: int) -> None:
    """Writes the numbers of values into memory, as doubles from an address on: programs read them.

    As quick as can be, since they are read anew at each call.
    """
    if cython.compiled:
        _write(values, address)
    else:
        from ctypes import c_double  # noqa: PLC0415  # slow to load, for programs only

        memory = (c_double * len(values)).from_address(address)
        memory[:] = [value._data for value in values]


@cython.cfunc
def _write(values: list[Value], address: cython.Py_ssize_t) -> None:
    if cython.compiled:
        place = cython.cast(cython.p_double, cython.cast(cython.p_void, address))  # type: ignore
        at: cython.Py_ssize_t
        value: Value
        for at in range(len(values)):
            value = values[at]
            place[at] = value._data


def _is_comparable(other: object) -> bool:
    """Whether to compare with it here; a numpy array, say, knows itself how to."""
    return isinstance(other, Value) or is_real(other) or isinstance(other, NEVER_NUMBERS)


def _number(other: object) -> float:
    if isinstance(other, Value):
        return _compared(other)
    return real(other, "to compare with a Value")


def _set_label(value: Value, label: object) -> None:
    if not isinstance(label, str):
        raise ArgumentTypeError(
            f"a label must be text, not {type(label).__name__}",
            hint="labels are LaTeX without dollars, such as 'x' or r'W_{11}^2'",
        )
    if value._notes is None:
        value._notes = _Notes()
    value._notes.label = label


def _field(number: object, field: str, value: Value | None) -> float:
    if type(number) is float and number == number:  # what nearly all are, in no need of a check
        return number
    if type(number) is int and -_WHOLE < number < _WHOLE:
        return float(number)
    label = "" if value is None else value.label
    return real(number, f"as {field} of {label}" if label else f"as {field}")


def _name(value: Value) -> str:
    """What to call a node in a message: its label, or what it is, and its number."""
    if value.label:
        return f"{value.label} = {value._data!r}"
    kind = value._operation.name
    return f"{'a' if value._left is None else 'the result of'} {kind}, {value._data!r}"


def _in_latex(number: float) -> str:
    """A number in LaTeX, with six digits."""
    digits, _, exponent = f"{number:.6g}".partition("e")
    if exponent:
        return rf"{digits} \cdot 10^{{{int(exponent)}}}"
    return digits.replace("inf", r"\infty")


def _restore(data: float, grad: float, label: str, constant: bool) -> Value:
    leaf = _constant(data) if constant else Value(data)
    leaf._grad = grad
    if label:
        leaf.label = label
    return leaf


def _users_line() -> str:
    """The file and line of the innermost frame outside autograd and nn."""
    frame = sys._getframe()
    while frame.f_back is not None and (
        frame.f_globals.get("__name__", "").partition(".")[0] in ("autograd", "nn")
    ):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _parents_first(roots: list[Value]) -> list[Value]:
    """Every node that `roots` were computed from, and they themselves, each after its parents."""
    return _linearized(roots, [], [])[0]


def _linearized(
    roots: list[Value], first: list[Value], wanted: list[Value]
) -> tuple[list[Value], list[int], list[int], list[int]]:
    """The nodes under `roots`, each after its parents, and where each one's two parents stand.

    -1 is no parent. The nodes `first` are the beginning, and the walk does not go above them. Last
    come the places of the nodes `wanted`, -1 for those that are not among them.

    Compiled, places are kept on the nodes meanwhile: nobody can come between.
    """
    nodes: list[Value] = []
    lefts: list[int] = []
    rights: list[int] = []
    found: list[int] = []
    path: list[Value] = []  # the results that wait for their parents
    places: dict[Value, int] = {}  # counted from 1; -1 for those on the path
    node: Value
    root: Value
    for node in first:
        if _place(node, places) == 0:
            nodes.append(node)
            _set_place(node, places, len(nodes))
    at: cython.Py_ssize_t
    given: cython.Py_ssize_t = len(nodes)
    for root in roots:
        if _place(root, places) == 0:
            _set_place(root, places, -1)
            path.append(root)
            while path:
                node = path[-1]
                parent: Value | None = node._left
                if parent is None or _place(parent, places) != 0:
                    parent = node._right
                if parent is None or _place(parent, places) != 0:
                    nodes.append(path.pop())
                    _set_place(node, places, len(nodes))
                else:
                    _set_place(parent, places, -1)
                    path.append(parent)
    for at in range(len(nodes)):
        node = nodes[at]
        above = at >= given
        lefts.append(_place(node._left, places) - 1 if above and node._left is not None else -1)
        rights.append(_place(node._right, places) - 1 if above and node._right is not None else -1)
    for node in wanted:
        found.append(_place(node, places) - 1)  # noqa: PERF401  # a loop in C
    for node in nodes:
        _set_place(node, places, 0)
    return nodes, lefts, rights, found


@cython.cfunc
def _place(node: Value, places: dict[Value, int]) -> cython.Py_ssize_t:
    return node._edges if cython.compiled else places.get(node, 0)


@cython.cfunc
def _set_place(node: Value, places: dict[Value, int], place: cython.Py_ssize_t) -> None:
    if cython.compiled:
        node._edges = place
    else:
        places[node] = place


# backward() counts on the nodes how many edges lead to each, then passes gradients on along them.
# Compiled, nobody can come between: it runs in C from beginning to end. Where somebody may, in
# plain Python and where there are hooks, counts and gradients are kept apart until all is well.


@cython.cfunc
def _count_edges(root: Value, found: list[Value]) -> bool:
    """Writes on each node under `root` how many edges lead to it, and makes gradients ready.

    `found` is empty: there nodes wait whose parents are still to be counted, as are `node`'s.
    A leaf's gradient is put aside: what this backward() adds is summed by itself, so that a second
    one doubles it exactly. True where a node has hooks: then all is as it was before.
    """
    hooked = root._notes is not None and root._notes.hooks is not None
    root._edges = 1
    if root._left is None:
        root._dl = root._grad
    edges: cython.Py_ssize_t
    parent: Value | None
    node: Value | None = root
    while node is not None:
        following: Value | None = None
        parent = node._left
        if parent is not None:
            node._grad = 0.0
            edges = parent._edges
            parent._edges = edges + 1
            if edges == 0:
                if parent._notes is not None and parent._notes.hooks is not None:
                    hooked = True
                if parent._left is not None:
                    following = parent
                else:
                    parent._dl = parent._grad
                    parent._grad = 0.0
            parent = node._right
            if parent is not None:
                edges = parent._edges
                parent._edges = edges + 1
                if edges == 0:
                    if parent._notes is not None and parent._notes.hooks is not None:
                        hooked = True
                    if parent._left is not None:
                        if following is not None:
                            found.append(following)
                        following = parent
                    else:
                        parent._dl = parent._grad
                        parent._grad = 0.0
        if following is None and found:
            following = found.pop()
        node = following
    if hooked:
        _undo(root, found)
    else:
        root._grad = 1.0
    return hooked


def _propagate(root: Value, ready: list[Value]) -> None:
    """The chain rule: a node passes its gradient on once all edges to it have brought theirs.

    `ready` is empty: there such nodes wait, as does `node`.
    """
    root._edges = 0
    node: Value | None = root
    while node is not None:
        following: Value | None = None
        gradient = node._grad
        left = node._left
        if left is None:
            # What is infinite or undefined anywhere arrives as such at a leaf.
            if node._operation is CONSTANT:
                node._grad = 0.0
            else:
                total = node._dl + gradient  # last, so that a second backward() doubles it exactly
                if total - total != 0.0:
                    raise _refused(root, node)
                node._grad = total
        else:
            right = node._right
            if gradient != 0.0:  # a branch not taken passes nothing on, not even 0 * inf
                left._grad += node._dl * gradient
                if right is not None:
                    right._grad += node._dr * gradient
            edges = left._edges - 1
            left._edges = edges
            if edges == 0:
                following = left
            if right is not None:
                edges = right._edges - 1
                right._edges = edges
                if edges == 0:
                    if following is not None:
                        ready.append(following)
                    following = right
        if following is None and ready:
            following = ready.pop()
        node = following


def _refused(root: Value, leaf: Value) -> GradientError:
    """The error for a leaf whose gradient is not finite, all leaves being as they were before."""
    before = leaf._dl
    gradients: dict[Value, float] = {}
    node: Value
    for node in _edges_apart(root):
        gradients[node] = node._grad
    _undo(root, [])
    return _gradient_error(root, leaf, before, gradients)


def _undo(root: Value, found: list[Value]) -> None:
    """The gradients of leaves as they were put aside, those of results 0, and nothing counted.

    `found` is empty, there nodes wait. A leaf that had its gradient already is counted no longer,
    but has it put aside like all others.
    """
    root._edges = -1
    found.append(root)
    while found:
        node = found.pop()
        node._grad = node._dl if node._left is None else 0.0
        parent = node._left
        if parent is not None and parent._edges != -1:
            parent._edges = -1
            found.append(parent)
        parent = node._right
        if parent is not None and parent._edges != -1:
            parent._edges = -1
            found.append(parent)
    found.append(root)
    root._edges = 0
    while found:
        node = found.pop()
        parent = node._left
        if parent is not None and parent._edges != 0:
            parent._edges = 0
            found.append(parent)
        parent = node._right
        if parent is not None and parent._edges != 0:
            parent._edges = 0
            found.append(parent)


@cython.cfunc
def _propagate_apart(root: Value, gradients: dict[Value, float]) -> list[Value]:
    """The same as `_count_edges` and `_propagate`, in the same order, but nothing on the nodes.

    Fills in `gradients`, and gives the leaves that are no constants.
    """
    node: Value
    edges = _edges_apart(root)
    for node in edges:
        gradients[node] = 0.0
    gradients[root] = 1.0
    leaves: list[Value] = []
    ready = [root]
    while ready:
        node = ready.pop()
        gradient: float = gradients[node]
        if node._notes is not None and node._notes.hooks is not None:
            gradient = gradients[node] = _through_hooks(node._notes.hooks, gradient)
        left: Value | None = node._left
        if left is None:
            if node._operation is not CONSTANT:
                if not math.isfinite(node._grad + gradient):
                    raise _gradient_error(root, node, node._grad, gradients)
                leaves.append(node)
            continue
        right: Value | None = node._right
        if gradient != 0.0:
            gradients[left] += node._dl * gradient
            if right is not None:
                gradients[right] += node._dr * gradient
        edges[left] -= 1
        if edges[left] == 0:
            ready.append(left)
        if right is not None:
            edges[right] -= 1
            if edges[right] == 0:
                ready.append(right)
    return leaves


def _slopes(root: Value, inputs: list[Value]) -> list[float] | None:
    """d(root)/d(each input) for inputs that are fresh leaves; None where root has others, too."""
    if root._operation is CONSTANT:
        return [0.0] * len(inputs)
    if has_other_leaves(root, inputs):
        return None
    node: Value
    for node in inputs:
        node._grad = 0.0
    waiting: list[Value] = []
    if not cython.compiled or _count_edges(root, waiting):
        gradients: dict[Value, float] = {}
        _propagate_apart(root, gradients)
        return [gradients.get(x, 0.0) for x in inputs]
    _propagate(root, waiting)
    slopes: list[float] = []
    for node in inputs:
        slopes.append(node._grad)  # noqa: PERF401  # a loop in C
    return slopes


def has_other_leaves(root: Value, inputs: list[Value]) -> bool:
    """Whether `root` depends on leaves that are no constants and not among `inputs`."""
    nodes: list[Value] = []
    places: dict[Value, int] = {}
    found = False
    at: cython.Py_ssize_t = 0
    node: Value
    for node in inputs:
        _set_place(node, places, -1)
    if _place(root, places) == 0:
        _set_place(root, places, 1)
        nodes.append(root)
    while at < len(nodes):
        node = nodes[at]
        at += 1
        parent: Value | None = node._left
        if parent is None:
            found = found or node._operation is not CONSTANT
            continue
        if _place(parent, places) == 0:
            _set_place(parent, places, 1)
            nodes.append(parent)
        parent = node._right
        if parent is not None and _place(parent, places) == 0:
            _set_place(parent, places, 1)
            nodes.append(parent)
    for node in nodes:
        _set_place(node, places, 0)
    for node in inputs:
        _set_place(node, places, 0)
    return found


def _edges_apart(root: Value) -> dict[Value, int]:
    """How many edges lead to each node under `root`."""
    edges = {root: 1}
    found = [root]
    while found:
        node = found.pop()
        for parent in (node._left, node._right):
            if parent is not None:
                if parent in edges:
                    edges[parent] += 1
                else:
                    edges[parent] = 1
                    found.append(parent)
    return edges


def _settle(gradients: dict[Value, float], leaves: list[Value]) -> None:
    """Writes all gradients; where it is interrupted, leaves get back what they had."""
    node: Value
    with _settling:
        before = [node._grad for node in leaves]
        try:
            for node, gradient in gradients.items():
                if node._left is not None:
                    node._grad = gradient
            for node in leaves:
                node._grad += gradients[node]
        except BaseException:
            for node, gradient in zip(leaves, before):  # noqa: B905  # made from one another
                node._grad = gradient
            raise


def _through_hooks(hooks: list[Hook], gradient: float) -> float:
    for hook in list(hooks):
        replaced = hook(gradient)
        if replaced is not None:
            gradient = replaced if type(replaced) is float else real(replaced, "by a hook")
    if math.isnan(gradient):
        raise GradientError(
            "a gradient is nan after its hooks",
            hint="a hook given to on_gradient() should return a number, or None to see only",
        )
    return gradient


def _gradient_error(
    root: Value, leaf: Value, before: float, gradients: dict[Value, float]
) -> GradientError:
    """Names the first operation, from the root on, that made a gradient infinite or undefined."""
    hint = "the gradients grew too large: scale the inputs or take a smaller learning rate"
    for result in reversed(_parents_first([root])):
        gradient = gradients[result]
        for parent, slope in zip(result.parents, result.partials, strict=True):
            if not math.isfinite(gradient) or math.isfinite(slope * gradient):
                continue
            inputs = ", ".join([_name(p) for p in result.parents])
            made = f", made in {result.origin}," if result.origin else ""
            if not math.isfinite(slope):
                hint = "keep the input away from this point, where the derivative is not finite"
            if not made:
                hint += "; compute it under autograd.anomaly() to see which line made the node"
            return GradientError(
                f"the gradient of {_name(parent)} is {slope * gradient!r}: "
                f"{result.op.usage} at {inputs}{made} has the derivative {slope!r} there, "
                f"and the gradient of its result is {gradient!r}",
                hint=hint,
            )
    return GradientError(
        f"the gradient of {_name(leaf)} is too large for a float: {before!r} + {gradients[leaf]!r}",
        hint=hint,
    )


def _method_of(op: Operation) -> Callable[..., Any]:
    if op.arity == 1:

        def method(self: Value) -> Value:
            return _by_the_table(op, self, None)

        return method

    def method_of_two(self: Value, other: object = op.default) -> Value:
        return self._record(op, self, other)

    return method_of_two


for _op in TABLE.values():
    if not hasattr(Value, _op.name):
        set_on_type(Value, _op.name, _method_of(_op))

# What numpy calls some of them: np.arctan(array of Values) asks each for its method `arctan`.
for _numpys, _ours in {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan",
    "arctan2": "atan2", "arctanh": "atanh", "fabs": "abs", "rint": "round",
}.items():  # fmt: skip
    set_on_type(Value, _numpys, _method_of(TABLE[_ours]))

take_over(Value)
