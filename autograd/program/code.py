"""`Code`: a flat list of instructions in which nothing stands twice, and the numbers it is made by.

Simplified is only what leaves every bit as it is: what is known beforehand is computed, `x * 1` is
x, `x * -1` is -x, `a + -b` is a - b. `x + 0` stays, since -0 + 0 is 0.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd.errors import ArgumentError, GraphError
from autograd.program.instructions import INSTRUCTIONS, LEAVES

if TYPE_CHECKING:
    from autograd.ops import Operation

__all__ = ["Code", "Number"]

_ARITHMETIC: Final[dict[object, str]] = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.truediv: "div",
    operator.neg: "neg",
}
_SIMPLIFIED: Final = frozenset(("constant", "neg"))  # what may make an instruction another
_UNSAID: Final = (ArithmeticError, ValueError)  # what is no number is left to the run


class Code:
    """Instructions in order: `names[i]` is applied to the results of those at `arguments[i]`.

    For a leaf the one argument is the number of the input or parameter, or a constant itself.
    `asked` counts how many instructions were asked for, `names` how many there are. Where it is not
    `exact`, exp, log, tanh and sigmoid may be an ulp off.
    """

    __slots__ = ("_known", "arguments", "asked", "exact", "names")

    def __init__(self, *, exact: bool = True) -> None:
        self.exact = exact
        self.names: list[str] = []
        self.arguments: list[tuple[Any, ...]] = []
        self.asked = 0
        self._known: dict[tuple[Any, ...], int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def leaf(self, kind: str, number: float) -> int:
        """The place of an input, parameter or constant."""
        sign = math.copysign(1.0, number) if number == 0.0 and kind == "constant" else 0.0
        return self._placed(kind, (number,), (kind, number, sign))

    def emit(self, name: str, *at: int) -> int:
        """The place of an instruction's result, where there is one already that."""
        self.asked += 1
        swapped = (name == "add" or name == "mul") and at[0] > at[1]
        key: tuple[Any, ...] = (name, at[1], at[0]) if swapped else (name, *at)
        place = self._known.get(key)
        if place is not None:
            return place
        names = self.names
        for a in at:
            if names[a] in _SIMPLIFIED:
                place = self._simplified(name, at)
                if place is not None:
                    return place
                break
        if name == "select" and at[1] == at[2]:
            return at[1]
        place = self._known[key] = len(names)
        names.append(name)
        self.arguments.append(key[1:])
        return place

    def _simplified(self, name: str, at: tuple[int, ...]) -> int | None:
        """The place of what comes to the same, where an argument is a constant or negated."""
        names, arguments = self.names, self.arguments
        kinds = [names[a] for a in at]
        if "constant" in kinds:
            known = self._without_computing(name, at, kinds)
            if known is not None:
                return known
        if name == "neg" and kinds[0] == "neg":
            return arguments[at[0]][0]
        if name == "add" and kinds[1] == "neg":
            return self.emit("sub", at[0], arguments[at[1]][0])
        if name == "add" and kinds[0] == "neg":
            return self.emit("sub", at[1], arguments[at[0]][0])
        return None

    def _placed(self, name: str, arguments: tuple[Any, ...], key: tuple[Any, ...]) -> int:
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = len(self.names)
            self.names.append(name)
            self.arguments.append(arguments)
        return place

    def _without_computing(self, name: str, at: tuple[int, ...], kinds: list[str]) -> int | None:
        """The place of what an instruction with constants gives; None where it takes computing."""
        numbers = [
            self.arguments[a][0] if kind == "constant" else None
            for a, kind in zip(at, kinds, strict=True)
        ]
        if None not in numbers:
            try:
                return self.leaf("constant", INSTRUCTIONS[name].value(*numbers))
            except _UNSAID:
                return None
        if name == "select" and numbers[0] is not None:
            return at[1] if numbers[0] else at[2]
        if name == "mul" or (name == "div" and numbers[1] is not None):
            which = 0 if numbers[0] is not None else 1
            if numbers[which] == 1.0:
                return at[1 - which]
            if numbers[which] == -1.0:
                return self.emit("neg", at[1 - which])
        if name == "sub" and numbers[1] == 0.0 and math.copysign(1.0, numbers[1]) > 0.0:
            return at[0]
        return None

    def number(self, at: int) -> Number:
        """The result at a place, to compute on with."""
        return Number(self, at)

    def operation(self, op: Operation, *at: int) -> int:
        """The place of an operation's value: one instruction, or those of its native form."""
        forward = op.forward
        name = _ARITHMETIC.get(forward)
        if name is None:
            if not self.exact and op is ops.sigmoid:
                return self.emit("logistic", *at)
            if getattr(forward, "__module__", "") == "math":
                name = forward.__name__
        if name is not None and op.native is None:
            return self.emit(name, *at)
        if all(self.names[a] == "constant" for a in at):
            return self.leaf("constant", op.evaluate(*[self.arguments[a][0] for a in at]))
        try:
            return self.place((op.native or forward)(*[Number(self, a) for a in at]))
        except (GraphError, TypeError) as error:
            raise GraphError(
                f"the operation {op.usage} can be computed in Python only: {error}",
                hint="say how a program computes it: @operation(..., native=lambda x: x * exp(x)), "
                "in arithmetic, operations of the table and (a > b).choose(c, d)",
            ) from error

    def place(self, number: Any) -> int:
        """The place of a number, known or not."""
        return number.at if isinstance(number, Number) else self.leaf("constant", float(number))

    def live(self, wanted: list[int]) -> list[int]:
        """The places that the wanted ones need, in order, leaves among them."""
        used = bytearray(len(self.names))
        for at in wanted:
            used[at] = 1
        for at in range(len(self.names) - 1, -1, -1):
            if used[at] and self.names[at] not in LEAVES:
                for needed in self.arguments[at]:
                    used[needed] = 1
        return [at for at in range(len(self.names)) if used[at]]


