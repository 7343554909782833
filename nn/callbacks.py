"""What is done after each epoch of a training: `Callback`, with early stopping among them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from autograd import ArgumentError, ArgumentTypeError
from nn.history import History
from nn.modules import Module, evaluating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from autograd import Value
    from nn.optimizers import Optimizer

__all__ = ["Callback", "EarlyStopping", "GradientNorms", "Training", "callbacks_of"]


@dataclass
class Training:
    """A training under way, as callbacks see it, with the `history` so far.

    `rows` and `loss` are those that it learns by, `epochs` is how many there will be in all,
    `stopped` whether no other will come.
    """

    model: Any
    optimizer: Optimizer
    epochs: int
    rows: Sequence[tuple[Any, Any]] = ()
    loss: Callable[[Any, Any], Value] | None = None
    history: History = field(default_factory=History)
    stopped: bool = False

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history)

    @property
    def goes_on(self) -> bool:
        """Whether another epoch will come."""
        return self.epoch < self.epochs and not self.stopped

    def stop(self) -> None:
        """Makes this epoch the last."""
        self.stopped = True

    def parameters(self) -> dict[str, Value]:
        """All parameters by name: the model's, and any others that the optimizer moves."""
        named = dict(self.model.named_parameters()) if isinstance(self.model, Module) else {}
        known = set(named.values())
        others = [p for p in self.optimizer.parameters if p not in known]
        return named | {f"parameter {i}": p for i, p in enumerate(others, start=1)}


