"""How parameters move: gradient descent and its refinements, each one formula."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import autograd
from autograd import ArgumentError, ArgumentTypeError, Value
from nn.errors import TrainingError
from nn.modules import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["SGD", "Adam", "Optimizer"]


class Formula(NamedTuple):
    """An optimizer's step for programs: see `autograd.Scan`.

    `memory` names the attributes that hold a number for each parameter.
    """

    schedule: Callable[[Any], Sequence[Any]]
    rule: Callable[..., Sequence[Any]]
    memory: tuple[str, ...]


class Optimizer:
    """The base of optimizers: holds `parameters` (leaf Values) and the learning rate `lr`.

    `lr` may be changed at any time and must stay a finite number above 0. A subclass has `step()`,
    which works out all changes first and then hands them to `move`.

    Raises ArgumentError for no parameters, one listed twice, a bad rate; ArgumentTypeError for what
    are no parameters.
    """

    _lr: float
    settings: tuple[str, ...] = ("lr",)
    """The attributes that say how it works, by which it shows itself."""

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        self.parameters = _parameters(parameters)
        self.lr = lr

    @property
    def lr(self) -> float:
        """The learning rate, eta in the notes."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = _above_zero(lr, "the learning rate", such_as=0.01)

    def zero_grad(self) -> None:
        """Sets every gradient to 0, as is due before each `backward()`."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        raise NotImplementedError(f"{type(self).__name__} has no step()")

    def formula(self) -> Formula | None:
        """The step for programs; None where an optimizer has not said."""
        return None

    def move(self, changes: Sequence[float], **remembered: object) -> None:
        """Adds to each parameter its change, and sets what the optimizer remembers by name.

        All of it, or, on TrainingError or an interrupt, nothing.
        """
        before = [parameter.data for parameter in self.parameters]
        moved = [data + change for data, change in zip(before, changes, strict=True)]
        if not all(map(math.isfinite, moved)):
            raise self._not_finite(moved)
        old = {name: getattr(self, name) for name in remembered}
        try:
            for parameter, data in zip(self.parameters, moved):  # noqa: B905  # as long, and fast
                parameter.data = data
            if remembered:
                vars(self).update(remembered)
        except BaseException:
            for parameter, data in zip(self.parameters, before):  # noqa: B905
                parameter.data = data
            vars(self).update(old)
            raise

    def _not_finite(self, moved: Sequence[float]) -> TrainingError:
        at = next(at for at, data in enumerate(moved) if not math.isfinite(data))
        parameter = self.parameters[at]
        return TrainingError(
            f"the update would make {parameter.label or f'parameter {at + 1}'} {moved[at]!r}: "
            f"it is {parameter.data!r}, its gradient {parameter.grad!r}",
            hint=f"take a smaller learning rate than {self.lr:g}, or scale the inputs",
        )

    def __repr__(self) -> str:
        settings = "".join(f", {name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({counted(self.parameters)}{settings})"


class SGD(Optimizer):
    """Gradient descent: W_new = W_old - lr dL/dW_old, for all parameters at once.

    With `momentum` m, at least 0 and less than 1, each parameter keeps a velocity,
    v = m v + dL/dW, and W_new = W_old - lr v, as in PyTorch. All gradients are read before anything
    changes; an update that is not finite raises TrainingError and changes nothing.

    >>> w = Value(1.0, "w")
    >>> (w * w).backward()
    >>> SGD([w], lr=0.25).step()
    >>> w.data
    0.5
    """

    settings = ("lr", "momentum")

    def __init__(self, parameters: Iterable[Value], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = _fraction(momentum, "momentum")
        self._velocities = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        rate, momentum = self._lr, self.momentum
        if momentum == 0.0:
            self.move([-rate * parameter.grad for parameter in self.parameters])
            return
        velocities = [
            momentum * v + parameter.grad
            for v, parameter in zip(self._velocities, self.parameters, strict=True)
        ]
        self.move([-rate * v for v in velocities], _velocities=velocities)

    def formula(self) -> Formula:
        """One parameter's step as programs take it: the same arithmetic in the same order."""
        rate, momentum = self._lr, self.momentum

        # A program's gradient may be -0 where the engine's, which is added to 0, is 0: memory would
        # show it, a parameter only if it is -0 itself.

        def plain(_: Sequence[Any], p: Any, g: Any) -> list[Any]:
            return [p + -rate * g]

        def with_momentum(_: Sequence[Any], p: Any, g: Any, velocity: Any) -> list[Any]:
            velocity = momentum * velocity + (g + 0.0)
            return [p + -rate * velocity, velocity]

        if momentum == 0.0:
            return Formula(lambda t: (), plain, ())
        return Formula(lambda t: (), with_momentum, ("_velocities",))


