"""`Value`: one node of the graph, at once a number, the record of how it came, and its gradient.

This file is the hot path. It is plain Python, written so that mypyc makes plain C of it: the two
parents and the two partials of a node are four fields, not tuples, and `+ - * / neg **` and relu
fill them in place instead of asking the table.
"""

from __future__ import annotations

import math
import os
import sys
from contextlib import contextmanager
from functools import partial
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, Final, final, overload

from mypy_extensions import i64, mypyc_attr

from autograd import ops
from autograd.errors import (
    ArgumentTypeError,
    ChalkgradError,
    GradientError,
    GraphError,
)
from autograd.ops import TABLE, Operation
from autograd.reals import NEVER_NUMBERS, is_real, not_a_number, real

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Hook = Callable[[float], object]

compiled: Final = not __file__.endswith(".py")
"""Whether the engine runs compiled to native code (by mypyc) or as plain Python."""


def _no_value(*_: object) -> float:
    raise TypeError("a leaf has no operation to evaluate")


# What stands in `op` where nothing was computed: a number one may differentiate by, and one not.
LEAF: Final = Operation(_no_value, (), "leaf", "", "", "", None, "a given number")
CONSTANT: Final = Operation(_no_value, (), "constant", "", "", "", None, "a fixed number")

_BLANK: Final = object()  # in place of a number: the node is filled in by whoever makes it

_ADD: Final = ops.add
_SUB: Final = ops.sub
_MUL: Final = ops.mul
_DIV: Final = ops.div
_NEG: Final = ops.neg
_POW: Final = ops.pow
_RELU: Final = ops.relu


@final
class _Modes:
    """What a thread has switched on, each a count of the `with` blocks it is in."""

    def __init__(self, thread: int) -> None:
        self.thread = thread  # a generator may leave its block in another one
        self.unrecorded = 0  # no_grad
        self.traced = 0  # anomaly
        self.folded = 0  # literal 0 and 1 disappear while derivatives are built


@final
class _Threads:
    """The modes of each thread that has any; `special`, quick to ask, says whether one has."""

    def __init__(self) -> None:
        self.modes: dict[int, _Modes] = {}
        self.special = False
        self.lock = Lock()


_threads: Final = _Threads()


@final
@mypyc_attr(acyclic=True)
class _Notes:
    """What few nodes carry: a label, gradient hooks, the line of the user's code."""

    def __init__(self) -> None:
        self.label = ""
        self.origin = ""
        self.hooks: list[Hook] | None = None


