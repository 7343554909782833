r"""One step of gradient descent written out: W_new = W_old - \eta dL/dW, in symbols and numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd.derivation.names import Names, described
from autograd.derivation.working import EQUAL, ROUNDED, Row, Working
from autograd.errors import ArgumentError, GraphError
from autograd.notation import (
    Derivative,
    Negative,
    Product,
    Sum,
    Symbol,
    decimal,
    is_rounded,
    marked,
    shown,
    to_latex,
)
from autograd.reals import real

if TYPE_CHECKING:
    from autograd.value import Value


def update_rule(parameter: Value, lr: float, *, loss: str = "L", digits: int = 6) -> Working:
    r"""The update of one parameter by gradient descent, from its `data` and its `grad`.

    W_new = W_old - lr dL/dW, with `lr` > 0 the learning rate and `loss` the loss's symbol. Nothing
    is changed: call it after backward() and before the optimizer's step.

    Raises GraphError for a result or a constant, NotANumberError or ArgumentError for `lr`.

    >>> from autograd import Value
    >>> w = Value(1.0, "W_{11}^1")
    >>> w.grad = 2400
    >>> print(update_rule(w, 0.0001))
    W₁₁¹_new = W₁₁¹_old − η ∂L/∂W₁₁¹
             = 1 − 0.0001 · 2400
             = 0.76
    """
    rate = real(lr)
    if not 0.0 < rate < math.inf:
        raise ArgumentError(
            f"a learning rate of {rate!r} cannot be used",
            hint="give a positive number such as 0.01",
        )
    if parameter.parents or parameter.is_constant:
        raise GraphError(
            f"{described(parameter)}, is no parameter, so it is not updated",
            hint="only leaves that have a gradient are: Value(1.0, 'w')",
        )
    symbol = Names([parameter]).symbol(parameter) or "w"
    old, gradient = parameter.data, parameter.grad
    new = old - rate * gradient
    rounded = any(is_rounded(x, digits) for x in (old, rate, gradient))
    exact = shown(old, digits) - shown(rate, digits) * shown(gradient, digits)
    slope = Derivative(Symbol(to_latex(loss)), Symbol(symbol))
    step = Product((Symbol(r"\eta"), slope))
    number_step = Product((decimal(rate, digits), decimal(gradient, digits)))
    rule = Sum((Symbol(marked(symbol, "old")), Negative(step)))
    numbers = Sum((decimal(old, digits), Negative(number_step)))
    return Working(
        Symbol(marked(symbol, "new")),
        (
            Row(EQUAL, (rule,)),
            Row(ROUNDED if rounded else EQUAL, (numbers,)),
            Row(EQUAL if exact == shown(new, digits) else ROUNDED, (decimal(new, digits),)),
        ),
    )