class Adam(Optimizer):
    """Adam: each parameter moves by about `lr`, however large or small its gradients are.

    With g = dL/dW in step t: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, and
    W_new = W_old - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps). `betas` is (b1, b2), each at
    least 0 and less than 1; eps > 0 keeps the quotient finite where gradients are 0. Errors are
    those of `SGD`. Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015.

    >>> w = Value(1.0, "w")
    >>> (1000 * w).backward()
    >>> Adam([w], lr=0.25).step()
    >>> round(w, 6)
    0.75
    """

    settings = ("lr", "betas", "eps")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ArgumentError(f"betas is {betas!r}", hint="it is two numbers: (0.9, 0.999)")
        self.betas = (_fraction(betas[0], "betas[0]"), _fraction(betas[1], "betas[1]"))
        self.eps = _above_zero(eps, "eps", such_as=1e-8)
        self._steps = 0
        self._means = [0.0] * len(self.parameters)
        self._squares = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        b1, b2 = self.betas
        steps = self._steps + 1
        gradients = [parameter.grad for parameter in self.parameters]
        means = [b1 * m + (1 - b1) * g for m, g in zip(self._means, gradients, strict=True)]
        squares = [b2 * v + (1 - b2) * g * g for v, g in zip(self._squares, gradients, strict=True)]
        # The corrections 1 - b^t make up for the averages having begun at 0.
        rate, scale = self.lr / (1 - b1**steps), 1 / (1 - b2**steps)
        changes = [
            # Divided by an overflowed square nothing would move, without a word.
            -rate * m / (math.sqrt(v * scale) + self.eps) if v < math.inf else math.nan
            for m, v in zip(means, squares, strict=True)
        ]
        self.move(changes, _steps=steps, _means=means, _squares=squares)

    def formula(self) -> Formula:
        """One parameter's step as programs take it: the same arithmetic in the same order."""
        (b1, b2), rate, eps = self.betas, self._lr, self.eps

        def corrections(t: Any) -> list[Any]:
            return [rate / (1 - t.called("pow", b1)), 1 / (1 - t.called("pow", b2))]

        def rule(numbers: Sequence[Any], p: Any, g: Any, m: Any, v: Any) -> list[Any]:
            rate, scale = numbers
            g = g + 0.0
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            return [p + -rate * m / (autograd.sqrt(v * scale) + eps), m, v]

        return Formula(corrections, rule, ("_means", "_squares"))


def _parameters(parameters: Iterable[Value]) -> list[Value]:
    if (
        isinstance(parameters, Value)
        or callable(getattr(parameters, "parameters", None))
        or callable(parameters)
    ):
        raise ArgumentTypeError(
            f"an optimizer needs a list of parameters, not a {type(parameters).__name__}",
            hint="SGD(model.parameters(), lr)",
        )
    found = list(parameters)
    for number, parameter in enumerate(found, start=1):
        if not isinstance(parameter, Value):
            raise ArgumentTypeError(
                f"parameter {number} is {parameter!r} ({type(parameter).__name__})",
                hint="parameters are Values: SGD(model.parameters(), lr)",
            )
        if not parameter.is_leaf or parameter.is_constant:
            kind = "a constant" if parameter.is_constant else "the result of an operation"
            raise ArgumentError(
                f"parameter {number}, {parameter!r}, is {kind}",
                hint="only Values you made yourself, Value(0.5, 'w'), can be trained",
            )
    if not found:
        raise ArgumentError("an optimizer of no parameters", hint="SGD(model.parameters(), lr)")
    if len(set(found)) != len(found):
        raise ArgumentError(
            "an optimizer was given the same parameter twice",
            hint="it would move twice in every step; list it once",
        )
    return found


def _above_zero(number: float, what: str, *, such_as: float) -> float:
    try:
        if isinstance(number, Real) and 0.0 < float(number) < math.inf:
            return float(number)
    except OverflowError:
        pass  # a whole number of hundreds of digits is as infinite here
    raise ArgumentError(
        f"{what} is {number!r}", hint=f"it is a finite number above 0, such as {such_as:g}"
    )


def _fraction(number: float, what: str) -> float:
    if not isinstance(number, Real) or not 0.0 <= number < 1.0:
        raise ArgumentError(f"{what} is {number!r}", hint="it is at least 0 and less than 1")
    return float(number)
