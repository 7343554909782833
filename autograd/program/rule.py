"""`Rule`: how a training steps, as code: what is measured, a step's numbers, a parameter's move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.program.assembly import Assembly, numbered
from autograd.program.code import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Rule"]


class Rule:
    """How a step goes, as code: what it makes of its number and the settings, and of a parameter.

    `schedule` gives `numbers` of the `time`, the settings (`given`) and what was `measured`; `rule`
    gives what has `moved` of these (`taken`) and of a parameter, its gradient and memory (`own`);
    `measure` gives the `size` of a gradient, `slope`, by the settings (`weights`).
    """

    def __init__(
        self,
        schedule: Callable[..., Sequence[Any]],
        rule: Callable[..., Sequence[Any]],
        measure: Callable[..., Any] | None,
        memory: int,
        settings: int,
    ) -> None:
        self.settings = settings
        code = self.schedule = Code()
        self.time, *self.given = [code.leaf("input", i) for i in range(1 + settings)]
        self.measured = code.leaf("input", 1 + settings)
        known = [*self.given, *([] if measure is None else [self.measured])]
        found = schedule(code.number(self.time), *map(code.number, known))
        self.numbers = [code.place(number) for number in found]
        code = self.rule = Code()
        self.taken = [code.leaf("parameter", i) for i in range(len(self.numbers))]
        self.own = [code.leaf("input", i) for i in range(2 + memory)]
        self.moved = [
            code.place(number)
            for number in rule(list(map(code.number, self.taken)), *map(code.number, self.own))
        ]
        self.measure: Code | None = None
        if measure is not None:
            code = self.measure = Code()
            self.weights = [code.leaf("parameter", i) for i in range(settings)]
            self.slope = code.leaf("input", 0)
            self.size = code.place(
                measure(*map(code.number, self.weights), code.number(self.slope))
            )

    def assemblies(self) -> list[Assembly]:
        """The schedule, the rule and, where there is one, the measure."""
        parts = [
            (self.schedule, self.numbers, 2 + self.settings, 0),
            (self.rule, self.moved, len(self.own), len(self.taken)),
        ]
        if self.measure is not None:
            parts.append((self.measure, [self.size], 1, self.settings))
        return [
            Assembly(
                code,
                numbered(places),
                [],
                inputs=inputs,
                parameters=parameters,
                results=len(places),
            )
            for code, places, inputs, parameters in parts
        ]
