"""Formulas as one list of steps, each there once, with their derivatives as further steps.

A step is an operation on steps before it, or a leaf, or a number. So trees of any depth are worked
off in a loop, what formulas share is computed once, and a derivative, which the table's own rules
append, can be differentiated again.
"""

from __future__ import annotations

import heapq
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd.errors import ChalkgradError
from autograd.marking import balls
from autograd.notation.expr import Constant, Meaning, as_expr

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from autograd.marking.balls import Raw
    from autograd.notation.expr import At, Derivative, Expr, Symbol
    from autograd.ops import Operation

    Values = list[Raw | ChalkgradError | None]

VARIES, HAS_KINK, IS_ROUGH, IS_WIDE = 1, 2, 4, 8  # what a step is, or rests on

_KINKED: Final = frozenset(
    (ops.abs, ops.sign, ops.step, ops.floor, ops.round, ops.compare, ops.maximum, ops.minimum,
     ops.at_least, ops.at_most, ops.gate, ops.relu, ops.leaky_relu, ops.elu, ops.softsign)
)  # fmt: skip
_EXACTLY: Final[Mapping[Operation, Callable[..., Fraction]]] = {
    ops.add: lambda a, b: a + b,
    ops.sub: lambda a, b: a - b,
    ops.mul: lambda a, b: a * b,
    ops.div: lambda a, b: a / b,
    ops.neg: lambda a: -a,
    ops.abs: abs,
    ops.sign: lambda a: Fraction((a > 0) - (a < 0)),
    ops.step: lambda a: Fraction(a > 0),
}
_WIDE: Final = 100  # bits: numbers so large or small that digits beside them may be lost
_LONGEST: Final = 4000  # bits of a number that is kept exactly


@ops.operation(lambda a, b, y: b, lambda a, b, y: a, latex=r"#1 \cdot #2")
def passed(a: float, b: float) -> float:
    """A b, where a = 0 whatever b is, if a is 0: a branch not taken passes nothing on."""
    return a * b if a else 0.0


def _passed(bits: int, a: Raw, b: Raw) -> Raw:
    return balls.mul(bits, a, b) if a[0] or a[1] else balls.ZERO


def _function_of(op: Operation) -> Callable[..., Raw]:
    return _passed if op is passed else balls.function_of(op)


class Step:
    """One step of a tape, with which one calculates: `+ - * / **` and the table's operations."""

    __slots__ = ("number", "tape")

    def __init__(self, tape: Tape, number: int) -> None:
        self.tape = tape
        self.number = number

    def _record(self, op: Operation, a: Any, b: Any = None) -> Step:
        inputs = (a,) if b is None else (a, b)
        return Step(self.tape, self.tape.step(op, *map(self.tape.number_of, inputs)))

    def __add__(self, other: object) -> Any:
        return ops.add(self, other)

    def __radd__(self, other: object) -> Any:
        return ops.add(other, self)

    def __sub__(self, other: object) -> Any:
        return ops.sub(self, other)

    def __rsub__(self, other: object) -> Any:
        return ops.sub(other, self)

    def __mul__(self, other: object) -> Any:
        return ops.mul(self, other)

    def __rmul__(self, other: object) -> Any:
        return ops.mul(other, self)

    def __truediv__(self, other: object) -> Any:
        return ops.div(self, other)

    def __rtruediv__(self, other: object) -> Any:
        return ops.div(other, self)

    def __pow__(self, other: object) -> Any:
        return ops.pow(self, other)

    def __neg__(self) -> Any:
        return ops.neg(self)


