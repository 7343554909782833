r"""What stands between layers: `Sequential`, `Dropout`, `Embedding`, norms, attention, softmax."""

from __future__ import annotations

import math
import operator
import random
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import autograd
from autograd import ArgumentError, ArgumentTypeError, GraphError, Operation, Value, as_value
from nn.initializers import Initializer, uniform
from nn.modules import Module, counted
from nn.networks import Linear, generator_of, indices, initializer_of, size_of
from nn.rows import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from nn.networks import Layer, Seed

    Number = Value | float

__all__ = ["Dropout", "Embedding", "LayerNorm", "RMSNorm", "SelfAttention", "Sequential", "Softmax"]

_SPREAD: Final = uniform(-1.0, 1.0)  # as Layer begins
_NORMAL: Final = Initializer("normal(0, 1)", lambda generator, *_: generator.gauss(0.0, 1.0))


class Sequential(Module):
    """Parts one after another: each is given what the one before it made.

    A part is a module or a function; an operation of the engine, such as `autograd.relu`, is taken
    of each number by itself. Parameters are named by the part's place, from 0, as in PyTorch.
    `parts` is the list of them, and `model[i]` one. Raises ArgumentError for no parts and
    ArgumentTypeError for what cannot be called.

    >>> from autograd import tanh
    >>> from nn import Linear
    >>> model = Sequential(Linear(2, 3, seed=1), tanh, Linear(3, 1, seed=2))
    >>> model([0.5, -1]).label, model.named_parameters()[-1][0]
    ('O_{21}', '2.b_{21}')
    """

    def __init__(self, *parts: Module | Callable[[Any], Any]) -> None:
        if not parts:
            raise ArgumentError(
                "a Sequential of no parts", hint="Sequential(Linear(2, 3), tanh, Linear(3, 1))"
            )
        for place, part in enumerate(parts):
            if not callable(part) or isinstance(part, type):
                name = getattr(part, "__name__", repr(part))
                hint = f"make one: {name}()" if isinstance(part, type) else "a module or a function"
                raise ArgumentTypeError(f"part {place} of a Sequential is {name}", hint=hint)
        self.parts = list(parts)

    def forward(self, inputs: Any) -> Any:
        """What the last part makes of it."""
        for part in self.parts:
            inputs = _each(part, inputs) if isinstance(part, Operation) else part(inputs)
        return inputs

    def __getitem__(self, place: int) -> Any:
        return self.parts[place]

    def __len__(self) -> int:
        return len(self.parts)

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Each parameter with its name: its part's place and its name there, as `0.W_{11}^1`."""
        named = super().named_parameters()
        return [(name.removeprefix("parts."), parameter) for name, parameter in named]

    def __repr__(self) -> str:
        return f"Sequential({', '.join(part_name(part) for part in self.parts)})"


