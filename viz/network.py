"""A network as textbooks draw it: circles in columns, an arrow for each weight."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, chain, pairwise, product
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from autograd import ArgumentError, ArgumentTypeError, topological_order
from viz.picture import (
    Arrow,
    Box,
    Page,
    Picture,
    Sample,
    Scale,
    Style,
    check_text_options,
    measured,
    page_size,
)
from viz.scales import NEGATIVE, POSITIVE, paler
from viz.setting import set_line
from viz.text import number, one_line, symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd import Operation, Value

__all__ = ["Network", "draw_network"]


class _Neuron(Protocol):
    @property
    def weights(self) -> Sequence[Value]: ...
    @property
    def bias(self) -> Value | None: ...
    @property
    def activation(self) -> Operation | str | None: ...


class _Layer(Protocol):
    @property
    def neurons(self) -> Sequence[_Neuron]: ...


class Network(Protocol):
    """What can be drawn: layers of neurons, each with weights, a bias and an activation."""

    @property
    def layers(self) -> Sequence[_Layer]:
        """From the inputs to the outputs."""
        ...


class _Circle(NamedTuple):
    """An input or a neuron, counted from 1, and where it stands; number 0 is those left out."""

    number: int
    x: float
    y: float


# Where there is room for numbers: between two columns one of which is this small, with no more
# arrows than this.
_FEW_CIRCLES: Final = 3
_FEW_ARROWS: Final = 9

# In multiples of the size of text.
_RADIUS: Final = 2.35
_SMALL_RADIUS: Final = 1.5
_GAP: Final = 0.9
_LINE: Final = 1.36
_LABEL: Final = 0.88

_ZERO: Final = "#9a9a9a"
_INPUT: Final = Style("#d6e9f8", "#0067a3", 1.2)
_NEURON: Final = Style("#ffffff", "#5c5c5c", 1.2)
_OUTPUT: Final = Style("#f3d3e4", "#8f1a5b", 1.6)
_NO_BOX: Final = Style("", "")


def draw_network(
    model: Network,
    *,
    title: str = "",
    row: Sequence[float] | None = None,
    gradients: bool = False,
    inputs: Sequence[str] = (),
    numbers: bool | None = None,
    max_neurons: int = 16,
    page: Page | None = None,
    font_size: float = 11.0,
    precision: int = 4,
    legend: bool = True,
) -> Picture:
    r"""The network as circles and arrows: inputs at the left, then a column for each layer.

    Each arrow is a weight: blue if positive, orange if negative, the thicker the larger it is among
    its layer's. In small networks its number stands beside it, and the bias below each neuron;
    larger ones have no room for them, and the picture says what it leaves out.

    model: a module of layers, or anything with `layers`, these with `neurons`, these with
        `weights`, `bias` and `activation`.
    title: a line above the picture.
    row: the inputs of a row: then each circle shows what it computes for them.
    gradients: True shows the gradients of weights and biases too, as the last backward() left them;
        where there is no room for numbers, the arrows show gradients instead of weights.
    inputs: what to call the inputs, as labels; x_1, x_2, ... unless given.
    numbers: True or False to have the numbers beside arrows in any case, or in none.
    max_neurons: the most circles in a column, at least 3; of more, the first ones and the last are
        drawn.
    page, font_size, precision, legend: as for `draw`.

    Raises ArgumentTypeError for what is no network, ArgumentError for one that does not fit
    together and for options that are not possible.

    >>> import nn
    >>> model = nn.MLP(2, [2, 1], init=nn.constant(W=1, b=0))
    >>> picture = draw_network(model, row=[80, 8], inputs=["iq", "cgpa"])
    >>> "W₂₁¹ = 1" in picture.source
    True
    """
    layers = _layers_of(model)
    sizes = [len(layers[0][0].weights), *map(len, layers)]
    if inputs and len(inputs) != sizes[0]:
        raise ArgumentError(
            f"{len(inputs)} names were given for {sizes[0]} inputs", hint="give one for each input"
        )
    check_text_options(font_size, precision)
    if not isinstance(max_neurons, int) or max_neurons < 3:
        raise ArgumentError(f"max_neurons={max_neurons!r} is too few", hint="it is 3 or more")
    columns = [_shown(size, max_neurons) for size in sizes]
    if numbers is None:
        numbers = all(
            min(len(a), len(b)) <= _FEW_CIRCLES and len(a) * len(b) <= _FEW_ARROWS
            for a, b in pairwise(columns)
        )
    names = inputs or [f"x_{{{place}}}" for place in range(1, sizes[0] + 1)]
    activations = None if row is None else _activations(model, layers, row)
    board = _Board(
        layers, columns, list(map(symbol, names)), activations, gradients, numbers, font_size,
        precision,
    )  # fmt: skip
    return board.picture(one_line(title), page_size(page), legend)


def _layers_of(model: Network) -> list[Sequence[_Neuron]]:
    """The neurons of each layer, checked to fit together."""
    try:
        parts: Sequence[_Layer] = ()
        if callable(modules := getattr(model, "modules", None)):
            # All layers that it is made of, however deep, in the order of their numbers.
            parts = [part for part in modules() if part is not model and hasattr(part, "neurons")]
        layers = [layer.neurons for layer in parts or model.layers]
        counts = [[len(neuron.weights) for neuron in neurons] for neurons in layers]
    except AttributeError as error:
        raise ArgumentTypeError(
            f"draw_network() needs a network, not {type(model).__name__}: {error}",
            hint="give an nn.MLP, or anything with layers of neurons; draw() draws Values",
        ) from error
    if not layers or not all(counts):
        raise ArgumentError("the network has no layers, or one without neurons", hint="add neurons")
    sources = counts[0][0]
    for place, of_layer in enumerate(counts, start=1):
        for position, count in enumerate(of_layer, start=1):
            if count != sources or not count:
                raise ArgumentError(
                    f"neuron {position} of layer {place} has {count} weights for {sources} sources",
                    hint="every neuron has a weight for each neuron of the layer before it",
                )
        sources = len(of_layer)
    return layers


def _shown(size: int, most: int) -> list[int]:
    """The numbers of the circles drawn in a column of that size, 0 for those left out."""
    if size <= most:
        return list(range(1, size + 1))
    return [*range(1, most - 1), 0, size]


def _activations(
    model: Any, layers: Sequence[Sequence[_Neuron]], row: Sequence[float]
) -> list[list[float]]:
    """What each circle of each column computes for a row, by the labels of the graph."""
    width = len(layers[0][0].weights)
    try:
        given = [float(x) for x in row]
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"row={row!r} is no row of numbers", hint="give a number for each input: row=[80, 8]"
        ) from error
    if len(given) != width:
        raise ArgumentError(
            f"the row has {len(given)} numbers for {width} inputs", hint="give one for each input"
        )
    if not callable(model):
        raise ArgumentTypeError(
            f"row: {type(model).__name__} cannot be called with a row",
            hint="leave row out, or give a model that computes",
        )
    training = getattr(model, "training", False)
    if training:
        model.eval()  # a norm would learn from the row, a dropout leave something out
    try:
        result = model(given)
    finally:
        if training:
            model.train()
    outputs = list(result) if isinstance(result, list | tuple) else [result]
    found = {n.label: n.data for output in outputs for n in topological_order(output) if n.label}
    columns = [given]
    for place, neurons in enumerate(layers, start=1):
        names = [f"O_{{{_indices(place, j)}}}" for j in range(1, len(neurons) + 1)]
        if place == len(layers) and len(outputs) == len(neurons):
            columns.append([output.data for output in outputs])
        elif all(name in found for name in names):
            columns.append([found[name] for name in names])
        else:
            raise ArgumentError(
                f"row: layer {place} has no results labelled {symbol(names[0])} ...",
                hint="nn's layers label theirs; leave row out for a model that does not",
            )
    return columns


class _Board:
    """One picture in the making."""

    def __init__(
        self,
        layers: list[Sequence[_Neuron]],
        columns: list[list[int]],
        inputs: list[str],
        activations: list[list[float]] | None,
        gradients: bool,
        numbers: bool,
        font_size: float,
        digits: int,
    ) -> None:
        self.layers = layers
        self.inputs = inputs
        self.activations = activations
        self.digits = digits
        self.numbers = numbers
        self.size = font_size
        each = [p for layer in layers for n in layer for p in (*n.weights, n.bias)]
        self.parameters = [p for p in each if p is not None]
        self.asked = gradients
        self.gradients = gradients and any(parameter.grad for parameter in self.parameters)
        self.radius = font_size * (_RADIUS if numbers else _SMALL_RADIUS)
        self.columns = self._placed(columns)

    def _placed(self, columns: list[list[int]]) -> list[list[_Circle]]:
        """Where the circles stand, with room for what is written between and below them."""
        size = self.size
        if self.numbers:
            fewer = [min(len(a), len(b)) for a, b in pairwise(columns)]
            lines = 2 if self.gradients else 1
            height = _LABEL * size * _LINE * lines
            pitch = 2 * self.radius + height + _GAP * size
            pitch = max(pitch, (height + 0.9 * size) * (max(fewer) + 1))
            label = max(self._width(self._text(p, "W_{11}^1")) for p in self.parameters)
            steps = [2 * self.radius + 1.25 * label * max(1.2, 0.62 * few + 0.4) for few in fewer]
            # Steeper arrows would run through what is written below their circle.
            rises = [(len(a) + len(b) - 2) / 2 * pitch for a, b in pairwise(columns)]
            steps = [max(step, 1.05 * rise) for step, rise in zip(steps, rises, strict=True)]
        else:
            pitch = 2 * self.radius + 0.55 * size
            steps = [
                max(13 * size, 1.35 * size * max(len(a), len(b))) for a, b in pairwise(columns)
            ]
        placed = []
        for x, numbers in zip(accumulate(steps, initial=0.0), columns, strict=True):
            top = -(len(numbers) - 1) / 2 * pitch
            placed.append([_Circle(n, x, top + at * pitch) for at, n in enumerate(numbers)])
        return placed

    def _width(self, lines: Sequence[str]) -> float:
        return max(set_line(line, _LABEL * self.size).width for line in lines)

    def picture(self, title: str, page: tuple[float, float] | None, legend: bool) -> Picture:
        """The picture, with everything in it pinned to its place."""
        boxes: list[Box] = []
        places: dict[str, tuple[float, float]] = {}
        for place, column in enumerate(self.columns):
            heading = self._heading(place)
            boxes.append(heading)
            highest = min(column[0].y for column in self.columns) - self.radius
            tall = measured(heading, self.size).height
            places[heading.name] = column[0].x, highest - tall / 2 - 0.5 * self.size
            for circle in column:
                box = self._circle(place, circle)
                boxes.append(box)
                places[box.name] = circle.x, circle.y
        arrows = [
            arrow
            for place, (sources, targets) in enumerate(pairwise(self.columns), start=1)
            for arrow in self._arrows(place, sources, targets)
        ]
        return Picture(
            tuple(boxes),
            tuple(arrows),
            title=title,
            caption=tuple(self._caption()),
            legend=self._legend() if legend else (),
            direction="LR",
            font_size=self.size,
            page=page,
            places=places,
        )

    def _caption(self) -> Iterator[str]:
        left_out = [
            f"{len(self._all(place)) - sum(c.number > 0 for c in column):,} of "
            f"{len(self._all(place)):,} {'neurons of layer ' + str(place) if place else 'inputs'}"
            for place, column in enumerate(self.columns)
            if any(not circle.number for circle in column)
        ]
        if not self.numbers:
            left_out.insert(0, f"the numbers of {len(self.parameters):,} weights and biases")
        if left_out:
            yield f"left out: {', '.join(left_out)}"
        if self.gradients:
            yield "grad: as the last backward() left it; after fit, that is its last step's"
        elif self.asked:
            yield "all gradients are 0: backward() has not run, or zero_grad() ran after it"

    def _all(self, place: int) -> Sequence[object]:
        return self.layers[place - 1] if place else self.inputs

    def _legend(self) -> tuple[Sample | Scale, ...]:
        what = "gradient" if self._shows_gradients() else "weight"
        found = [self._strength(weight) for n in chain(*self.layers) for weight in n.weights]
        entries: list[Sample | Scale] = []
        for colour, name, is_there in (
            (POSITIVE, "positive", any(x > 0 for x in found)),
            (NEGATIVE, "negative", any(x < 0 for x in found)),
            (_ZERO, "0", any(x == 0 for x in found)),
        ):
            if is_there:
                text = f"{what} {name}" if name == "0" else f"{name} {what}"
                dash = _DASH if name == "0" else ()
                style = Style(line=colour, width=0.8 if dash else 2.4, dash=dash)
                entries.append(Sample(style, text, is_line=True))
        if len({abs(x) for x in found if x}) > 1:
            entries[0] = replace(entries[0], text=f"{entries[0].text} (thicker: larger)")
        return tuple(entries)

    def _shows_gradients(self) -> bool:
        return self.gradients and not self.numbers

    def _strength(self, weight: Value) -> float:
        """What an arrow shows by its colour and breadth."""
        return weight.grad if self._shows_gradients() else weight.data

    def _heading(self, place: int) -> Box:
        """What the column is: the inputs, or a layer with its activation."""
        if place == 0:
            count = len(self.inputs)
            lines = ["input" if count == 1 else f"{count} inputs"]
        else:
            neurons = self.layers[place - 1]
            lines = [f"layer {place}", ", ".join(sorted({_activation(n) for n in neurons}))]
            if len(neurons) > len(self.columns[place]):
                lines.insert(0, f"{len(neurons)} neurons")
        return Box(f"heading_{place}", tuple(lines), _NO_BOX, text_size=_LABEL)

    def _circle(self, place: int, circle: _Circle) -> Box:
        if not circle.number:
            return Box(f"more_{place}", ("⋮",), _NO_BOX, text_size=1.4)
        lines = [self._name(place, circle.number)]
        if self.activations is not None:
            digits = self.digits if self.numbers else min(2, self.digits)
            lines.append(number(self.activations[place][circle.number - 1], digits))
        widest = max(set_line(line, self.size).width for line in lines)
        plain = 1.25 if self.numbers and len(lines) == 1 else 1.0 if self.numbers else 0.72
        fitting = min(plain, (1.75 if len(lines) == 1 else 1.6) * self.radius / widest)
        bias: tuple[str, ...] = ()
        if place and self.numbers:
            parameter = self.layers[place - 1][circle.number - 1].bias
            if parameter is not None:
                bias = self._text(parameter, f"b_{{{_indices(place, circle.number)}}}")
        return Box(
            f"n{place}_{circle.number}",
            tuple(lines),
            _NEURON if 0 < place < len(self.layers) else _OUTPUT if place else _INPUT,
            radius=self.radius,
            text_size=fitting,
            below=bias,
        )

    def _name(self, place: int, index: int) -> str:
        if place == 0:
            return self.inputs[index - 1]
        if place < len(self.layers):
            return symbol(f"O_{{{_indices(place, index)}}}")
        return symbol(r"\hat{y}" if len(self.layers[-1]) == 1 else rf"\hat{{y}}_{{{index}}}")

    def _arrows(
        self, place: int, sources: list[_Circle], targets: list[_Circle]
    ) -> Iterator[Arrow]:
        """The arrows into a layer, the strongest on top."""
        neurons = self.layers[place - 1]
        sizes = [abs(self._strength(weight)) for neuron in neurons for weight in neuron.weights]
        largest = max(sizes) or 1.0
        ends = [(s, t) for s, t in product(sources, targets) if s.number and t.number]
        weights = [neurons[t.number - 1].weights[s.number - 1] for s, t in ends]
        both = zip(ends, weights, strict=True)
        for (source, target), weight in sorted(both, key=lambda e: abs(self._strength(e[1]))):
            shown = self._strength(weight)
            part = min(1.0, abs(shown) / largest)
            colour = POSITIVE if shown > 0 else NEGATIVE if shown < 0 else _ZERO
            name = f"W_{{{_indices(source.number, target.number)}}}^{{{place}}}"
            yield Arrow(
                f"n{place - 1}_{source.number}",
                f"n{place}_{target.number}",
                self._text(weight, name) if self.numbers else (),
                colour=colour if self.numbers else paler(colour, 0.75 * (1.0 - part)),
                width=0.5 + 2.2 * part if self.numbers else 0.3 + 1.6 * part,
                dash=() if shown else _DASH,
                label_colour=colour if shown else "#555555",
                head=len(ends) <= 2 * _FEW_ARROWS,
            )

    def _text(self, parameter: Value, name: str) -> tuple[str, ...]:
        """`W₁₁² = 1` and, on a line of its own, `grad 336`; `name` is for one without a label."""
        value = f"{symbol(parameter.label or name)} = {number(parameter.data, self.digits)}"
        if self.gradients:
            return value, f"grad {number(parameter.grad, self.digits)}"
        return (value,)


_DASH: Final = (3.0, 3.0)


def _indices(first: int, second: int) -> str:
    """`12`; `12,3` where one of the two has more digits than one."""
    return f"{first}{',' * (max(first, second) > 9)}{second}"


def _activation(neuron: _Neuron) -> str:
    """The activation's name."""
    activation = neuron.activation
    if activation is None:
        return "linear"
    return activation if isinstance(activation, str) else activation.name