class Tape:
    """The steps; `leaves` says what those are that are no operation."""

    def __init__(self) -> None:
        self.operations: list[Operation | None] = []
        self.inputs: list[tuple[int, ...]] = []
        self.flags: list[int] = []
        self.leaves: dict[int, Hashable] = {}
        self._functions: list[Callable[..., Raw] | None] = []
        self._known: dict[Hashable, int] = {}
        self._sweeps: dict[int, _Sweep] = {}

    def leaf(self, key: Hashable, *, varies: bool = True) -> int:
        """The step of a leaf, or of a number: a Fraction, or a Constant."""
        return self._add(("leaf", key), None, (), VARIES if varies else 0, key)

    def _add(
        self, key: Hashable, op: Operation | None, inputs: tuple[int, ...], flags: int,
        leaf: Hashable = None,
    ) -> int:  # fmt: skip
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.inputs)
            self.operations.append(op)
            self.inputs.append(inputs)
            self.flags.append(flags)
            self._functions.append(None if op is None else _function_of(op))
            if op is None and not inputs:
                self.leaves[number] = leaf
        return number

    def number(self, value: Fraction) -> int:
        """The step of a number."""
        size = value.numerator.bit_length() - value.denominator.bit_length()
        return self._add(("leaf", value), None, (), IS_WIDE if abs(size) > _WIDE else 0, value)

    def number_of(self, part: object) -> int:
        """The step that something in a rule is: a Step, or a number as the table's rules have it."""
        if isinstance(part, Step):
            return part.number
        known = self._known.get(("given", part))
        if known is None:
            known = self._known["given", part] = self.recorded(as_expr(part))
        return known

    def alias(self, label: str, step: int) -> int:
        """A step that is another one, by the name of a symbol."""
        return self._add(("alias", label), None, (step,), self.flags[step] | VARIES)

    def step(self, op: Operation, *inputs: int) -> int:
        """The step of an operation; numbers are worked out, and 0 and 1 left out."""
        simple = self._simplified(op, inputs)
        if simple is not None:
            return simple
        flags = HAS_KINK if op in _KINKED else 0
        if op is not passed and balls.is_own(op):
            flags = HAS_KINK | IS_ROUGH
        for number in inputs:
            flags |= self.flags[number]
        return self._add((op, inputs), op, inputs, flags)

    def _simplified(self, op: Operation, inputs: tuple[int, ...]) -> int | None:
        numbers = [self.leaves.get(i) for i in inputs]
        exact = _EXACTLY.get(op)
        if exact and all(isinstance(x, Fraction) for x in numbers):
            if op is ops.div and not numbers[1]:
                return None
            value = exact(*numbers)
            if value.numerator.bit_length() + value.denominator.bit_length() < _LONGEST:
                return self.number(value)
        if len(numbers) == 1:
            return None
        a, b = numbers
        if op is ops.mul or op is passed:
            if a == 0 or b == 1:
                return inputs[0]
            return inputs[1] if b == 0 or a == 1 else None
        if op is ops.add:
            return inputs[1] if a == 0 else inputs[0] if b == 0 else None
        if (op is ops.sub and b == 0) or (op in (ops.div, ops.pow) and b == 1):
            return inputs[0]
        return None

    def recorded(
        self,
        tree: Expr,
        symbol: Callable[[Symbol], int] | None = None,
        derivative: Callable[[Derivative | At], int] | None = None,
    ) -> int:
        """The step of a tree, with the steps that its symbols and derivatives are."""
        meaning = Meaning(
            symbol=lambda part: Step(self, symbol(part)) if symbol else None,
            number=lambda value: Step(self, self.number(value)),
            derivative=lambda part: Step(self, derivative(part)) if derivative else None,
            constant=lambda part: Step(self, self.leaf(part, varies=False)),
        )
        return self.number_of(meaning.of(tree))

    # Derivatives.

    def derivative(self, of: int, wrt: int) -> int:
        """The step of d(of)/d(wrt), whatever `wrt` itself is computed from."""
        if of not in self._sweeps:
            self._sweeps[of] = _Sweep(self, of)
        return self._sweeps[of].down_to(wrt)

    def with_replaced(self, root: int, replaced: Mapping[int, int]) -> int:
        """The step computed as `root` is, with other steps in the place of some."""
        least = min(replaced, default=root)
        new = dict(replaced)
        for number in sorted(self._under(root, lambda each: each > least)):
            inputs = self.inputs[number]
            if number not in new and any(each in new for each in inputs):
                op = self.operations[number]
                others = [new.get(each, each) for each in inputs]
                new[number] = self.step(op, *others) if op else others[0]
        return new.get(root, root)

    def _under(self, root: int, wanted: Callable[[int], bool]) -> set[int]:
        """The steps that `root` is computed from, by way of wanted ones only; itself too."""
        found = {root}
        waiting = [root]
        while waiting:
            for each in self.inputs[waiting.pop()]:
                if each not in found and wanted(each):
                    found.add(each)
                    waiting.append(each)
        return found

    # Values.

    def value(
        self, root: int, values: Values, bits: int, leaf: Callable[[Hashable], Raw | ChalkgradError]
    ) -> Raw | ChalkgradError:
        """What a step is worth, or why nothing; `values` keeps what is known so far."""
        values.extend([None] * (len(self.inputs) - len(values)))
        if values[root] is None:
            for number in sorted(self._under(root, lambda each: values[each] is None)):
                values[number] = self._worked_out(number, values, bits, leaf)
        found = values[root]
        assert found is not None  # noqa: S101  it was worked out
        return found

    def _worked_out(
        self,
        number: int,
        values: Values,
        bits: int,
        leaf: Callable[[Hashable], Raw | ChalkgradError],
    ) -> Raw | ChalkgradError | None:
        op = self.operations[number]
        given = [values[each] for each in self.inputs[number]]
        if op is None:
            return given[0] if given else self._leaf(number, bits, leaf)
        try:
            return self._functions[number](bits, *given)
        except (ArithmeticError, ValueError) as error:
            return balls.failure(op, error, given)  # type: ignore[arg-type]  # all have values
        except TypeError:
            failed = next((each for each in given if isinstance(each, ChalkgradError)), None)
            if failed is None:
                raise
            return failed

    def _leaf(
        self, number: int, bits: int, leaf: Callable[[Hashable], Raw | ChalkgradError]
    ) -> Raw | ChalkgradError:
        key = self.leaves[number]
        if isinstance(key, Fraction):
            return balls.from_fraction(bits, key)
        if isinstance(key, Constant):
            return balls.pi(bits) if key.name == "pi" else balls.exp(bits, balls.ONE)
        return leaf(key)


class _Sweep:
    """The derivatives of one step by those it is computed from, from above downwards as wanted."""

    def __init__(self, tape: Tape, of: int) -> None:
        self._tape = tape
        self._slopes = {of: tape.number(Fraction(1))}
        self._waiting = [-of]

    def down_to(self, wrt: int) -> int:
        """The step of the derivative by `wrt`; all that uses it comes after it, and before this."""
        while self._waiting and -self._waiting[0] > wrt:
            self._pass_on(-heapq.heappop(self._waiting))
        return self._slopes.get(wrt, self._tape.number(Fraction(0)))

    def _pass_on(self, number: int) -> None:
        tape = self._tape
        op, inputs = tape.operations[number], tape.inputs[number]
        arguments = [Step(tape, each) for each in (*inputs, number)]
        for which, each in enumerate(inputs):
            if not tape.flags[each] & VARIES:
                continue
            slope = self._slopes[number]
            if op is not None:
                local = tape.number_of(op.rules[which](*arguments))
                slope = tape.step(passed, slope, local)
            if each in self._slopes:
                slope = tape.step(ops.add, self._slopes[each], slope)
            else:
                heapq.heappush(self._waiting, -each)
            self._slopes[each] = slope
