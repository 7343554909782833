# cython: annotation_typing=True
"""Modes: `with` blocks in which results are made otherwise, as under `no_grad()`.

A block's mode holds in the context (contextvars) that entered it, and in those copied from it
meanwhile, until the block is left: what one thread or asyncio task does never touches another.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from autograd import uncompiled as cython

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # compiled, modes.pxd takes C's own
    _innermost = ContextVar.get

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@cython.final
@cython.cclass
class Mode:
    """What holds inside one block: what held outside it, but for what the block turns."""

    __slots__ = (
        "active", "arguments", "folded", "guards", "known", "outer", "traced", "unrecorded",
    )  # fmt: skip

    def __init__(self, outer: Mode | None) -> None:
        self.outer = outer
        self.active: bool = False
        self.unrecorded: bool = outer is not None and outer.unrecorded
        self.traced: bool = outer is not None and outer.traced
        self.folded: bool = outer is not None and outer.folded
        # Of the functions being differentiated: nodes whose dependents must stay Values.
        self.arguments: Sequence[Any] = () if outer is None else outer.arguments
        # Of a program being recorded: what it has to ask again at each row, see `within`.
        self.guards: list[Any] | None = None if outer is None else outer.guards
        # The results there are, by operation and operands: they are not computed again.
        self.known: dict[Any, Any] | None = None if outer is None else outer.known


# The modes of all blocks that anybody is in, those that make nodes otherwise, and those that fold.
# Where one is empty, as mostly, nobody need look on.
ACTIVE: Final[set[Mode]] = set()
ALTERING: Final[set[Mode]] = set()
FOLDING: Final[set[Mode]] = set()

_MODE: Final[ContextVar[Mode | None]] = ContextVar("autograd.modes", default=None)

UNRECORDED: Final = 1
TRACED: Final = 2
FOLDED: Final = 3
RECORDED: Final = 4
WATCHED: Final = 5
SHARED: Final = 6


def current_mode() -> Mode | None:
    """The mode of the innermost block that the caller's context is in, if any."""
    mode: Mode | None = _innermost(_MODE)
    while mode is not None and not mode.active:  # left by another thread
        mode = mode.outer
    return mode


@cython.final
@cython.cclass
class Block:
    """The context manager and decorator that turns on one mode."""

    __slots__ = ("arguments", "entered", "turns")

    def __init__(self, turns: int, arguments: Sequence[Any] = ()) -> None:
        self.turns = turns
        self.arguments = arguments
        self.entered: list[Mode] = []

    def __enter__(self) -> None:
        mode: Mode = Mode(current_mode())
        if self.turns == UNRECORDED:
            mode.unrecorded = True
        elif self.turns == TRACED:
            mode.traced = True
        elif self.turns == FOLDED:
            mode.folded = True
        elif self.turns == WATCHED:
            mode.unrecorded = False
            mode.guards = self.arguments  # type: ignore[assignment]  # a list, here
        elif self.turns == SHARED:
            mode.known = self.arguments  # type: ignore[assignment]  # a dict, here
        else:
            mode.unrecorded = False
            mode.arguments = (*mode.arguments, *self.arguments)
        if mode.unrecorded or mode.traced or mode.known is not None:
            ALTERING.add(mode)
        if mode.folded:
            FOLDING.add(mode)
        ACTIVE.add(mode)
        self.entered.append(mode)
        _MODE.set(mode)
        mode.active = True  # last, should an interrupt come

    def __exit__(self, *error: object) -> None:
        mode: Mode = self.entered[-1]
        _end(mode)
        self.entered.pop()
        if _innermost(_MODE) is mode:  # a generator may leave its block in another thread
            _MODE.set(mode.outer)

    def __del__(self) -> None:
        # In plain Python an interrupt may come while a block is being made, entered or left.
        for mode in getattr(self, "entered", ()):
            _end(mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, run inside such a block."""
        turns, arguments = self.turns, self.arguments

        def inside(*args: Any, **named: Any) -> Any:
            with Block(turns, arguments):
                return function(*args, **named)

        inside.__name__ = getattr(function, "__name__", inside.__name__)
        inside.__doc__ = function.__doc__
        inside.__dict__["__wrapped__"] = function
        return inside


def _end(mode: Mode) -> None:
    mode.active = False
    ACTIVE.discard(mode)
    if ALTERING:
        ALTERING.discard(mode)
    if FOLDING:
        FOLDING.discard(mode)


def no_grad() -> Block:
    """Inside the `with` block results are constants: no graph, no gradients.

    The block holds for the thread, or the asyncio task, that entered it. It decorates functions,
    too.

    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3
    >>> y.data, y.is_constant, y.parents
    (6.0, True, ())
    """
    return Block(UNRECORDED)


def anomaly() -> Block:
    """Inside the `with` block nodes remember the line that made them, for gradient errors to name.

    Errors of infinite or undefined gradients come without it too; remembering lines costs about a
    microsecond a node.

    >>> from autograd import Value
    >>> with anomaly():
    ...     y = Value(4.0) ** 0.5
    >>> y.origin != ""
    True
    """
    return Block(TRACED)


def folding() -> Block:
    """Inside the `with` block `x * 1`, `x + 0`, `x ** 1` are x: derivatives stay readable."""
    return Block(FOLDED)


def sharing(known: dict[Any, Any]) -> Block:
    """Inside the `with` block what was computed before, and stands in `known`, is that same node.

    Keys are (operation, left, right) for results, and (number, its sign) for literals.
    """
    return Block(SHARED, known)  # type: ignore[arg-type]  # a dict, here


def watching(guards: list[Any]) -> Block:
    """Inside the `with` block a program is recorded: numbers that may change are not looked at.

    What `within` answers is added to `guards`, as (value, low, high, answer).
    """
    return Block(WATCHED, guards)


def recording(arguments: Sequence[Any] = ()) -> Block:
    """Inside the `with` block graphs are recorded, even within no_grad().

    What depends on any of `arguments`, those of a function that is being differentiated, is not
    converted to a plain number, which would lose its derivative.
    """
    return Block(RECORDED, arguments)
