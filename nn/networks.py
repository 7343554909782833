"""Networks whose every Value is labelled as in the notes: `Neuron`, `Layer`, `Linear`, `MLP`."""

from __future__ import annotations

import difflib
import itertools
import operator
import random
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from autograd import (
    TABLE,
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    Operation,
    Value,
    as_value,
    dot,
    log_softmax,
    no_grad,
    softmax,
)
from nn.initializers import Initializer, uniform
from nn.modules import Module, counted
from nn.rows import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nn.initializers import Generator

    Number = Value | float
    Activation = Operation | Callable[[Value], Value] | str
    Seed = int | Generator | None

__all__ = ["MLP", "Layer", "Linear", "Neuron"]

_MICROGRADS: Final = uniform(-1.0, 1.0)


class Neuron(Module):
    r"""One neuron: O = activation(W_1 x_1 + ... + W_n x_n + b).

    `nin` inputs; `activation` any operation of one input or its name, or a function of yours from
    Value to Value, or "linear" for none (micrograd's `nonlin=False` says the same). First values
    come from `init`; `seed` is a number, a `random.Random` to draw from, or None for Python's
    global generator. With bias=False there is no b, and `bias` is None. `layer` and `index` say
    where in a network it stands, `nout` how many neurons stand beside it.

    Its Values are labelled: weights `W_{ij}^l` from source i to this neuron j of layer l, the bias
    `b_{lj}`, the output `O_{lj}`, and before the activation `z_{lj}`. Where an index has two digits
    commas part them: `W_{12,3}^1`. Inputs that are plain numbers become constants `x_{1}`, `x_{2}`.

    Raises ArgumentError for sizes below 1, an unknown activation, a wrong number of inputs.

    >>> neuron = Neuron(2, activation="tanh", seed=7)
    >>> neuron
    Neuron(2 -> 1 tanh; 3 parameters)
    >>> neuron([0.5, -1]).label, [p.label for p in neuron.parameters()]
    ('O_{11}', ['W_{11}^1', 'W_{21}^1', 'b_{11}'])
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: Initializer = _MICROGRADS,
        seed: Seed = None,
        bias: bool = True,
        layer: int = 1,
        index: int = 1,
        nout: int = 1,
    ) -> None:
        nin = size_of(nin, "number of inputs")
        rule = initializer_of(init)
        draw = generator_of(seed)
        self._operation = _operation(activation) if nonlin else None
        # Where Values have it as a method, that is the quicker way to call it.
        act = self._operation
        name = getattr(act, "name", "")
        self._method = name if TABLE.get(name) is act else ""
        self._index = index
        self._name(nin, layer)
        self.output_label = self.symbol
        self.weights = [Value(rule.weight(draw, nin, nout), name) for name in self._names[:-1]]
        self.bias = Value(rule.bias, self._names[-1]) if bias else None

    def _name(self, nin: int, layer: int) -> None:
        index = self._index
        place = indices(layer, index)
        self._names = [_weight_label(source, index, layer) for source in range(1, nin + 1)]
        self._names.append(f"b_{{{place}}}")
        self.symbol = f"O_{{{place}}}"
        self._inner_label = f"z_{{{place}}}"

    def relabel(self, layer: int) -> None:
        """Gives its Values the symbols of another layer; what you called otherwise stays so."""
        names, symbol = self._names, self.symbol
        self._name(len(self.weights), layer)
        for parameter, old, new in zip(self.weights, names, self._names, strict=False):
            if parameter.label == old:
                parameter.label = new
        if self.bias is not None and self.bias.label == names[-1]:
            self.bias.label = self._names[-1]
        if self.output_label == symbol:
            self.output_label = self.symbol

    def _parts(self) -> tuple[()]:
        return ()

    def _number(self) -> None:
        """Nothing: no layers are inside."""

    def __call__(self, inputs: Number | Iterable[Number], *more: Number) -> Value:
        """The neuron's output for a row of numbers or Values (or a single one, for one input)."""
        return self.output(_inputs(inputs, more, len(self.weights)))

    def output(self, inputs: Sequence[Value]) -> Value:
        """The neuron's output for inputs that are Values already, exactly as many as it has."""
        if self._operation is None:
            return dot(self.weights, inputs, self.bias, self.output_label)
        z = dot(self.weights, inputs, self.bias, self._inner_label)
        output: Value = getattr(z, self._method)() if self._method else self._operation(z)
        output.label = self.output_label
        return output

    @property
    def activation(self) -> str:
        """The name of the activation, "linear" where there is none."""
        act = self._operation
        return "linear" if act is None else getattr(act, "name", "") or _name_of(act)

    @property
    def w(self) -> list[Value]:
        """`weights`, as micrograd calls them."""
        return self.weights

    @property
    def b(self) -> Value | None:
        """`bias`, as micrograd calls it."""
        return self.bias

    def named_parameters(self) -> list[tuple[str, Value]]:
        """The weights and the bias by the symbols of the notes, as `W_{11}^2` and `b_{21}`."""
        named = list(zip(self._names, self.weights, strict=False))
        return named if self.bias is None else [*named, (self._names[-1], self.bias)]

    def __repr__(self) -> str:
        return f"Neuron({len(self.weights)} -> 1 {self.activation}; {counted(self.parameters())})"