@final
class _Backward:
    """The backward() that is running: it counts on the nodes, so there is one at a time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.thread = 0


_backward: Final = _Backward()


def _forget_other_threads() -> None:
    """In a forked process: whoever ran backward() in the old one does not run here."""
    _backward.lock = Lock()
    _backward.thread = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


@final
@mypyc_attr(acyclic=True)
class Value:
    """A number that remembers how it was computed: `Value(data, label="")`.

    Arithmetic and the operations of the table on Values make new Values; `backward()` on the last
    one computes d(it)/d(each) into `grad`. `data` is a real number (int, float, Fraction, numpy
    scalar; stored as a 64-bit float). `label` is LaTeX without dollars, the symbol in your notes.

    Raises NotANumberError (a TypeError) for anything else, DomainError for nan.

    Compiled, nodes are outside the garbage collector (a graph has no cycles), 96 bytes each; how
    they are freed stands in .build/backend.py.

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
        self._operation: Operation = LEAF
        self._left: Value | None = None
        self._right: Value | None = None
        self._dl: float = 0.0  # d(self)/d(left); on a leaf, `grad` before the current backward()
        self._dr: float = 0.0
        self._notes: _Notes | None = None
        self._edges: i64 = 0
        self._grad: float = 0.0
        self._data: float = 0.0
        if data is not _BLANK:
            self._data = _field(data, "data", self)
            if label != "":
                _set_label(self, label)

    # What a node holds.

    @property
    def data(self) -> float:
        """The number. Setting it changes neither nodes computed from it nor their partials."""
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
        return (self._dl,) if self._right is None else (self._dl, self._dr)

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

    # Arithmetic. Where nothing is out of the ordinary each makes its node without the table, and
    # the two that networks are made of do so in place: in plain Python a call costs as much.

    @overload
    def __add__(self, other: Value | float) -> Value: ...
    @overload
    def __add__(self, other: object) -> Any: ...
    def __add__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else _literal(other)
        if right is not None and not _threads.special:
            y = self._data + right._data
            if y - y == 0.0:
                out = _blank()
                out._data = y
                out._grad = 0.0
                out._operation = _ADD
                out._left = self
                out._right = right
                out._dl = 1.0
                out._dr = 1.0
                out._notes = None
                out._edges = 0
                return out
        return _recorded(_ADD, self, other)

    @overload
    def __sub__(self, other: Value | float) -> Value: ...
    @overload
    def __sub__(self, other: object) -> Any: ...
    def __sub__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else _literal(other)
        if right is not None and not _threads.special:
            y = self._data - right._data
            if y - y == 0.0:
                return _node(_SUB, y, self, right, 1.0, -1.0)
        return _recorded(_SUB, self, other)

    @overload
    def __mul__(self, other: Value | float) -> Value: ...
    @overload
    def __mul__(self, other: object) -> Any: ...
    def __mul__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else _literal(other)
        if right is not None and not _threads.special:
            a = self._data
            b = right._data
            y = a * b
            if y - y == 0.0:
                out = _blank()
                out._data = y
                out._grad = 0.0
                out._operation = _MUL
                out._left = self
                out._right = right
                out._dl = b
                out._dr = a
                out._notes = None
                out._edges = 0
                return out
        return _recorded(_MUL, self, other)

    @overload
    def __truediv__(self, other: Value | float) -> Value: ...
    @overload
    def __truediv__(self, other: object) -> Any: ...
    def __truediv__(self, other: object) -> Any:
        right = other if isinstance(other, Value) else _literal(other)
        if right is not None and not _threads.special:
            b = right._data
            if b != 0.0:
                y = self._data / b
                if y - y == 0.0:
                    return _node(_DIV, y, self, right, 1.0 / b, -y / b)
        return _recorded(_DIV, self, other)

    @overload
    def __pow__(self, other: Value | float) -> Value: ...
    @overload
    def __pow__(self, other: object) -> Any: ...
    def __pow__(self, other: object) -> Any:
        if not isinstance(other, Value):
            right = _literal(other)
            a = self._data
            if right is not None and a > 0.0 and not _threads.special:
                b = right._data
                try:
                    y = math.pow(a, b)
                    slope = b * math.pow(a, b - 1.0)
                except OverflowError:
                    return _recorded(_POW, self, other)
                if y - y == 0.0:
                    return _node(_POW, y, self, right, slope, 0.0)
        return _recorded(_POW, self, other)

    def __neg__(self) -> Value:
        if _threads.special:
            return self._record(_NEG, self)
        return _node(_NEG, -self._data, self, None, -1.0, 0.0)

    @overload
    def __radd__(self, other: Value | float) -> Value: ...
    @overload
    def __radd__(self, other: object) -> Any: ...
    def __radd__(self, other: object) -> Any:
        if type(other) is int and other == 0:
            return self  # where Python's sum() begins: adding nothing makes no node
        left = _literal(other)
        return _recorded(_ADD, self, other, reflected=True) if left is None else left + self

    @overload
    def __rsub__(self, other: Value | float) -> Value: ...
    @overload
    def __rsub__(self, other: object) -> Any: ...
    def __rsub__(self, other: object) -> Any:
        left = _literal(other)
        return _recorded(_SUB, self, other, reflected=True) if left is None else left - self

    @overload
    def __rmul__(self, other: Value | float) -> Value: ...
    @overload
    def __rmul__(self, other: object) -> Any: ...
    def __rmul__(self, other: object) -> Any:
        left = _literal(other)
        return _recorded(_MUL, self, other, reflected=True) if left is None else left * self

    @overload
    def __rtruediv__(self, other: Value | float) -> Value: ...
    @overload
    def __rtruediv__(self, other: object) -> Any: ...
    def __rtruediv__(self, other: object) -> Any:
        left = _literal(other)
        return _recorded(_DIV, self, other, reflected=True) if left is None else left / self

    @overload
    def __rpow__(self, other: Value | float) -> Value: ...
    @overload
    def __rpow__(self, other: object) -> Any: ...
    def __rpow__(self, other: object) -> Any:
        return _recorded(_POW, self, other, reflected=True)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return self._record(ops.abs, self)

    # Comparison and conversion go by the number; equality and hash by identity, as nodes need.

    def __lt__(self, other: object) -> bool:
        return self._data < _number(other) if _is_comparable(other) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._data <= _number(other) if _is_comparable(other) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self._data > _number(other) if _is_comparable(other) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self._data >= _number(other) if _is_comparable(other) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self) >> 4  # objects stand 16 bytes apart

    def __float__(self) -> float:
        return self._data

    def __int__(self) -> int:
        return int(self._data)

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._data) if digits is None else round(self._data, digits)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"

    # The graph.

    def _record(self, op: Operation, a: object, b: object = None) -> Value:
        """The node of any operation on Values and numbers, with every check and mode."""
        left = a if isinstance(a, Value) else _constant(a)
        if op is _RELU and not _threads.special:
            slope = 1.0 if left._data > 0.0 else 0.0
            return _node(_RELU, left._data if slope else 0.0, left, None, slope, 0.0)
        right = None if b is None else (b if isinstance(b, Value) else _constant(b))
        x1 = left._data
        x2 = 0.0 if right is None else right._data
        failure: type[ChalkgradError] | None = None
        y = 0.0
        try:
            y = op.evaluate(x1, x2)
        except ChalkgradError as error:
            failure = type(error)
        if failure is not None:
            names = left.label, "" if right is None else right.label
            raise op.failure(failure, x1, x2, names)
        modes = _threads.modes.get(get_ident()) if _threads.special else None
        if modes is not None and modes.unrecorded:
            return _constant(y)
        dl = 0.0 if left._operation is CONSTANT else op.partial(0, x1, x2, y)
        dr = 0.0 if right is None or right._operation is CONSTANT else op.partial(1, x1, x2, y)
        node = _node(op, y, left, right, dl, dr)
        if modes is not None and modes.traced:
            node._notes = _Notes()
            node._notes.origin = _users_line()
        return node

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
        thread = get_ident()
        if _backward.thread == thread:
            raise GraphError(
                "backward() inside a gradient hook: another backward() is running",
                hint="compute further derivatives after it, or with differentiate()",
            )
        with _backward.lock:
            _backward.thread = thread
            counted = False
            try:
                _count_edges(self)
                counted = True
                _propagate(self)
            except BaseException:
                _undo(self, counted)
                raise
            finally:
                _backward.thread = 0

    def detach(self) -> Value:
        """The same number and label as a constant, cut off from the graph."""
        constant = _constant(self._data)
        if self.label:
            constant.label = self.label
        return constant

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

    def __getattr__(self, name: str) -> Callable[..., Value]:
        # Only names that do not exist come here; for type checkers it declares the methods that
        # the table adds at the end of this file.
        raise AttributeError(_unknown_attribute(name))


