"""What has parameters: `Module` finds them, names them, saves and restores them."""

from __future__ import annotations

import functools
import math
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Self

from autograd import ArgumentError, ArgumentTypeError, Value, zero_grad

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Module", "counted", "evaluating"]

_SHOWN: Final = 5  # names in a message before "and N more"


class Module:
    """Anything with parameters: subclass it, keep Values and Modules as attributes.

    Parameters are the leaf Values found in the attributes, also inside lists, tuples, dicts and
    other Modules, in the order they were set; constants (`v.detach()`) are not among them.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.shift = Value(2.0), Value(0.5)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.shift
    >>> line = Line()
    >>> line(3.0).data, line.state_dict()
    (6.5, {'slope': 2.0, 'shift': 0.5})
    >>> line
    Line(2 parameters: slope, shift)

    What it computes stands in `__call__`, or as in PyTorch in `forward`. Layers are numbered in the
    order in which they are set, so that every Value has a symbol of its own:

    >>> from nn import Layer
    >>> class Net(Module):
    ...     def __init__(self):
    ...         self.hidden, self.out = Layer(2, 3, seed=1), Layer(3, 1, seed=2)
    ...     def forward(self, row):
    ...         return self.out(self.hidden(row))
    >>> Net()([0.5, -1]).label, Net().parameters()[-1].label
    ('O_{21}', 'b_{21}')
    """

    training = True
    """Whether it is being trained, as `train` and `eval` say; `Dropout` asks."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            begin = cls.__init__

            @functools.wraps(begin)
            def begin_and_number(self: Module, *args: Any, **named: Any) -> None:
                begin(self, *args, **named)
                self._number()  # also what was put into lists

            cls.__init__ = begin_and_number  # type: ignore[assignment, method-assign]

    def __setattr__(self, name: str, thing: object) -> None:
        object.__setattr__(self, name, thing)
        if isinstance(thing, (Module, list, tuple, dict)):
            self._number()

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """What `forward` gives for the same arguments."""
        forward = getattr(self, "forward", None)
        if not callable(forward):
            raise ArgumentTypeError(
                f"{type(self).__name__} does not say what it computes",
                hint="give it a method: def forward(self, row): ...",
            )
        return forward(*inputs, **named)

    def modules(self) -> list[Module]:
        """The module and all those inside it, in the order they were set, each once."""
        return _modules_of(self)

    def train(self, mode: bool = True) -> Self:
        """Says to it and to all modules inside that they are being trained; gives the module."""
        for module in _modules_of(self):
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Says that none is trained any more, so that `Dropout` lets all pass; gives the module.

        >>> from nn import Dropout
        >>> [x.data for x in Dropout(0.5).eval()([1.0, 2.0])]
        [1.0, 2.0]
        """
        return self.train(False)

    def _parts(self) -> Iterable[object]:
        """Where modules may be inside it."""
        return vars(self).values()

    def _number(self) -> None:
        """Numbers the layers inside: each as it is, but higher than the one before."""
        last = 0
        for module in _modules_of(self):
            number = getattr(module, "number", None)
            if isinstance(number, int) and callable(getattr(module, "renumber", None)):
                if number <= last:
                    module.renumber(last + 1)  # type: ignore[attr-defined]
                last = max(number, last + 1)

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Each parameter with its name: its place among the attributes, as `encoder.weights.0`.

        A parameter found twice is listed once. Networks name theirs by their symbols
        instead, as `W_{11}^2`.
        """
        found: dict[Value, str] = {}
        for name, parameter in _parameters_of(self, set()):
            found.setdefault(parameter, name)
        names = list(found.values())
        if len(set(names)) < len(names):
            double = next(name for name in names if names.count(name) > 1)
            raise ArgumentError(
                f"two parameters of {type(self).__name__} are both called {double}",
                hint="give them places that differ in writing: keys 1 and '1' do not",
            )
        return [(name, parameter) for parameter, name in found.items()]

    def parameters(self) -> list[Value]:
        """The Values that training changes, in the order of `named_parameters()`."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0, as is due before each `backward()`."""
        zero_grad(self.parameters())

    def state_dict(self) -> dict[str, float]:
        """The number of each parameter by its name: plain data, ready for `json.dump`."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Sets every parameter to the number `state` holds under its name.

        Raises ArgumentError where names are missing or unknown or a number is not finite, and
        ArgumentTypeError where it is no number; then no parameter has changed.

        >>> from nn import MLP
        >>> model = MLP(1, [1])
        >>> model.load_state_dict({"W_{11}^1": 3, "b_{11}": -1})
        >>> model(2.0).data
        5.0
        """
        parameters = dict(self.named_parameters())
        _check_names(parameters, state)
        numbers = {name: _finite(number, name) for name, number in state.items()}
        before = [parameter.data for parameter in parameters.values()]
        try:
            for name, parameter in parameters.items():
                parameter.data = numbers[name]
        except BaseException:  # an interrupt: then none
            for parameter, data in zip(parameters.values(), before, strict=True):
                parameter.data = data
            raise

    def __repr__(self) -> str:
        names = [name for name, _ in self.named_parameters()]
        return f"{type(self).__name__}({counted(names)}{': ' if names else ''}{_listed(names)})"