class Layer(Module):
    """Neurons side by side on the same inputs: `nin` inputs, `nout` neurons, in `neurons`.

    Called with a row of numbers or Values it gives a list of Values, or a Value where it has a
    single neuron. The settings, labels and errors are those of `Neuron`; in a module of several
    layers each gets the `number` of its place.

    >>> layer = Layer(2, 3, activation="sigmoid", seed=0)
    >>> layer
    Layer(2 -> 3 sigmoid; 9 parameters)
    >>> [output.label for output in layer([1.0, 2.0])]
    ['O_{11}', 'O_{12}', 'O_{13}']
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: Initializer = _MICROGRADS,
        seed: Seed = None,
        bias: bool = True,
        layer: int = 1,
    ) -> None:
        nout = size_of(nout, "number of neurons")
        draw = generator_of(seed)
        self.number = layer
        self.neurons = [
            Neuron(
                nin, nonlin, activation=activation, init=init, seed=draw,
                bias=bias, layer=layer, index=index, nout=nout,
            )
            for index in range(1, nout + 1)
        ]  # fmt: skip

    def __call__(self, inputs: Number | Iterable[Number], *more: Number) -> Any:
        """A list of the outputs for a row of numbers or Values; the output itself if single.

        Typed Any, as which of the two it is depends on the layer's size.
        """
        outputs = self.outputs(_inputs(inputs, more, len(self.neurons[0].weights)))
        return outputs[0] if len(outputs) == 1 else outputs

    def renumber(self, number: int) -> None:
        """Makes it layer `number`: its Values are labelled anew, as `Neuron.relabel` says."""
        self.number = number
        for neuron in self.neurons:
            neuron.relabel(number)

    def _parts(self) -> tuple[()]:
        return ()

    def _number(self) -> None:
        """Nothing: no layers are inside."""

    def outputs(self, inputs: Sequence[Value]) -> list[Value]:
        """The neurons' outputs for inputs that are Values already, exactly as many as needed."""
        return [neuron.output(inputs) for neuron in self.neurons]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Neuron by neuron, the weights and the bias by the symbols of the notes."""
        return [named for neuron in self.neurons for named in neuron.named_parameters()]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shape([self])}; {counted(self.parameters())})"


class Linear(Layer):
    """A layer without activation, W x + b for each neuron: `Linear(2, 3)`, as PyTorch calls it.

    Settings, labels and errors are those of `Layer`.

    >>> Linear(2, 3, seed=0)
    Linear(2 -> 3 linear; 9 parameters)
    >>> Linear(2, 3, seed=0, bias=False)
    Linear(2 -> 3 linear without bias; 6 parameters)
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        *,
        init: Initializer = _MICROGRADS,
        seed: Seed = None,
        bias: bool = True,
        layer: int = 1,
    ) -> None:
        super().__init__(
            nin, nout, activation="linear", init=init, seed=seed, bias=bias, layer=layer
        )