class Dropout(Module):
    """In training each number is 0 with probability `p`, or else 1 / (1 - p) times itself.

    So that no neuron leans on another, and the mean stays as it was. After `model.eval()` all pass
    as they are. It draws from a generator of its own: `seed` is a number, a `random.Random`, or
    None for one that nobody knows. A training with it is not compiled, as every row draws anew.
    Raises ArgumentError unless 0 <= p < 1.
    Source: Srivastava and others, "Dropout: a simple way to prevent neural networks from
    overfitting", 2014.

    >>> [x.data for x in Dropout(0.5, seed=1)([1.0, 2.0, 3.0, 4.0])]
    [0.0, 4.0, 6.0, 0.0]
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        if not isinstance(p, (int, float)) or not 0.0 <= p < 1.0:
            raise ArgumentError(f"Dropout with p = {p!r}", hint="it is at least 0 and less than 1")
        self.p = float(p)
        self.generator = random.Random() if seed is None else generator_of(seed)  # noqa: S311

    def forward(self, inputs: Number | Iterable[Number]) -> Any:
        """The numbers that pass, as Values; a single one for a single one."""
        single, row = _row(inputs)
        if self.training and self.p:
            try:
                for x in row:
                    x.data  # noqa: B018  # refused while a program is recorded
            except GraphError as error:
                raise GraphError(
                    "Dropout draws for each row anew, which a program cannot",
                    hint="model.eval() lets all pass; training with it takes compiled=False",
                ) from error
            factor = 1.0 / (1.0 - self.p)
            row = [
                as_value(0.0) if self.generator.uniform(0.0, 1.0) < self.p else x * factor
                for x in row
            ]
        return row[0] if single else row

    def __repr__(self) -> str:
        return f"Dropout({self.p:g})"


class Embedding(Module):
    r"""A row of `dim` parameters for each of `count` things: `Embedding(27, 16)(3)` is row 3.

    Called with a whole number from 0 it gives that row, a list of Values; with several a list of
    rows. Parameters are labelled `E_{ij}`, row i counted from 1, or by another `symbol` than E.
    First values are normal with mean 0 and variance 1, or from `init`; `seed` is as for `Layer`.
    Raises ArgumentError for sizes below 1 and for a row that is not there, ArgumentTypeError for
    what is no whole number.

    >>> table = Embedding(3, 2, seed=1)
    >>> [x.label for x in table(2)]
    ['E_{31}', 'E_{32}']
    """

    def __init__(
        self,
        count: int,
        dim: int,
        *,
        init: Initializer = _NORMAL,
        seed: Seed = None,
        symbol: str = "E",
    ) -> None:
        count, dim = size_of(count, "number of rows"), size_of(dim, "length of a row")
        rule, draw = initializer_of(init), generator_of(seed)
        self.rows = [
            [
                Value(rule.weight(draw, count, dim), f"{symbol}_{{{indices(i, j)}}}")
                for j in range(1, dim + 1)
            ]
            for i in range(1, count + 1)
        ]

    def forward(self, index: Any) -> Any:
        """The row, or the rows, of an index or several."""
        index = plain(index)
        if isinstance(index, Iterable) and not isinstance(index, (str, Value)):
            return [self.forward(each) for each in index]
        try:
            at = operator.index(index)
        except TypeError:
            raise ArgumentTypeError(
                f"{index!r} ({type(index).__name__}) is no row of an Embedding",
                hint=f"give a whole number from 0 to {len(self.rows) - 1}",
            ) from None
        if isinstance(index, bool) or not 0 <= at < len(self.rows):
            raise ArgumentError(
                f"there is no row {index!r} in an Embedding of {counted(self.rows, 'row')}",
                hint=f"rows count from 0 to {len(self.rows) - 1}",
            )
        return list(self.rows[at])

    def __repr__(self) -> str:
        return f"Embedding({len(self.rows)}, {len(self.rows[0])})"


class _Norm(Module):
    """What the two norms share: a row of `size` numbers, and a gain for each."""

    def __init__(self, size: int, eps: float) -> None:
        self.gain = [
            Value(1.0, rf"\gamma_{{{i}}}") for i in range(1, size_of(size, "length of a row") + 1)
        ]
        if not isinstance(eps, (int, float)) or not 0.0 <= eps < math.inf:
            raise ArgumentError(f"eps is {eps!r}", hint="it is a small number, 0 or more")
        self.eps = float(eps)

    def _row(self, inputs: Iterable[Number]) -> list[Value]:
        _, row = _row(inputs)
        if len(row) != len(self.gain):
            raise ArgumentError(
                f"{type(self).__name__} was given {counted(row, 'number')} "
                f"where {len(self.gain)} are needed",
                hint=f"{type(self).__name__}({len(row)}) takes so many",
            )
        return row

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.gain)})"


class LayerNorm(_Norm):
    r"""gamma_i (x_i - m) / sqrt(v + eps) + beta_i, with m the mean and v the variance of the row.

    `size` is how many numbers a row has; the parameters begin with gamma_i = 1 and beta_i = 0. v is
    the mean of (x_i - m)^2. Raises ArgumentError for a size below 1, a row of another length and a
    negative eps.
    Source: Ba, Kiros and Hinton, "Layer normalization", 2016.

    >>> [round(y, 3) for y in LayerNorm(2)([1.0, 3.0])]
    [-1.0, 1.0]
    """

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        super().__init__(size, eps)
        self.shift = [Value(0.0, rf"\beta_{{{i}}}") for i in range(1, size + 1)]

    def forward(self, inputs: Iterable[Number]) -> list[Value]:
        """The row as it is after it was made to have mean 0 and variance 1."""
        row = self._row(inputs)
        middle = autograd.mean(row)
        away = [x - middle for x in row]
        root = (autograd.mean([d * d for d in away]) + self.eps).sqrt()
        return [
            gain * (d / root) + shift
            for gain, d, shift in zip(self.gain, away, self.shift, strict=True)
        ]


class RMSNorm(_Norm):
    r"""gamma_i x_i / sqrt(q + eps), with q the mean of x_i^2: `LayerNorm` without its mean.

    Arguments and errors are as for `LayerNorm`; eps is PyTorch's for doubles.
    Source: Zhang and Sennrich, "Root mean square layer normalization", 2019.

    >>> [round(y, 3) for y in RMSNorm(2)([3.0, 4.0])]
    [0.849, 1.131]
    """

    def __init__(self, size: int, eps: float = sys.float_info.epsilon) -> None:
        super().__init__(size, eps)

    def forward(self, inputs: Iterable[Number]) -> list[Value]:
        """The row as it is after the mean of its squares was made 1."""
        row = self._row(inputs)
        root = (autograd.mean([x * x for x in row]) + self.eps).sqrt()
        return [gain * (x / root) for gain, x in zip(self.gain, row, strict=True)]


class SelfAttention(Module):
    r"""Each row of a sequence asks those up to it: softmax(q_t . k_s / sqrt(d)) of their values.

    `width` is how many numbers a row has. In each of `heads` parts of d = width / heads numbers the
    query of row t is held against the keys of the rows s <= t, and mixes their values; `out` makes
    a row of it. `query`, `key`, `value` and `out` are Linear layers, without bias unless told;
    `init` and `seed` are as for `Layer`. PyTorch has it as MultiheadAttention with a causal mask.
    Raises ArgumentError for sizes below 1, or where width is no multiple of heads.
    Source: Vaswani and others, "Attention is all you need", 2017.

    >>> attention = SelfAttention(4, heads=2, seed=1)
    >>> attention
    SelfAttention(4, heads=2)
    >>> rows = attention([[1.0, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.5]])
    >>> len(rows), len(rows[0])
    (2, 4)
    """

    def __init__(
        self,
        width: int,
        heads: int = 1,
        *,
        bias: bool = False,
        init: Initializer = _SPREAD,
        seed: Seed = None,
    ) -> None:
        width, self.heads = size_of(width, "width of a row"), size_of(heads, "number of heads")
        if width % self.heads:
            raise ArgumentError(
                f"{width} numbers do not part into {self.heads} heads",
                hint=f"take a width that is a multiple of {self.heads}",
            )
        draw = generator_of(seed)
        self.query, self.key, self.value, self.out = (
            Linear(width, width, bias=bias, init=init, seed=draw) for _ in range(4)
        )

    def forward(self, rows: Iterable[Iterable[Number]]) -> list[list[Value]]:
        """A row for each, made of the values of the rows up to it."""
        each = [_row(row)[1] for row in plain(rows)]
        size = len(self.query.neurons) // self.heads
        parts = [slice(at, at + size) for at in range(0, len(self.query.neurons), size)]
        keys: list[list[Value]] = []
        values: list[list[Value]] = []
        made = []
        for row in each:
            query = _list(self.query, row)
            keys.append(_list(self.key, row))
            values.append(_list(self.value, row))
            mixed: list[Value] = []
            for part in parts:
                scores = [autograd.dot(query[part], key[part]) / size**0.5 for key in keys]
                weights = autograd.softmax(scores)
                columns = zip(*(value[part] for value in values), strict=True)
                mixed += [autograd.dot(weights, column) for column in columns]
            made.append(_list(self.out, mixed))
        return made

    def __repr__(self) -> str:
        return f"SelfAttention({len(self.query.neurons)}, heads={self.heads})"


class Softmax(Module):
    """e^{x_j} / (e^{x_1} + ... + e^{x_n}) for each j: `autograd.softmax` as a part of networks.

    For training leave it out, and take a loss `from_logits`, which loses nothing.

    >>> [p.data for p in Softmax()([0.0, 0.0])]
    [0.5, 0.5]
    """

    def forward(self, inputs: Iterable[Number]) -> list[Value]:
        """The probabilities."""
        return autograd.softmax(_row(inputs)[1])

    def __repr__(self) -> str:
        return "Softmax()"


def _row(inputs: Any) -> tuple[bool, list[Value]]:
    """Whether it is a single number, and the numbers as Values."""
    inputs = inputs if type(inputs) is list else plain(inputs)
    if isinstance(inputs, Iterable) and not isinstance(inputs, Value):
        return False, [as_value(x, f"x_{{{i}}}") for i, x in enumerate(inputs, start=1)]
    return True, [as_value(inputs, "x")]


def _list(layer: Layer, row: Any) -> list[Value]:
    """What a layer gives, also of a single neuron, as a list."""
    outputs = layer(row)
    return outputs if isinstance(outputs, list) else [outputs]


def _each(function: Operation, inputs: Any) -> Any:
    single, row = _row(inputs)
    return function(row[0]) if single else [function(x) for x in row]


def part_name(part: object) -> str:
    """What a function is called, and a module as it shows itself."""
    if isinstance(part, Operation):
        return part.name
    return repr(part) if isinstance(part, Module) else getattr(part, "__name__", repr(part))