def _node(op: Operation, y: float, left: Value, right: Value | None, dl: float, dr: float) -> Value:
    node = _blank()
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


def _blank() -> Value:
    return Value(_BLANK)


def _constant(data: object) -> Value:
    """A leaf that never receives a gradient."""
    constant = Value(data)
    constant._operation = CONSTANT
    return constant


_WHOLE: Final = 1 << 62  # any larger int takes the closer look: it may exceed the floats


def _literal(other: object) -> Value | None:
    """A number met in arithmetic as a constant; None where it takes a closer look."""
    if (
        isinstance(other, float) or (isinstance(other, int) and -_WHOLE < other < _WHOLE)
    ) and not _threads.special:
        constant = _blank()
        constant._data = float(other)
        constant._grad = 0.0
        constant._operation = CONSTANT
        constant._left = None
        constant._right = None
        constant._dl = 0.0
        constant._dr = 0.0
        constant._notes = None
        constant._edges = 0
        return constant
    return None


def _recorded(op: Operation, value: Value, other: object, *, reflected: bool = False) -> Any:
    """`value op other`, or `other op value` where reflected, with every check and mode."""
    if not isinstance(other, Value) and not is_real(other):
        if isinstance(other, NEVER_NUMBERS):
            raise not_a_number(other, f"in {op.name} with {_name(value)}")
        return NotImplemented  # a numpy array, say, which knows what to do with a Value
    if _threads.special and not isinstance(other, Value):
        modes = _threads.modes.get(get_ident())
        if modes is not None and modes.folded:
            folded = _fold(op, value, real(other), reflected)
            if folded is not None:
                return folded
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