class MLP(Module):
    r"""A multi-layer perceptron: `MLP(2, [16, 16, 1])`, 2 inputs and layers of 16, 16, 1 neurons.

    `nin` is the number of inputs, `nouts` the size of each layer. `activation` acts in every layer
    but the last, `output` in the last: operations of one input or their names. As in micrograd the
    defaults are relu inside, linear at the end, weights uniform within +-1 and biases 0. `init` and
    `seed` are as for `Neuron`; the same seed gives the same network.

    Called with a row of `nin` numbers or Values it gives a Value for a single output and a list
    otherwise. Values are labelled as for `Neuron`, except that the outputs are `\hat{y}`, or
    `\hat{y}_{1}`, `\hat{y}_{2}` and so on; `aliases` says which `O_{lj}` that is.

    Raises ArgumentError for sizes below 1, no layers, unknown activations, rows of another length.

    >>> from nn import constant
    >>> model = MLP(2, [2, 1], activation="linear", init=constant(W=1, b=0))
    >>> model
    MLP(2 -> 2 linear -> 1 linear; 9 parameters)
    >>> model([80, 8])
    Value(data=176.0, grad=0.0, label='\\hat{y}')
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *more: int,
        activation: Activation = "relu",
        output: Activation = "linear",
        init: Initializer = _MICROGRADS,
        seed: Seed = None,
    ) -> None:
        sizes = [size_of(nin, "number of inputs"), *_sizes(nouts, more)]
        inside, outside, draw = _operation(activation), _operation(output), generator_of(seed)
        acts = [*[inside] * (len(sizes) - 2), outside]
        self.layers = [
            Layer(nin, nout, activation=act or "linear", init=init, seed=draw, layer=number)
            for number, ((nin, nout), act) in enumerate(
                zip(itertools.pairwise(sizes), acts, strict=True), start=1
            )
        ]
        last = self.layers[-1].neurons
        for index, neuron in enumerate(last, start=1):
            neuron.output_label = r"\hat{y}" if len(last) == 1 else rf"\hat{{y}}_{{{index}}}"

    def __call__(self, inputs: Number | Iterable[Number], *more: Number) -> Any:
        """A list of the outputs for a row of numbers or Values; the output itself if single.

        Typed Any, as which of the two it is depends on the layer's size.
        """
        outputs = _inputs(inputs, more, len(self.layers[0].neurons[0].weights))
        for layer in self.layers:
            outputs = layer.outputs(outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    @property
    def aliases(self) -> dict[str, str]:
        r"""What the outputs are called as neurons, and as predictions.

        >>> MLP(2, [2, 1]).aliases
        {'O_{21}': '\\hat{y}'}
        """
        return {neuron.symbol: neuron.output_label for neuron in self.layers[-1].neurons}

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Layer by layer, neuron by neuron, weights and bias by the symbols of the notes."""
        return [named for layer in self.layers for named in layer.named_parameters()]

    def __repr__(self) -> str:
        return f"MLP({_shape(self.layers)}; {counted(self.parameters())})"


def _inputs(inputs: Number | Iterable[Number], more: tuple[Number, ...], nin: int) -> list[Value]:
    """A row as Values: numbers become constants labelled by their column."""
    if type(inputs) is not list:
        inputs = plain(inputs)
    if type(inputs) is list:
        row = inputs
    else:
        row = list(inputs) if isinstance(inputs, Iterable) else [inputs]
    if more:
        raise ArgumentTypeError(
            f"a model was called with {len(more) + 1} arguments",
            hint=f"one row, in brackets: model([{', '.join(map(repr, [*row, *more]))}])",
        )
    if len(row) != nin:
        raise ArgumentError(
            f"a row of {counted(row, 'number')} was given where {nin} "
            f"{'is' if nin == 1 else 'are'} needed",
            hint="a model takes one row at a time: model([80, 8])",
        )
    return list(map(as_value, row, _input_labels(nin)))


@lru_cache
def _input_labels(nin: int) -> list[str]:
    return [f"x_{{{column}}}" for column in range(1, nin + 1)]


