"""How parameters begin: each initializer draws a weight from the sizes of its layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from autograd import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Initializer", "constant", "he", "uniform", "xavier"]


class Generator(Protocol):
    """What draws random numbers: `random.Random(seed)`, or the module `random` itself."""

    def uniform(self, a: float, b: float) -> float: ...
    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float: ...


@dataclass(frozen=True, repr=False)
class Initializer:
    """A rule for first values: `weight(generator, nin, nout)` draws a weight, every bias is `bias`.

    `nin` and `nout` are the numbers of inputs and of neurons of the layer. Your own rule is one
    line:

    >>> small = Initializer("small", lambda generator, nin, nout: generator.gauss(0, 0.01))
    >>> small
    small
    """

    name: str
    weight: Callable[[Generator, int, int], float]
    bias: float = 0.0

    def __repr__(self) -> str:
        return self.name


def constant(W: float = 1.0, b: float = 0.0) -> Initializer:  # noqa: N803 - the notes' symbol
    """Every weight W and every bias b, as in the notes: W = 1, b = 0.

    Neurons of one layer that begin alike get the same gradients and stay alike for ever: fit for
    following a calculation by hand, not for training anything larger.

    >>> constant(W=0.1)
    constant(W=0.1, b=0)
    """
    _need_finite("constant", W=W, b=b)
    return Initializer(f"constant(W={W:g}, b={b:g})", lambda *_: W, b)


def uniform(low: float = -1.0, high: float = 1.0) -> Initializer:
    """Weights evenly spread from `low` to `high`, biases 0: micrograd's rule, and the default.

    Raises ArgumentError unless low <= high.

    >>> uniform()
    uniform(-1, 1)
    """
    _need_finite("uniform", low=low, high=high)
    if low > high:
        raise ArgumentError(
            f"uniform() from {low:g} to {high:g}", hint="give the smaller bound first"
        )
    return Initializer(
        f"uniform({low:g}, {high:g})", lambda generator, *_: generator.uniform(low, high)
    )


def xavier() -> Initializer:
    """Weights evenly spread within +-sqrt(6 / (nin + nout)), biases 0: for tanh and sigmoid.

    Keeps the variance of signals and of gradients about the same from layer to layer.
    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010.

    >>> xavier()
    xavier
    """

    def weight(generator: Generator, nin: int, nout: int) -> float:
        bound = math.sqrt(6.0 / (nin + nout))
        return generator.uniform(-bound, bound)

    return Initializer("xavier", weight)


def he() -> Initializer:
    """Weights normally distributed with mean 0 and variance 2 / nin, biases 0: for relu.

    relu silences half of the signal, and the 2 makes up for it. Source: He and others, "Delving
    deep into rectifiers", 2015.

    >>> he()
    he
    """
    return Initializer(
        "he", lambda generator, nin, nout: generator.gauss(0.0, math.sqrt(2.0 / nin))
    )


def _need_finite(name: str, **numbers: float) -> None:
    for argument, number in numbers.items():
        if not math.isfinite(number):
            raise ArgumentError(
                f"{name}() was given {argument} = {number!r}", hint="give a finite number"
            )