def _is_comparable(other: object) -> bool:
    """Whether to compare with it here; a numpy array, say, knows itself how to."""
    return isinstance(other, Value) or is_real(other) or isinstance(other, NEVER_NUMBERS)


def _number(other: object) -> float:
    return other._data if isinstance(other, Value) else real(other, "to compare with a Value")


def _set_label(value: Value, label: object) -> None:
    if not isinstance(label, str):
        raise ArgumentTypeError(
            f"a label must be text, not {type(label).__name__}",
            hint="labels are LaTeX without dollars, such as 'x' or r'W_{11}^2'",
        )
    if value._notes is None:
        value._notes = _Notes()
    value._notes.label = label


def _field(number: object, field: str, value: Value) -> float:
    return real(number, f"as {field} of {value.label}" if value.label else f"as {field}")


def _name(value: Value) -> str:
    """What to call a node in a message: its label, or what it is, and its number."""
    if value.label:
        return f"{value.label} = {value._data!r}"
    kind = value._operation.name
    return f"{'a' if value._left is None else 'the result of'} {kind}, {value._data!r}"


def _unknown_attribute(name: str) -> str:
    if name.startswith("__"):  # Python and numpy probe for these
        return name
    import difflib  # noqa: PLC0415  # slow to import, and needed on the way to an error only

    near = difflib.get_close_matches(name, [*TABLE, *(n for n in dir(Value) if n[0] != "_")], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "operations are methods: v.tanh(), v.log()"
    return f"a Value has no attribute {name!r}\nhint: {hint}"


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
    seen: set[Value] = set()
    order: list[Value] = []
    path: list[Value] = []  # the results that wait for their parents
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        path.append(root)
        while path:
            node = path[-1]
            parent = node._left
            if parent is None or parent in seen:
                parent = node._right
            if parent is None or parent in seen:
                order.append(path.pop())
            else:
                seen.add(parent)
                path.append(parent)
    return order


def _count_edges(root: Value) -> None:
    """Writes on each node under `root` how many edges lead to it, and makes gradients ready.

    A leaf's gradient is put aside: what this backward() adds is summed by itself, so that a second
    one doubles it exactly.
    """
    root._edges = 1
    if root._left is None:
        root._dl = root._grad
    found: list[Value] = []  # their parents are still to be counted, as are those of `node`
    node: Value | None = root
    while node is not None:
        following: Value | None = None
        parent = node._left
        if parent is not None:
            node._grad = 0.0
            edges = parent._edges
            parent._edges = edges + 1
            if edges == 0:
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
    root._grad = 1.0


def _propagate(root: Value) -> None:
    """The chain rule: a node passes its gradient on once all edges to it have brought theirs."""
    root._edges = 0
    ready: list[Value] = []  # as is `node`
    node: Value | None = root
    while node is not None:
        following: Value | None = None
        if node._notes is not None and node._notes.hooks is not None:
            node._grad = _through_hooks(node._notes.hooks, node._grad)
        gradient = node._grad
        left = node._left
        if left is None:
            # What is infinite or undefined anywhere arrives as such at a leaf.
            if node._operation is CONSTANT:
                node._grad = 0.0
            else:
                total = node._dl + gradient  # last, so that a second backward() doubles it exactly
                if total - total != 0.0:
                    raise _gradient_error(node, root)
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


def _undo(root: Value, counted: bool) -> None:
    """After an error: the gradients of leaves as they were before, those of results 0."""
    for node in _parents_first([root]):
        if node._left is not None:
            node._grad = 0.0
        elif counted or node._edges > 0:
            node._grad = node._dl
        node._edges = 0


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


def _gradient_error(leaf: Value, root: Value) -> GradientError:
    """Names the first operation, from the root on, that made a gradient infinite or undefined."""
    hint = "the gradients grew too large: scale the inputs or take a smaller learning rate"
    for result in reversed(_parents_first([root])):
        for parent, slope in zip(result.parents, result.partials, strict=True):
            if not math.isfinite(result._grad) or math.isfinite(slope * result._grad):
                continue
            inputs = ", ".join(_name(p) for p in result.parents)
            made = f", made in {result.origin}," if result.origin else ""
            if not math.isfinite(slope):
                hint = "keep the input away from this point, where the derivative is not finite"
            if not made:
                hint += "; compute it under autograd.anomaly() to see which line made the node"
            return GradientError(
                f"the gradient of {_name(parent)} is {slope * result._grad!r}: "
                f"{result._operation.usage} at {inputs}{made} has the derivative {slope!r} there, "
                f"and the gradient of its result is {result._grad!r}",
                hint=hint,
            )
    return GradientError(
        f"the gradient of {_name(leaf)} is too large for a float: {leaf._dl!r} + {leaf._grad!r}",
        hint=hint,
    )


def _enter_modes() -> _Modes:
    with _threads.lock:
        _threads.special = True
        thread = get_ident()
        return _threads.modes.setdefault(thread, _Modes(thread))


def _leave_modes(modes: _Modes) -> None:
    with _threads.lock:
        if modes.unrecorded or modes.traced or modes.folded:
            _threads.modes[modes.thread] = modes
        else:
            _threads.modes.pop(modes.thread, None)
        _threads.special = bool(_threads.modes)


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside the `with` block (in this thread) results are constants: no graph, no gradients.

    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3
    >>> y.data, y.is_constant, y.parents
    (6.0, True, ())
    """
    modes = _enter_modes()
    modes.unrecorded += 1
    try:
        yield
    finally:
        modes.unrecorded -= 1
        _leave_modes(modes)


@contextmanager
def anomaly() -> Iterator[None]:
    """Inside the `with` block nodes remember the line that made them, for gradient errors to name.

    Errors of infinite or undefined gradients come without it too; remembering lines costs about a
    microsecond a node.

    >>> with anomaly():
    ...     y = Value(4.0) ** 0.5
    >>> y.origin != ""
    True
    """
    modes = _enter_modes()
    modes.traced += 1
    try:
        yield
    finally:
        modes.traced -= 1
        _leave_modes(modes)


@contextmanager
def _recording() -> Iterator[None]:
    """Inside the `with` block graphs are recorded, even within no_grad()."""
    modes = _enter_modes()
    unrecorded, modes.unrecorded = modes.unrecorded, 0
    try:
        yield
    finally:
        modes.unrecorded = unrecorded
        _leave_modes(modes)  # which puts them back, if what ran meanwhile found no mode on


@contextmanager
def _folding() -> Iterator[None]:
    """Inside the `with` block `x * 1`, `x + 0`, `x ** 1` are x: derivatives stay readable."""
    modes = _enter_modes()
    modes.folded += 1
    try:
        yield
    finally:
        modes.folded -= 1
        _leave_modes(modes)


def _method_of(op: Operation) -> Callable[..., Any]:
    if op.arity == 1:

        def method(self: Value) -> Value:
            return self._record(op, self)

        return method

    def method_of_two(self: Value, other: object = op.default) -> Value:
        return self._record(op, self, other)

    return method_of_two


for _op in TABLE.values():
    setattr(Value, _op.name, _method_of(_op))

if not compiled:
    # A blank node without a call of __init__: in plain Python that is a fifth of a node's cost.
    globals()["_blank"] = partial(object.__new__, Value)
