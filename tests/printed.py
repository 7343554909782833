"""A meaning for printed LaTeX that shares nothing with the engine: read here, done by mpmath."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import mpmath

from tests.expressions import reference

if TYPE_CHECKING:
    from collections.abc import Mapping

mp = mpmath.mp

FUNCTIONS = {
    r"\log": "log",
    r"\log_2": "log2",
    r"\log_{10}": "log10",
    r"\sin": "sin",
    r"\cos": "cos",
    r"\tan": "tan",
    r"\sinh": "sinh",
    r"\cosh": "cosh",
    r"\tanh": "tanh",
    r"\arcsin": "asin",
    r"\arccos": "acos",
    r"\arctan": "atan",
    r"\sec": "sec",
    r"\csc": "csc",
    r"\cot": "cot",
    r"\coth": "coth",
    r"\operatorname{arcsec}": "asec",
    r"\operatorname{arccsc}": "acsc",
    r"\operatorname{arccot}": "acot",
    r"\operatorname{arsinh}": "asinh",
    r"\operatorname{arcosh}": "acosh",
    r"\operatorname{artanh}": "atanh",
    r"\operatorname{arsech}": "asech",
    r"\operatorname{arcsch}": "acsch",
    r"\operatorname{arcoth}": "acoth",
    r"\sigma": "sigmoid",
    r"\max": "maximum",
    r"\min": "minimum",
}
CLOSING = {"(": ")", r"\left(": r"\right)", "{": "}", r"\left|": r"\right|"}
AFTER_A_PRODUCT = ("", "+", "-", ",", *CLOSING.values(), r"\rfloor", r"\rceil")


def meaning(latex: str, symbols: Mapping[str, Any] | None = None) -> Any:
    """The number a printed formula stands for, `symbols` being the numbers of its symbols."""
    return _Evaluator(latex, symbols or {}).whole()


class _Evaluator:
    def __init__(self, latex: str, symbols: Mapping[str, Any]) -> None:
        self.symbols = symbols
        names = sorted([*symbols, *FUNCTIONS], key=len, reverse=True)
        self.marks = re.findall(
            "|".join(
                [
                    *(
                        re.escape(name) + ("(?![A-Za-z])" if name[-1].isalpha() else "")
                        for name in names
                    ),
                    r"\\operatorname\{[^}]*\}",
                    r"\\left[(|]|\\right[)|]",
                    r"\{\\cdot\}",
                    r"\\[A-Za-z]+",
                    r"\d+\.?\d*",
                    r"[^\s]",
                ]
            ),
            latex,
        )
        self.at = 0

    def whole(self) -> Any:
        value = self.sum()
        assert self.peek() == "", f"{self.peek()} left over in {self.marks}"
        return value

    def peek(self) -> str:
        return self.marks[self.at] if self.at < len(self.marks) else ""

    def take(self, expected: str = "") -> str:
        mark = self.peek()
        assert mark, f"{self.marks} ends too early"
        assert not expected or mark == expected, f"{mark} where {expected} belongs"
        self.at += 1
        return mark

    def sum(self) -> Any:
        total = mp.zero
        sign = self.take() if self.peek() == "-" else "+"
        while True:
            value = self.product()
            total = total - value if sign == "-" else total + value
            if self.peek() not in ("+", "-"):
                return total
            sign = self.take()

    def product(self) -> Any:
        product = self.power()
        while self.peek() not in AFTER_A_PRODUCT:
            if self.peek() in (r"\cdot", r"{\cdot}"):
                self.take()
            product *= self.power()
        return product

    def power(self) -> Any:
        if self.peek() == "e":
            self.take()
            self.take("^")
            return mp.exp(self.group())
        base = self.atom()
        if self.peek() == "^":
            self.take()
            base = mp.power(base, self.group())
        assert self.peek() != "^", f"two exponents in {self.marks}"
        return base

    def group(self) -> Any:
        if self.peek() == "{":
            return self.enclosed()
        return mp.mpf(self.take())

    def enclosed(self) -> Any:
        closing = CLOSING[self.take()]
        value = self.sum()
        self.take(closing)
        return value

    def atom(self) -> Any:
        mark = self.peek()
        if mark in self.symbols:
            return self.symbols[self.take()]
        if mark in ("(", r"\left(", "{"):
            return self.enclosed()
        if mark == r"\left|":
            return abs(self.enclosed())
        self.take()
        if mark == r"\frac":
            return self.enclosed() / self.enclosed()
        if mark == r"\sqrt":
            return mp.sqrt(self.enclosed())
        if mark == r"\pi":
            return mp.pi
        if mark == r"\lfloor":
            value = self.sum()
            return mp.floor(value) if self.take() == r"\rfloor" else mp.nint(value)
        if mark[0].isdigit():
            return mp.mpf(mark)
        return self.call(mark)

    def call(self, mark: str) -> Any:
        name = FUNCTIONS.get(mark) or mark.removeprefix(r"\operatorname{")[:-1].replace("\\", "")
        function = reference(name)
        assert function is not None, f"{mark} in {self.marks} is no function"
        closing = CLOSING[self.take()]
        arguments = [self.sum()]
        while self.peek() == ",":
            self.take()
            arguments.append(self.sum())
        self.take(closing)
        return function(*arguments)