def _operation(activation: Activation) -> Operation | Callable[[Value], Value] | None:
    """The operation of that name, or a function of one Value; None for "linear"."""
    found = TABLE.get(activation) if isinstance(activation, str) else activation
    if isinstance(found, Operation) and (found.arity == 1 or found.default is not None):
        return found
    if activation == "linear":
        return None
    if callable(found) and not isinstance(found, (Operation, type)) and _makes_values(found):
        return found
    names = [op.name for op in TABLE.values() if op.arity == 1 or op.default is not None]
    if activation in ("softmax", "log_softmax", softmax, log_softmax):
        hint = "it acts on a whole layer: leave the output linear and take autograd.softmax of it"
    elif isinstance(activation, str):
        near = difflib.get_close_matches(activation.lower(), [*names, "linear"], n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "such as relu, tanh, sigmoid, gelu"
        hint += " Any operation of one input will do, or linear for none"
    else:
        hint = (
            "give an operation of one input or its name, or a function that makes a Value of a "
            "Value; @autograd.operation makes new ones"
        )
    raise ArgumentError(f"{activation!r} is no activation", hint=hint)


def _makes_values(function: Callable[[Value], Value]) -> bool:
    """Whether a function computes with Values: `math.tanh` gives a float."""
    try:
        with no_grad():
            return isinstance(function(Value(0.5)), Value)
    except ChalkgradError:
        return True  # 0.5 may be nothing for it
    except TypeError:
        return False


def _name_of(function: object) -> str:
    return getattr(function, "__name__", type(function).__name__)


def initializer_of(init: object) -> Initializer:
    """The initializer given, if it is one."""
    if isinstance(init, Initializer):
        return init
    name = getattr(init, "__name__", repr(init))
    hint = f"call it: init=nn.{name}()" if callable(init) else "such as nn.constant(W=1, b=0)"
    raise ArgumentTypeError(f"{name} is no initializer", hint=hint)


def generator_of(seed: Seed) -> Generator:
    """What draws the first values, by a seed."""
    if seed is None:
        return random  # Python's own, so that random.seed() works as with micrograd
    if isinstance(seed, int):
        return random.Random(seed)  # noqa: S311 - weights are no secrets
    if hasattr(seed, "uniform") and hasattr(seed, "gauss"):
        return seed
    raise ArgumentTypeError(f"{seed!r} is no seed", hint="a whole number or a random.Random")


def size_of(number: object, what: str) -> int:
    """A size, if it is a whole number above 0."""
    try:
        size = operator.index(number)  # type: ignore[arg-type]  # it raises for what is not whole
    except TypeError:
        size = 0
    if size < 1 or isinstance(number, bool):
        raise ArgumentError(f"the {what} is {number!r}", hint="a size is a whole number, 1 or more")
    return size


def _sizes(nouts: Sequence[int], more: tuple[int, ...]) -> list[int]:
    if isinstance(nouts, int) or more:
        given = [*([nouts] if isinstance(nouts, int) else nouts), *more]
        raise ArgumentTypeError(
            f"the layers were given as {', '.join(map(repr, [nouts, *more]))}",
            hint=f"a list of sizes: MLP(2, {given})",
        )
    if len(nouts) == 0:
        raise ArgumentError("a network without layers", hint="give each layer's size: [16, 16, 1]")
    return [size_of(n, f"number of neurons in layer {i}") for i, n in enumerate(nouts, start=1)]


def _weight_label(source: int, neuron: int, layer: int) -> str:
    upper = str(layer) if layer < 10 else f"{{{layer}}}"
    return f"W_{{{indices(source, neuron)}}}^{upper}"


def indices(first: int, second: int) -> str:
    """`12`; `12,3` where one of the two has more digits than one."""
    return f"{first}{',' if max(first, second) > 9 else ''}{second}"


def _shape(layers: Sequence[Layer]) -> str:
    """`2 -> 16 relu -> 1 linear`."""
    sizes = [
        f"{len(layer.neurons)} {layer.neurons[0].activation}"
        f"{' without bias' if layer.neurons[0].bias is None else ''}"
        for layer in layers
    ]
    return " -> ".join([str(len(layers[0].neurons[0].weights)), *sizes])