def _parameters_of(module: Module, seen: set[Module]) -> Iterator[tuple[str, Value]]:
    """The parameters in a module's attributes, but for those in modules already seen."""
    seen.add(module)
    for attribute, thing in vars(module).items():
        yield from _parameters_in(thing, attribute, seen)


def _parameters_in(thing: object, name: str, seen: set[Module]) -> Iterator[tuple[str, Value]]:
    """The parameters in an attribute, each with its place in it."""
    if isinstance(thing, Value):
        if thing.is_leaf and not thing.is_constant:
            yield name, thing
    elif isinstance(thing, Module):
        if thing not in seen:  # a part may know what it is part of
            names_itself = type(thing).named_parameters is not Module.named_parameters
            inside = thing.named_parameters() if names_itself else _parameters_of(thing, seen)
            for inner, parameter in inside:
                yield f"{name}.{inner}", parameter
    elif isinstance(thing, (list, tuple, dict)):
        places = thing.items() if isinstance(thing, dict) else enumerate(thing)
        for place, inner_thing in places:
            yield from _parameters_in(inner_thing, f"{name}.{place}", seen)


def _modules_of(module: Module) -> list[Module]:
    """A module and those inside it, in the order they were set, each once."""
    found: list[Module] = []
    seen: set[int] = set()  # of lists too: one may hold itself
    waiting: list[object] = [module]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        parts: Iterable[object]
        if isinstance(thing, Module):
            found.append(thing)
            parts = thing._parts()
        else:
            parts = thing.values() if isinstance(thing, dict) else thing  # type: ignore[assignment]
        inside = [part for part in parts if isinstance(part, (Module, list, tuple, dict))]
        waiting += reversed(inside)
    return found


def _check_names(parameters: Mapping[str, Value], state: Mapping[str, float]) -> None:
    missing = [name for name in parameters if name not in state]
    unknown = [name for name in state if name not in parameters]
    if not missing and not unknown:
        return
    wrong = [f"has no {_listed(missing)}"] if missing else []
    if unknown:
        wrong.append(f"has {_listed(unknown)}, which the model does not")
    raise ArgumentError(
        f"the state does not fit the model: it {' and '.join(wrong)}",
        hint=f"the model's names are {_listed(list(parameters))}",
    )


def _finite(number: object, name: str) -> float:
    if not isinstance(number, Real):
        raise ArgumentTypeError(
            f"{name} was given {number!r} ({type(number).__name__})",
            hint="a state holds one plain number for each name",
        )
    try:
        if math.isfinite(number):
            return float(number)
    except OverflowError:
        pass  # a whole number of hundreds of digits is as infinite here
    raise ArgumentError(f"{name} was given a number that is not finite", hint="mend the state")


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """A Module is in its evaluation mode inside, and afterwards as it was."""
    modules = model.modules() if isinstance(model, Module) else []
    before = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, mode in zip(modules, before, strict=True):
            module.training = mode


def counted(things: Sequence[object], noun: str = "parameter") -> str:
    """How many there are, in words.

    >>> counted([1, 2]), counted([80], "number")
    ('2 parameters', '1 number')
    """
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
