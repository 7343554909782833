"""Formulas as one list of steps, each there once, with their derivatives as further steps.

A step is an operation on steps before it, a number or a leaf. So trees of any depth are worked off
in a loop, what formulas share is computed once, and a derivative, which is recorded by the table's
own rules, can be differentiated again.
"""

from __future__ import annotations

import heapq
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from flint import arb, fmpq

from autograd import ops
from autograd.errors import ChalkgradError, RangeError
from autograd.marking import balls
from autograd.notation import Constant, Meaning, as_expr

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from autograd.marking.balls import Ball
    from autograd.notation import At, Derivative, Expr, Symbol
    from autograd.ops import Operation

    Worth = Ball | ChalkgradError  # a number, or why there is none

VARIES, HAS_KINK, IS_ROUGH, IS_WIDE = 1, 2, 4, 8  # flags of what a step is, or rests on

_ROOTS: Final = frozenset((ops.sqrt, ops.hypot, ops.log, ops.log2, ops.log10, ops.log1p))
KINKED: Final = frozenset(
    (ops.abs, ops.sign, ops.step, ops.floor, ops.round, ops.compare, ops.maximum, ops.minimum,
     ops.at_least, ops.at_most, ops.gate, ops.relu, ops.leaky_relu, ops.elu, ops.softsign)
)  # fmt: skip


@ops.operation(lambda a, b, y: b, lambda a, b, y: a, latex=r"#1 \cdot #2")
def passed(a: float, b: float) -> float:
    """A b, and 0 whatever b is where a is 0: a branch not taken passes nothing on."""
    return a * b if a else 0.0


def _function_of(op: Operation | None) -> Callable[..., Ball]:
    if op is passed:
        return lambda a, b: balls.ZERO if a == 0 else a * b
    return balls.function_of(op) if op else lambda worth: worth


def _both_ways(op: Operation) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def straight(a: Any, b: Any) -> Any:
        return op(a, b)

    return straight, lambda a, b: op(b, a)


def _is_branched(op: Operation, given: list[Hashable]) -> bool:
    """Whether a root or a logarithm may hide a sign: sqrt(x^2) is x for positive x only."""
    exponent = given[-1]
    is_whole = isinstance(exponent, fmpq) and exponent.q == 1
    return op in _ROOTS or (op is ops.pow and not is_whole)


class Step:
    """A step of a tape to calculate with: the table's operations, and so its rules, work on it."""

    __slots__ = ("number", "tape")

    def __init__(self, tape: Tape, number: int) -> None:
        self.tape = tape
        self.number = number

    def _record(self, op: Operation, *inputs: Any) -> Step:
        return Step(self.tape, self.tape.step(op, *map(self.tape.number_of, inputs)))

    __add__, __radd__ = _both_ways(ops.add)
    __sub__, __rsub__ = _both_ways(ops.sub)
    __mul__, __rmul__ = _both_ways(ops.mul)
    __truediv__, __rtruediv__ = _both_ways(ops.div)
    __pow__, __rpow__ = _both_ways(ops.pow)

    def __neg__(self) -> Any:
        return ops.neg(self)