class Number:
    """A number that is known when the program runs: what formulas of the table are given.

    >>> code = Code()
    >>> x = code.number(code.leaf("input", 0))
    >>> y = (x > 0.0).choose(x * x, 1.0) + x * x
    >>> code.names
    ['input', 'constant', 'above', 'mul', 'constant', 'select', 'add']
    """

    __slots__ = ("at", "code")

    def __init__(self, code: Code, at: int) -> None:
        self.code = code
        self.at = at

    @property
    def constant(self) -> float | None:
        """The number, where it is known beforehand."""
        return self.code.arguments[self.at][0] if self.code.names[self.at] == "constant" else None

    def call(self, name: str, *others: Any) -> Number:
        """An instruction on this number and others."""
        code = self.code
        return Number(code, code.emit(name, self.at, *[code.place(other) for other in others]))

    def called(self, name: str, first: Any) -> Number:
        """An instruction with this number as the second argument."""
        return Number(self.code, self.code.emit(name, self.code.place(first), self.at))

    def choose(self, a: Any, b: Any) -> Number:
        """A where this condition holds, else b."""
        return self.call("select", a, b)

    def equals(self, other: Any) -> Number:
        """The condition that both are the same number."""
        return self.call("equal", other)

    def _record(self, op: Operation, a: Any, b: Any = None) -> Number:
        code = self.code
        at = (code.place(a),) if b is None else (code.place(a), code.place(b))
        return Number(code, code.operation(op, *at))

    def __add__(self, other: Any) -> Number:
        return self.call("add", other)

    def __sub__(self, other: Any) -> Number:
        return self.call("sub", other)

    def __mul__(self, other: Any) -> Number:
        return self.call("mul", other)

    def __truediv__(self, other: Any) -> Number:
        return self.call("div", other)

    def __radd__(self, other: Any) -> Number:
        return self.called("add", other)

    def __rsub__(self, other: Any) -> Number:
        return self.called("sub", other)

    def __rmul__(self, other: Any) -> Number:
        return self.called("mul", other)

    def __rtruediv__(self, other: Any) -> Number:
        return self.called("div", other)

    def __neg__(self) -> Number:
        return self.call("neg")

    def __gt__(self, other: Any) -> Number:
        return self.call("above", other)

    def __lt__(self, other: Any) -> Number:
        return self.called("above", other)

    def __bool__(self) -> bool:
        raise ArgumentError("a branch on a number that is known only when the program runs")

    def __float__(self) -> float:
        raise GraphError("a function of Python's needs the number itself")
