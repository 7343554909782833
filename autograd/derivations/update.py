r"""One step of gradient descent written out: W_new = W_old - \eta dL/dW, in symbols and numbers."""

from __future__ import annotations

import math

from autograd.derivations.notation import Names, is_rounded, number, shown
from autograd.derivations.working import EQUAL, ROUNDED, Row, Working
from autograd.errors import ArgumentError, GraphError
from autograd.reals import real
from autograd.value import Value, _name

__all__ = ["update_rule"]


def update_rule(parameter: Value, lr: float, *, loss: str = "L", digits: int = 6) -> Working:
    r"""The update of one parameter by gradient descent, from its `data` and its `grad`.

    W_new = W_old - lr dL/dW, with `lr` > 0 the learning rate and `loss` the loss's symbol. Nothing
    is changed: call it after backward() and before the optimizer's step.

    Raises GraphError for a result or a constant, NotANumberError or ArgumentError for `lr`.

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
            f"{_name(parameter)}, is no parameter, so it is not updated",
            hint="only leaves that have a gradient are: Value(1.0, 'w')",
        )
    symbol = Names([parameter]).symbol(parameter) or "w"
    old, gradient = parameter.data, parameter.grad
    new = old - rate * gradient
    times = number(gradient, digits)
    times = f"({times})" if gradient < 0 else times
    rounded = any(is_rounded(x, digits) for x in (old, rate, gradient))
    exact = shown(old, digits) - shown(rate, digits) * shown(gradient, digits)
    rule = rf"{_marked(symbol, 'old')} - \eta \frac{{\partial {loss}}}{{\partial {symbol}}}"
    numbers = rf"{number(old, digits)} - {number(rate, digits)} \cdot {times}"
    return Working(
        _marked(symbol, "new"),
        (
            Row(EQUAL, (rule,)),
            Row(ROUNDED if rounded else EQUAL, (numbers,)),
            Row(EQUAL if exact == shown(new, digits) else ROUNDED, (number(new, digits),)),
        ),
    )


def _marked(symbol: str, word: str) -> str:
    base = f"{{{symbol}}}" if set(symbol) & set("_^'") else symbol
    return rf"{base}_{{\text{{{word}}}}}"
