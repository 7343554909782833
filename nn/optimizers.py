"""How parameters move: gradient descent and its refinements, each one formula."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import autograd
from autograd import ArgumentError, ArgumentTypeError, RangeError, Value
from nn.errors import TrainingError
from nn.modules import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Adagrad", "Adam", "AdamW", "Optimizer", "RMSProp", "SGD"]


class Formula(NamedTuple):
    """An optimizer's step for programs: see `autograd.Scan`.

    `settings` are the numbers that its schedule takes, by what they are: one that has others
    computes something else. `memory` names the attributes that hold a number for each parameter.
    """

    settings: dict[str, float]
    schedule: Callable[..., Sequence[Any]]
    rule: Callable[..., Sequence[Any]]
    measure: Callable[..., Any] | None
    memory: tuple[str, ...]


class Optimizer:
    """The base of optimizers: holds `parameters` (leaf Values) and the learning rate `lr`.

    `lr` may be changed at any time and must stay a finite number above 0. With `clip_value` c a
    step takes each gradient no further from 0 than c, with `clip_norm` c all of them by
    min(1, c / (|g| + 1e-6)), |g| being the root of the sum of their squares: as PyTorch's
    clip_grad_value_ and clip_grad_norm_ do, but leaving the parameters' own `grad` as it is. A
    subclass has `step()`, which works out all changes first and then hands them to `move`.

    Raises ArgumentError for no parameters, one listed twice, a bad rate or bad limits;
    ArgumentTypeError for what are no parameters.

    >>> w = Value(1.0, "w")
    >>> (100 * w).backward()
    >>> SGD([w], lr=0.25, clip_value=2).step()
    >>> w.data, w.grad
    (0.5, 100.0)
    """

    _lr: float
    settings: tuple[str, ...] = ("lr",)
    """The attributes that say how it works, by which it shows itself."""
    options: tuple[str, ...] = ("clip_value", "clip_norm")
    """Those that are shown only where they are in use."""
    memory: tuple[str, ...] = ()
    """The attributes it remembers from step to step: a count, and lists of a number for each."""

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.parameters = _parameters(parameters)
        self.lr = lr
        self.initial_lr = self._lr
        self.clip_value, self.clip_norm = (
            None if limit is None else _above_zero(limit, name, such_as=1.0)
            for name, limit in (("clip_value", clip_value), ("clip_norm", clip_norm))
        )

    @property
    def lr(self) -> float:
        """The learning rate, eta in the notes; `initial_lr` is the one it was made with."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = _above_zero(lr, "the learning rate", such_as=0.01)

    def scheduled(self, rate: float) -> None:
        """Sets the rate as a schedule says: finite, and at its end perhaps 0."""
        self._lr = _not_negative(rate, "the learning rate")

    def zero_grad(self) -> None:
        """Sets every gradient to 0, as is due before each `backward()`."""
        autograd.zero_grad(self.parameters)

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        raise NotImplementedError(f"{type(self).__name__} has no step()")

    def formula(self) -> Formula | None:
        """The step for programs; None where an optimizer has not said."""
        return None

    def _slopes(self, weight_decay: float = 0.0) -> list[float]:
        """Each parameter's gradient as a step takes it: clipped, and weight_decay times W more."""
        found = [parameter.grad for parameter in self.parameters]
        if self.clip_value is not None:
            low, high = -self.clip_value, self.clip_value
            found = [min(max(g, low), high) for g in found]
        if self.clip_norm is not None:
            (square,) = autograd.added_in_order([[g * g] for g in found], 1)
            # Squares of what is large are infinite; hypot scales them first.
            norm = math.sqrt(square) if square < math.inf else math.hypot(*found)
            factor = min(1.0, self.clip_norm / (norm + 1e-6)) if norm < math.inf else math.nan
            found = [g * factor for g in found]
        if weight_decay:
            found = [
                g + weight_decay * parameter.data
                for g, parameter in zip(found, self.parameters, strict=True)
            ]
        return found

    def _compiled(
        self,
        schedule: Callable[..., Sequence[Any]],
        rule: Callable[..., Sequence[Any]],
        memory: tuple[str, ...] = (),
        weight_decay: float = 0.0,
        **settings: float,
    ) -> Formula:
        """The formula of a step: what `_slopes` does with a gradient, then the rule.

        `schedule(t, **settings)` gives the numbers that `rule(numbers, p, slope, *memory)` takes.
        """
        own = {
            "lr": self._lr,
            **settings,
            **({} if self.clip_value is None else {"clip_value": self.clip_value}),
            **({} if self.clip_norm is None else {"clip_norm": self.clip_norm}),
            **({"weight_decay": weight_decay} if weight_decay else {}),
        }
        names, decays = tuple(own), bool(weight_decay)
        by_value, by_norm = self.clip_value is not None, self.clip_norm is not None

        def clipped(g: Any, limit: Any) -> Any:
            return autograd.at_most(autograd.at_least(g, -limit), limit)

        def measure(*given: Any) -> Any:
            *numbers, g = given
            limit = dict(zip(names, numbers, strict=True)).get("clip_value")
            found = g if limit is None else clipped(g, limit)
            return found * found

        def begin(t: Any, *given: Any) -> list[Any]:
            numbers = dict(zip(names, given, strict=False))
            mine = [numbers[name] for name in ("clip_value", "weight_decay") if name in numbers]
            if by_norm:
                norm = autograd.sqrt(given[-1])
                mine.append(autograd.at_most(numbers["clip_norm"] / (norm + 1e-6), 1.0))
            return [*mine, *schedule(t, **{name: numbers[name] for name in ("lr", *settings)})]

        def move(numbers: Sequence[Any], p: Any, g: Any, *memory: Any) -> Sequence[Any]:
            left = list(numbers)
            # A program's gradient may be -0 where the engine's, which is added to 0, is 0: memory
            # would show it, a parameter only if it is -0 itself.
            slope = g + 0.0 if memory else g
            if by_value:
                slope = clipped(slope, left.pop(0))
            decay = left.pop(0) if decays else None
            if by_norm:
                slope = slope * left.pop(0)
            if decay is not None:
                slope = slope + decay * p
            return rule(left, p, slope, *memory)

        return Formula(own, begin, move, measure if by_norm else None, memory)

    def description(self) -> dict[str, Any]:
        """What it was made with, as plain data: its kind, first rate and settings."""
        names = [name for name in (*self.settings, *self.options) if name != "lr"]
        made_with = {name: getattr(self, name) for name in names}
        return {"kind": type(self).__name__, "lr": self.initial_lr, **made_with}

    def state_dict(self) -> dict[str, Any]:
        """What it remembers and its rate, as plain data: with it training goes on to the last bit.

        >>> w = Value(1.0, "w")
        >>> SGD([w], 0.1, momentum=0.9).state_dict()
        {'lr': 0.1, 'velocities': [0.0]}
        """
        held = {name: getattr(self, name) for name in self.memory}
        copies = {k[1:]: list(x) if isinstance(x, list) else x for k, x in held.items()}
        return {"lr": self._lr, **copies}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state_dict()` gave.

        Raises ArgumentError, changing nothing, where it is that of another kind of optimizer, or of
        one for another number of parameters.
        """
        names = ["lr", *(name[1:] for name in self.memory)]
        if sorted(state) != sorted(names):
            raise ArgumentError(
                f"the state does not fit {type(self).__name__}: it has {', '.join(state)}",
                hint=f"its own has {', '.join(names)}",
            )
        lr = _not_negative(state["lr"], "the learning rate")
        taken: dict[str, Any] = {"_lr": lr}
        for name in self.memory:
            given, own = state[name[1:]], getattr(self, name)
            if isinstance(own, list):
                numbers = list(given) if isinstance(given, (list, tuple)) else []
                if len(numbers) != len(own) or not all(map(_is_finite, numbers)):
                    raise ArgumentError(
                        f"{name[1:]} in the state is not {counted(own, 'finite number')}",
                        hint="it holds one for each parameter",
                    )
                taken[name] = list(map(float, numbers))
            elif isinstance(given, int) and given >= 0:
                taken[name] = given
            else:
                raise ArgumentError(
                    f"{name[1:]} in the state is {given!r}", hint="it counts steps: 0 or more"
                )
        vars(self).update(taken)

    def move(self, changes: list[float], **remembered: object) -> None:
        """Adds to each parameter its change, and sets what the optimizer remembers by name.

        All of it, or, on TrainingError or an interrupt, nothing.
        """
        try:
            if not remembered:
                autograd.move(self.parameters, changes)
                return
            before = [parameter.data for parameter in self.parameters]
            old = {name: getattr(self, name) for name in remembered}
            try:
                autograd.move(self.parameters, changes)
                vars(self).update(remembered)
            except BaseException:
                for parameter, data in zip(self.parameters, before, strict=True):
                    parameter.data = data
                vars(self).update(old)
                raise
        except RangeError:
            raise self._not_finite(changes) from None

    def _not_finite(self, changes: Sequence[float]) -> TrainingError:
        moved = [p.data + change for p, change in zip(self.parameters, changes, strict=True)]
        at = next(at for at, data in enumerate(moved) if not math.isfinite(data))
        parameter = self.parameters[at]
        return TrainingError(
            f"the update would make {parameter.label or f'parameter {at + 1}'} {moved[at]!r}: "
            f"it is {parameter.data!r}, its gradient {parameter.grad!r}",
            hint=f"take a smaller learning rate than {self.lr:g}, or scale the inputs",
        )

    def __repr__(self) -> str:
        shown = [*self.settings, *(name for name in self.options if getattr(self, name))]
        settings = "".join(f", {name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__name__}({counted(self.parameters)}{settings})"


class SGD(Optimizer):
    """Gradient descent: W_new = W_old - lr dL/dW_old, for all parameters at once.

    With `momentum` m, at least 0 and less than 1, each parameter keeps a velocity,
    v = m v + dL/dW, and W_new = W_old - lr v, as in PyTorch; with `nesterov` it is
    W_new = W_old - lr (dL/dW + m v). `weight_decay` d, 0 or more, takes dL/dW + d W for dL/dW.
    All gradients are read before anything changes; an update that is not finite raises
    TrainingError and changes nothing. Raises ArgumentError for settings out of range and for
    `nesterov` without momentum, and as `Optimizer`.
    Source: Sutskever and others, "On the importance of initialization and momentum", 2013.

    >>> w = Value(1.0, "w")
    >>> (w * w).backward()
    >>> SGD([w], lr=0.25).step()
    >>> w.data
    0.5
    """

    settings = ("lr", "momentum")
    options = ("nesterov", "weight_decay", "clip_value", "clip_norm")
    memory = ("_velocities",)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        self.momentum = _fraction(momentum, "momentum")
        self.nesterov = bool(nesterov)
        if self.nesterov and not self.momentum:
            raise ArgumentError("nesterov without momentum", hint="SGD(..., momentum=0.9)")
        self.weight_decay = _not_negative(weight_decay, "weight_decay")
        self._velocities = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        rate, momentum = self._lr, self.momentum
        if not (momentum or self.weight_decay or self.clip_value or self.clip_norm):
            try:
                autograd.descend(self.parameters, rate)
            except RangeError:
                raise self._not_finite([-rate * p.grad for p in self.parameters]) from None
            return
        gradients = self._slopes(self.weight_decay)
        if momentum == 0.0:
            self.move([-rate * g for g in gradients])
            return
        velocities = [momentum * v + g for v, g in zip(self._velocities, gradients, strict=True)]
        if self.nesterov:
            changes = [
                -rate * (g + momentum * v) for v, g in zip(velocities, gradients, strict=True)
            ]
        else:
            changes = [-rate * v for v in velocities]
        self.move(changes, _velocities=velocities)

    def formula(self) -> Formula:
        """One parameter's step as programs take it: the same arithmetic in the same order."""
        nesterov = self.nesterov

        def plain(numbers: Sequence[Any], p: Any, g: Any) -> list[Any]:
            (rate,) = numbers
            return [p + -rate * g]

        def with_momentum(numbers: Sequence[Any], p: Any, g: Any, velocity: Any) -> list[Any]:
            rate, momentum = numbers
            velocity = momentum * velocity + g
            return [p + -rate * (g + momentum * velocity if nesterov else velocity), velocity]

        decay = self.weight_decay
        if self.momentum == 0.0:
            return self._compiled(lambda t, lr: [lr], plain, weight_decay=decay)
        named = {"momentum of Nesterov" if nesterov else "momentum": self.momentum}
        return self._compiled(
            lambda t, lr, **momentum: [lr, *momentum.values()],
            with_momentum, ("_velocities",), decay, **named,
        )  # fmt: skip


class Adam(Optimizer):
    """Adam: each parameter moves by about `lr`, however large or small its gradients are.

    With g = dL/dW in step t: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, and
    W_new = W_old - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps). `betas` is (b1, b2), each at
    least 0 and less than 1; eps > 0 keeps the quotient finite where gradients are 0.
    `weight_decay` d, 0 or more, takes dL/dW + d W for g: what `AdamW` does instead is mostly
    wanted. Errors are those of `SGD`.
    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015.

    >>> w = Value(1.0, "w")
    >>> (1000 * w).backward()
    >>> Adam([w], lr=0.25).step()
    >>> round(w, 6)
    0.75
    """

    settings: tuple[str, ...] = ("lr", "betas", "eps")
    options: tuple[str, ...] = ("weight_decay", "clip_value", "clip_norm")
    memory = ("_steps", "_means", "_squares")
    _decoupled = False

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        weight_decay: float = 0.0,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ArgumentError(f"betas is {betas!r}", hint="it is two numbers: (0.9, 0.999)")
        self.betas = (_fraction(betas[0], "betas[0]"), _fraction(betas[1], "betas[1]"))
        self.eps = _above_zero(eps, "eps", such_as=1e-8)
        self.weight_decay = _not_negative(weight_decay, "weight_decay")
        self._steps = 0
        self._means = [0.0] * len(self.parameters)
        self._squares = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        b1, b2 = self.betas
        steps = self._steps + 1
        gradients = self._slopes(0.0 if self._decoupled else self.weight_decay)
        means = [b1 * m + (1 - b1) * g for m, g in zip(self._means, gradients, strict=True)]
        squares = [b2 * v + (1 - b2) * g * g for v, g in zip(self._squares, gradients, strict=True)]
        # The corrections 1 - b^t make up for the averages having begun at 0.
        rate, scale = self._lr / (1 - b1**steps), 1 / (1 - b2**steps)
        changes = [
            # Divided by an overflowed square nothing would move, without a word.
            -rate * m / (math.sqrt(v * scale) + self.eps) if v < math.inf else math.nan
            for m, v in zip(means, squares, strict=True)
        ]
        if self._decoupled and self.weight_decay:
            shrink = -self._lr * self.weight_decay
            changes = [
                shrink * parameter.data + change
                for parameter, change in zip(self.parameters, changes, strict=True)
            ]
        self.move(changes, _steps=steps, _means=means, _squares=squares)

    def formula(self) -> Formula:
        """One parameter's step as programs take it: the same arithmetic in the same order."""
        shrinks = self._decoupled and bool(self.weight_decay)

        def schedule(t: Any, lr: Any, b1: Any, b2: Any, eps: Any, decay: Any = 0.0) -> list[Any]:
            rate, scale = lr / (1 - b1.call("pow", t)), 1 / (1 - b2.call("pow", t))
            return [rate, scale, b1, 1 - b1, b2, 1 - b2, eps, -lr * decay]

        def rule(numbers: Sequence[Any], p: Any, g: Any, m: Any, v: Any) -> list[Any]:
            rate, scale, b1, rest1, b2, rest2, eps, shrink = numbers
            m = b1 * m + rest1 * g
            v = b2 * v + rest2 * g * g
            change = -rate * m / (autograd.sqrt(v * scale) + eps)
            return [p + (shrink * p + change if shrinks else change), m, v]

        b1, b2 = self.betas
        settings = {"b1": b1, "b2": b2, "eps": self.eps}
        if shrinks:
            settings["decay"] = self.weight_decay
        coupled = 0.0 if self._decoupled else self.weight_decay
        return self._compiled(schedule, rule, ("_means", "_squares"), coupled, **settings)


class AdamW(Adam):
    """Adam with weight decay beside it: W_new = W_old - lr d W_old - lr (Adam's quotient).

    `weight_decay` d shrinks every parameter by the same part, where Adam's own would divide it by
    sqrt(v) like a gradient. All else is as in `Adam`.
    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.

    >>> w = Value(1.0, "w")
    >>> AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> w.data
    0.75
    """

    options = ("clip_value", "clip_norm")
    settings = ("lr", "betas", "eps", "weight_decay")
    _decoupled = True

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        weight_decay: float = 0.01,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(
            parameters, lr, betas, eps,
            weight_decay=weight_decay, clip_value=clip_value, clip_norm=clip_norm,
        )  # fmt: skip


class RMSProp(Optimizer):
    """Each gradient over the root of its mean square: v = a v + (1 - a) g^2, W -= lr g / sqrt(v).

    `alpha` a, at least 0 and less than 1, says how long a square is remembered; the root is
    sqrt(v) + eps, eps > 0. With `momentum` m the quotients q are summed up, u = m u + q, and
    W_new = W_old - lr u. `weight_decay` is as for `SGD`, as are the errors.
    Source: Tieleman and Hinton, Coursera lecture 6.5, 2012.

    >>> w = Value(1.0, "w")
    >>> (1000 * w).backward()
    >>> RMSProp([w], lr=0.25, alpha=0.75).step()
    >>> round(w, 6)
    0.5
    """

    settings = ("lr", "alpha", "eps")
    options = ("momentum", "weight_decay", "clip_value", "clip_norm")
    memory = ("_squares", "_velocities")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        self.alpha = _fraction(alpha, "alpha")
        self.eps = _above_zero(eps, "eps", such_as=1e-8)
        self.momentum = _fraction(momentum, "momentum")
        self.weight_decay = _not_negative(weight_decay, "weight_decay")
        self._squares = [0.0] * len(self.parameters)
        self._velocities = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        a, eps, momentum, rate = self.alpha, self.eps, self.momentum, self._lr
        gradients = self._slopes(self.weight_decay)
        squares = [a * v + (1 - a) * g * g for v, g in zip(self._squares, gradients, strict=True)]
        quotients = _over_roots(gradients, squares, eps)
        velocities = [momentum * u + q for u, q in zip(self._velocities, quotients, strict=True)]
        self.move([-rate * u for u in velocities], _squares=squares, _velocities=velocities)

    def formula(self) -> Formula:
        """One parameter's step as programs take it: the same arithmetic in the same order."""

        def schedule(t: Any, lr: Any, alpha: Any, eps: Any, momentum: Any) -> list[Any]:
            return [lr, alpha, 1 - alpha, eps, momentum]

        def rule(numbers: Sequence[Any], p: Any, g: Any, v: Any, u: Any) -> list[Any]:
            rate, a, rest, eps, momentum = numbers
            v = a * v + rest * g * g
            u = momentum * u + g / (autograd.sqrt(v) + eps)
            return [p + -rate * u, v, u]

        return self._compiled(
            schedule, rule, ("_squares", "_velocities"), self.weight_decay,
            alpha=self.alpha, eps=self.eps, momentum=self.momentum,
        )  # fmt: skip


class Adagrad(Optimizer):
    """Each gradient over the root of all its squares: v = v + g^2, W -= lr g / (sqrt(v) + eps).

    Parameters that are seldom asked for take large steps when they are. `eps` is above 0;
    `weight_decay` is as for `SGD`, as are the errors.
    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods", 2011.

    >>> w = Value(1.0, "w")
    >>> (1000 * w).backward()
    >>> Adagrad([w], lr=0.25).step()
    >>> round(w, 6)
    0.75
    """

    settings = ("lr", "eps")
    options = ("weight_decay", "clip_value", "clip_norm")
    memory = ("_squares",)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        eps: float = 1e-10,
        *,
        weight_decay: float = 0.0,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, clip_value=clip_value, clip_norm=clip_norm)
        self.eps = _above_zero(eps, "eps", such_as=1e-10)
        self.weight_decay = _not_negative(weight_decay, "weight_decay")
        self._squares = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Moves every parameter once, by the gradients as they stand."""
        gradients, rate = self._slopes(self.weight_decay), self._lr
        squares = [v + g * g for v, g in zip(self._squares, gradients, strict=True)]
        quotients = _over_roots(gradients, squares, self.eps)
        self.move([-rate * q for q in quotients], _squares=squares)

    def formula(self) -> Formula:
        """One parameter's step as programs take it: the same arithmetic in the same order."""

        def rule(numbers: Sequence[Any], p: Any, g: Any, v: Any) -> list[Any]:
            rate, eps = numbers
            v = v + g * g
            return [p + -rate * (g / (autograd.sqrt(v) + eps)), v]

        return self._compiled(
            lambda t, lr, eps: [lr, eps], rule, ("_squares",), self.weight_decay, eps=self.eps
        )


def _over_roots(gradients: list[float], squares: list[float], eps: float) -> list[float]:
    return [
        # Divided by an overflowed square nothing would move, without a word.
        g / (math.sqrt(v) + eps) if v < math.inf else math.nan
        for g, v in zip(gradients, squares, strict=True)
    ]


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


def _not_negative(number: float, what: str) -> float:
    if not _is_finite(number) or number < 0.0:
        raise ArgumentError(f"{what} is {number!r}", hint="it is a finite number, 0 or more")
    return float(number)


def _is_finite(number: object) -> bool:
    try:
        return isinstance(number, Real) and math.isfinite(number)
    except OverflowError:
        return False  # a whole number of hundreds of digits is as infinite here