class Tape:
    """The steps by number; `leaves` says what those are that come from no others."""

    def __init__(self) -> None:
        self.operations: list[Operation | None] = []
        self.inputs: list[tuple[int, ...]] = []
        self.flags: list[int] = []
        self.leaves: dict[int, Hashable] = {}
        self._functions: list[Callable[..., Ball]] = []
        self._known: dict[Hashable, int] = {}
        self._sweeps: dict[int, _Sweep] = {}

    def _add(self, key: Hashable, op: Operation | None, inputs: tuple[int, ...], flags: int) -> int:
        number = self._known.get((op, key))
        if number is None:
            number = self._known[op, key] = len(self.inputs)
            self.operations.append(op)
            self.inputs.append(inputs)
            self.flags.append(flags)
            self._functions.append(_function_of(op))
            if not inputs:
                self.leaves[number] = key
        return number

    def leaf(self, key: Hashable) -> int:
        """The step of something that has a number at each point."""
        return self._add(key, None, (), VARIES)

    def number(self, value: fmpq | Constant) -> int:
        """The step of a number."""
        is_wide = isinstance(value, fmpq) and balls.is_wide(value)
        return self._add(value, None, (), IS_WIDE if is_wide else 0)

    def number_of(self, part: Any) -> int:
        """The step that is meant in a rule: a Step, or a number such as 0.5."""
        if isinstance(part, Step):
            return part.number
        known = self._known.get(("in a rule", part))
        if known is None:
            known = self._known["in a rule", part] = self.recorded(as_expr(part))
        return known

    def alias(self, label: str, step: int) -> int:
        """A step of its own for a symbol that is another step."""
        return self._add((label, "alias"), None, (step,), self.flags[step] | VARIES)

    def step(self, op: Operation, *inputs: int) -> int:
        """The step of an operation; what is done with numbers, with 0 and with 1 is folded."""
        if (op, inputs) in self._known:
            return self._known[op, inputs]
        given = [self.leaves.get(each) for each in inputs]
        if any(isinstance(each, fmpq) for each in given):
            folded = self._folded(op, inputs, given)
            if folded is not None:
                return folded
        flags = HAS_KINK if op in KINKED or _is_branched(op, given) else 0
        if op is not passed and balls.is_own(op):
            flags = HAS_KINK | IS_ROUGH
        for each in inputs:
            flags |= self.flags[each]
        number = self._add(inputs, op, inputs, flags)
        if not flags & VARIES:  # a constant, such as e^{-300}
            worth = self.worth(number, [], balls.BITS, lambda leaf: RangeError(f"{leaf}"))
            if not isinstance(worth, ChalkgradError) and balls.is_wide(worth):
                self.flags[number] |= IS_WIDE
        return number

    def _folded(self, op: Operation, inputs: tuple[int, ...], numbers: list[Any]) -> int | None:
        """The step of what is done with some numbers, where that is a number or an input."""
        if all(isinstance(each, fmpq) for each in numbers):
            with suppress(ArithmeticError, ValueError):
                value = balls.settled(_function_of(op)(*numbers))
                if isinstance(value, fmpq):
                    return self.number(value)
        if op is ops.gate and isinstance(numbers[0], fmpq):
            return inputs[1] if numbers[0] > 0 else self.number(balls.ZERO)
        if op is ops.add and 0 in numbers:
            return inputs[1 - numbers.index(0)]
        if op is ops.mul or op is passed:
            if 0 in numbers:
                return inputs[numbers.index(0)]
            return inputs[1 - numbers.index(1)] if 1 in numbers else None
        if (op is ops.sub and numbers[1] == 0) or (op in (ops.div, ops.pow) and numbers[1] == 1):
            return inputs[0]
        return None

    def recorded(
        self,
        tree: Expr,
        symbol: Callable[[Symbol], int] | None = None,
        derivative: Callable[[Derivative | At], int] | None = None,
    ) -> int:
        """The step of a tree, given those of its symbols and derivatives."""
        meaning = Meaning(
            symbol=lambda part: Step(self, symbol(part)) if symbol else None,
            number=lambda value: Step(self, self.number(balls.from_fraction(value))),
            derivative=lambda part: Step(self, derivative(part)) if derivative else None,
            constant=lambda part: Step(self, self.number(part)),
        )
        return self.number_of(meaning.of(tree))

    def derivative(self, of: int, wrt: int) -> int:
        """The step of d(of)/d(wrt), whatever `wrt` itself is computed from."""
        if of not in self._sweeps:
            self._sweeps[of] = _Sweep(self, of)
        return self._sweeps[of].down_to(wrt)

    def with_replaced(self, root: int, new: Mapping[int, int]) -> int:
        """The step computed as `root` is, with other steps in the place of some."""
        new, least = dict(new), min(new, default=root)
        for number in sorted(self.under(root, lambda each: each > least)):
            inputs = tuple(new.get(each, each) for each in self.inputs[number])
            if number not in new and inputs != self.inputs[number]:
                op = self.operations[number]
                new[number] = self.step(op, *inputs) if op else inputs[0]
        return new.get(root, root)

    def under(self, root: int, wanted: Callable[[int], bool] = lambda _: True) -> set[int]:
        """The steps that `root` is computed from, by way of wanted ones only; itself too."""
        found = {root}
        waiting = [root]
        while waiting:
            for each in self.inputs[waiting.pop()]:
                if each not in found and wanted(each):
                    found.add(each)
                    waiting.append(each)
        return found

    def worth(
        self, root: int, known: list[Any], bits: int, leaf: Callable[[Hashable], Worth]
    ) -> Worth:
        """What a step is worth; `known` keeps what steps are worth, `leaf` is asked for leaves."""
        known.extend([None] * (len(self.inputs) - len(known)))
        if known[root] is None:
            waiting = sorted(self.under(root, lambda each: known[each] is None))
            with balls.precision(bits):
                for number in waiting:
                    given = [known[each] for each in self.inputs[number]]
                    try:
                        y: Any = (
                            self._functions[number](*given)
                            if given
                            else self._leaf(self.leaves[number], leaf)
                        )
                        known[number] = balls.settled(y)
                    except (ArithmeticError, ValueError, TypeError, AttributeError) as error:
                        known[number] = self._why_not(number, given, error)
        # Others may go through it, and come back; by itself it is none.
        return RangeError("a number far out of range") if balls.is_far(known[root]) else known[root]

    def _why_not(self, number: int, given: list[Any], error: Exception) -> ChalkgradError:
        """Why a step has no worth: because an input has none, or by what the operation needs."""
        for each in given:
            if isinstance(each, ChalkgradError):
                return each
        op = self.operations[number]
        if isinstance(error, TypeError | AttributeError) or op is None:
            raise error
        return balls.failure(op, error, given)

    @staticmethod
    def _leaf(key: Hashable, leaf: Callable[[Hashable], Worth]) -> Worth:
        if isinstance(key, Constant):
            return arb.pi() if key.name == "pi" else arb.const_e()
        return key if isinstance(key, fmpq) else leaf(key)


class _Sweep:
    """The derivatives of one step by those it is computed from, from above downwards as wanted."""

    def __init__(self, tape: Tape, of: int) -> None:
        self._tape = tape
        self._slopes = {of: tape.number(fmpq(1))}
        self._waiting = [-of]

    def down_to(self, wrt: int) -> int:
        """The step of the derivative by `wrt`, once all is passed on that comes after that."""
        while self._waiting and -self._waiting[0] > wrt:
            self._pass_on(-heapq.heappop(self._waiting))
        return self._slopes.get(wrt, self._tape.number(balls.ZERO))

    def _pass_on(self, number: int) -> None:
        tape = self._tape
        op, inputs = tape.operations[number], tape.inputs[number]
        arguments = [Step(tape, each) for each in (*inputs, number)]
        for which, each in enumerate(inputs):
            if not tape.flags[each] & VARIES:
                continue
            slope = self._slopes[number]
            partial = 1.0 if op is None else op.rules[which](*arguments)
            if partial != 1.0:
                slope = tape.step(passed, slope, tape.number_of(partial))
            if each in self._slopes:
                slope = tape.step(ops.add, self._slopes[each], slope)
            else:
                heapq.heappush(self._waiting, -each)
            self._slopes[each] = slope