class Callback:
    """What `fit(..., callbacks=[...])` calls: `after_epoch`, and `begin` and `end` around it all.

    Each is given the `Training`. The attributes named in `memory`, plain data, are kept in
    checkpoints. A function of the training may stand for a callback that has only `after_epoch`.

    >>> class Goal(Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...     def after_epoch(self, training):
    ...         if training.history[-1] < self.loss:
    ...             training.stop()
    >>> from nn import MLP, SGD, fit, mse
    >>> model = MLP(1, [1], seed=1)
    >>> sgd = SGD(model.parameters(), lr=0.1)
    >>> fit(model, [([1], 3)], mse, sgd, epochs=100, callbacks=[Goal(0.01)])
    History(9 epochs, loss 13.9224 -> 0.00392766)
    """

    every: int = 1
    """After how many epochs each it is called."""
    memory: tuple[str, ...] = ()
    """The attributes it remembers from epoch to epoch."""

    def begin(self, training: Training) -> None:
        """Called before the first epoch."""

    def after_epoch(self, training: Training) -> None:
        """Called after each epoch, or each `every` of them."""

    def end(self, training: Training) -> None:
        """Called after the last epoch, the last callback's first."""

    def settings(self) -> dict[str, Any]:
        """What it was made with: its attributes that hold plain data and are not remembered."""
        return {
            name: list(thing) if isinstance(thing, tuple) else thing
            for name, thing in sorted(vars(self).items())
            if name not in self.memory and not name.startswith("_") and _is_plain(thing)
        }

    def state_dict(self) -> dict[str, Any]:
        """What it remembers, as plain data."""
        return {name: getattr(self, name) for name in self.memory}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state_dict()` gave. Raises ArgumentError for another kind's."""
        if sorted(state) != sorted(self.memory):
            raise ArgumentError(
                f"the state does not fit {type(self).__name__}: it has {', '.join(state)}",
                hint=f"its own has {', '.join(self.memory) or 'nothing'}",
            )
        vars(self).update(state)


class EarlyStopping(Callback):
    """Stops where nothing has become better for `patience` epochs, and goes back to the best.

    It watches the loss of the validation rows, or of training where there are none, or what `watch`
    names: "loss", "validation" or a metric. Better is less by more than `min_delta`, or with
    mode="max" more. With `restore_best` the parameters are in the end those after the best epoch,
    `best_epoch`, also where the training was not stopped. Raises ArgumentError for settings out of
    range.

    >>> from nn import MLP, SGD, fit, mse
    >>> model = MLP(1, [1], seed=1)
    >>> stopping = EarlyStopping(patience=3)
    >>> sgd = SGD(model.parameters(), lr=0.4)
    >>> rows, held_out = [([1], 2), ([2], 4)], [([3], 5)]
    >>> len(fit(model, rows, mse, sgd, 100, validation=held_out, callbacks=[stopping]))
    5
    >>> stopping.best_epoch
    2
    """

    memory = ("best", "best_epoch", "waited", "kept")

    def __init__(
        self,
        patience: int = 5,
        *,
        watch: str = "",
        mode: Literal["min", "max"] = "min",
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise ArgumentError(f"patience is {patience!r}", hint="a whole number, 1 or more")
        if mode not in ("min", "max"):
            raise ArgumentError(f"mode is {mode!r}", hint='"min" for a loss, "max" for an accuracy')
        if not isinstance(min_delta, (int, float)) or not 0.0 <= min_delta < math.inf:
            raise ArgumentError(f"min_delta is {min_delta!r}", hint="a finite number, 0 or more")
        self.patience, self.watch, self.mode = patience, watch, mode
        self.min_delta, self.restore_best = float(min_delta), bool(restore_best)
        self._forget()

    def _forget(self) -> None:
        self.best: float | None = None
        self.best_epoch = self.waited = 0
        self.kept: dict[str, float] = {}

    def begin(self, training: Training) -> None:
        """Forgets an earlier training."""
        self._forget()

    def after_epoch(self, training: Training) -> None:
        """Keeps the parameters of the best epoch, and stops the training where it is time."""
        found = training.history.latest(self.watch)
        if self.best is None:
            gain = math.inf
        else:
            gain = self.best - found if self.mode == "min" else found - self.best
        if gain > self.min_delta:
            self.best, self.best_epoch, self.waited = found, training.epoch, 0
            if self.restore_best:
                self.kept = {name: p.data for name, p in training.parameters().items()}
        else:
            self.waited += 1
        if self.waited >= self.patience:
            training.stop()

    def end(self, training: Training) -> None:
        """Sets the parameters to those of the best epoch."""
        if self.kept:
            for name, parameter in training.parameters().items():
                parameter.data = self.kept[name]


class GradientNorms(Callback):
    """Enters in `history.gradients` how long each layer's gradient is after each epoch.

    It is the gradient of the mean loss of all rows, in evaluation mode, its length the root of the
    sum of squares; layers are those of the model. To be drawn by `viz.plot_gradients`. As the
    engine goes through all rows for it, an epoch takes twice as long, or longer where the training
    is native.

    >>> from nn import MLP, SGD, fit, mse
    >>> model = MLP(1, [2, 1], seed=1)
    >>> sgd = SGD(model.parameters(), lr=0.1)
    >>> history = fit(model, [([1], 2)], mse, sgd, epochs=5, callbacks=[GradientNorms()])
    >>> [(layer, len(norms)) for layer, norms in history.gradients.items()]
    [('layer 1', 5), ('layer 2', 5)]
    """

    def after_epoch(self, training: Training) -> None:
        """Enters the norms."""
        parameters = training.parameters().values()
        before = [p.grad for p in parameters]
        try:
            for p in parameters:
                p.grad = 0.0
            with evaluating(training.model):
                for inputs, target in training.rows:
                    training.loss(training.model(inputs), target).backward()  # type: ignore[misc]
            for layer, own in _by_layer(training).items():
                norm = math.hypot(*(p.grad for p in own)) / len(training.rows)
                training.history.gradients.setdefault(layer, []).append(norm)
        finally:
            for p, grad in zip(parameters, before, strict=True):
                p.grad = grad


def _by_layer(training: Training) -> dict[str, list[Value]]:
    """The parameters of each innermost module that has some, and those outside of them."""
    found: dict[str, list[Value]] = {}
    seen: set[Value] = set()
    modules = training.model.modules() if isinstance(training.model, Module) else []
    for module in reversed(modules):  # what is inside comes after what it is in
        own = [p for p in module.parameters() if p not in seen]
        if own:
            number = getattr(module, "number", None)
            kind = type(module).__name__
            name = kind if number is None else f"layer {number}"
            same = sum(key.partition(" (")[0] == name for key in found)
            found[f"{name} ({same + 1})" if same else name] = own
            seen.update(own)
    others = [p for p in training.optimizer.parameters if p not in seen]
    return dict(reversed(found.items())) | ({"parameters": others} if others else {})


class _Function(Callback):
    """A function as a callback; one with an attribute `every` is called so often."""

    def __init__(self, function: Callable[[Training], object]) -> None:
        self._function = function
        self.every = getattr(function, "every", 1)
        self.name = getattr(function, "__qualname__", type(function).__name__)

    def after_epoch(self, training: Training) -> None:
        self._function(training)


def callbacks_of(given: Iterable[Callback | Callable[[Training], object]]) -> list[Callback]:
    """The callbacks given, functions among them. Raises ArgumentTypeError for anything else."""
    if isinstance(given, Callback) or callable(given):
        raise ArgumentTypeError(
            "callbacks was given a single one", hint="a list of them: callbacks=[EarlyStopping()]"
        )
    found: list[Callback] = []
    for each in given:
        if isinstance(each, Callback):
            found.append(each)
        elif callable(each) and not isinstance(each, type):
            found.append(_Function(each))
        else:
            name = getattr(each, "__name__", repr(each))
            hint = f"make one: {name}()" if isinstance(each, type) else "a Callback or a function"
            raise ArgumentTypeError(f"{name} is no callback", hint=hint)
    return found


def _is_plain(thing: object) -> bool:
    if isinstance(thing, (list, tuple)):
        return all(map(_is_plain, thing))
    return thing is None or isinstance(thing, (str, int, float))
