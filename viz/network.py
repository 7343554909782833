"""A network as textbooks draw it: circles in columns, an arrow for each weight."""

from __future__ import annotations

from itertools import accumulate, pairwise, product
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from autograd import ArgumentError, ArgumentTypeError
from viz.extras import for_pictures
from viz.rendering import Drawing
from viz.text import FONT, number, plain, symbol

with for_pictures():
    import graphviz  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Sequence

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

# Lengths are in inches, as Graphviz has them, sizes of text in points.
_RADIUS: Final = 0.36
_SMALL_RADIUS: Final = 0.19
_GAP: Final = 0.15
_LINE: Final = 0.175
_TEXT: Final = 10.0
_SYMBOL: Final = 14.0
_SMALL_SYMBOL: Final = 9.0

_POSITIVE: Final = "#00598c"
_NEGATIVE: Final = "#d97a1a"
_ZERO: Final = "#b0b0b0"
_INPUT: Final = {"fillcolor": "#d6e9f8", "color": "#0067a3"}
_NEURON: Final = {"fillcolor": "#ffffff", "color": "#6b6b6b"}


def draw_network(
    model: Network,
    *,
    title: str = "",
    inputs: Sequence[str] = (),
    digits: int = 4,
    numbers: bool | None = None,
    max_neurons: int = 16,
) -> graphviz.Digraph:
    r"""The network as circles and arrows: inputs at the left, then a column for each layer.

    Each arrow is a weight: blue if positive, orange if negative, the thicker the larger it is among
    its layer's. In small networks its number and gradient stand on it, and those of the bias below
    each neuron; larger ones have no room for them. Gradients that are all 0 are not shown: then
    backward() has not run, and the drawing says so.

    model: a module of layers, or anything with `layers`, these with `neurons`, these with
        `weights`, `bias` and `activation`.
    title: a line above the drawing.
    inputs: what to call the inputs, as labels; x_1, x_2, ... unless given.
    digits: significant digits, 1 to 17.
    numbers: True or False to have the numbers in any case, or in none.
    max_neurons: the most circles in a column, at least 3; of more, the first ones and the last are
        drawn.

    Raises ArgumentTypeError for what is no network, ArgumentError for one that does not fit
    together and for options that are not possible.

    >>> import nn
    >>> drawing = draw_network(nn.MLP(2, [2, 1], init=nn.constant(W=1, b=0)), inputs=["iq", "cgpa"])
    >>> "W₂₁¹ = 1" in drawing.source
    True
    """
    layers = _layers_of(model)
    sizes = [len(layers[0][0].weights), *map(len, layers)]
    if inputs and len(inputs) != sizes[0]:
        raise ArgumentError(
            f"{len(inputs)} names were given for {sizes[0]} inputs", hint="give one for each input"
        )
    if not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ArgumentError(f"digits={digits!r} is not possible", hint="digits is from 1 to 17")
    if max_neurons < 3:
        raise ArgumentError(f"max_neurons={max_neurons!r} is too few", hint="it is 3 or more")
    columns = [_shown(size, max_neurons) for size in sizes]
    if numbers is None:
        numbers = all(
            min(len(a), len(b)) <= _FEW_CIRCLES and len(a) * len(b) <= _FEW_ARROWS
            for a, b in pairwise(columns)
        )
    names = inputs or [f"x_{{{place}}}" for place in range(1, sizes[0] + 1)]
    return _Board(
        layers, columns, [plain(symbol(name)) for name in names], digits, numbers
    ).drawing(title)


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


class _Board:
    """One drawing in the making."""

    def __init__(
        self,
        layers: list[Sequence[_Neuron]],
        columns: list[list[int]],
        inputs: list[str],
        digits: int,
        numbers: bool,
    ) -> None:
        self.layers = layers
        self.inputs = inputs
        self.digits = digits
        self.numbers = numbers
        self.radius = _RADIUS if numbers else _SMALL_RADIUS
        each = [p for layer in layers for n in layer for p in (*n.weights, n.bias)]
        parameters = [p for p in each if p is not None]
        self.gradients = numbers and any(parameter.grad for parameter in parameters)
        self.columns = self._placed(columns, parameters)

    def _placed(self, columns: list[list[int]], parameters: list[Value]) -> list[list[_Circle]]:
        """Where the circles stand, with room for what is written between and below them."""
        if self.numbers:
            fewer = [min(len(a), len(b)) for a, b in pairwise(columns)]
            height = self._label_height()
            pitch = max(2 * self.radius + height, (height + 0.06) * (max(fewer) + 1)) + _GAP
            label = max(_width(self._text(parameter, "W_{11}^1")) for parameter in parameters)
            beside = max(self.radius, label / 2) + 2 * _GAP + label / 2
            steps = [(few + 1) * beside for few in fewer]
        else:
            pitch = 2 * self.radius + _GAP
            steps = [max(1.6, 0.2 * max(len(a), len(b))) for a, b in pairwise(columns)]
        placed = []
        for x, numbers in zip(accumulate(steps, initial=0.0), columns, strict=True):
            top = (len(numbers) - 1) / 2 * pitch
            placed.append([_Circle(n, x, top - row * pitch) for row, n in enumerate(numbers)])
        return placed

    def _label_height(self) -> float:
        return _LINE * (2 if self.gradients else 1)

    def drawing(self, title: str) -> Drawing:
        """The drawing, with everything in it pinned to its place."""
        lines = [plain(title)] if plain(title) else []
        if self.numbers and not self.gradients:
            lines.append("all gradients are 0: backward() has not run, or zero_grad() ran after it")
        lines.append("blue: positive weight; orange: negative; the thicker the larger")
        sheet = Drawing(engine="neato")
        sheet.attr(layout="neato", outputorder="edgesfirst", splines="line")
        sheet.attr(fontname=FONT, fontsize="11", labelloc="t", labeljust="l")
        sheet.attr(label="".join(rf"{line}\l" for line in lines))
        sheet.attr("node", fontname=FONT, fontsize=f"{_TEXT}", fixedsize="true", style="filled")
        sheet.attr("edge", arrowsize="0.6")
        for place, column in enumerate(self.columns):
            self._heading(sheet, place)
            for circle in column:
                self._circle(sheet, place, circle)
        for place, (sources, targets) in enumerate(pairwise(self.columns), start=1):
            self._arrows(sheet, place, sources, targets)
        return sheet

    def _heading(self, sheet: graphviz.Digraph, place: int) -> None:
        """What the column is: the inputs, or a layer with its activation."""
        if place == 0:
            lines = ["input" if len(self.inputs) == 1 else f"{len(self.inputs)} inputs"]
        else:
            neurons = self.layers[place - 1]
            lines = [f"layer {place}", ", ".join(sorted({_activation(n) for n in neurons}))]
            if len(neurons) > len(self.columns[place]):
                lines.insert(0, f"{len(neurons)} neurons")
        highest = max(column[0].y for column in self.columns) + self.radius
        y = highest + _GAP + _LINE * 1.5
        x = self.columns[place][0].x
        _write(sheet, f"heading_{place}", lines, x, y, fontcolor="#555555")

    def _circle(self, sheet: graphviz.Digraph, place: int, circle: _Circle) -> None:
        if not circle.number:
            _write(sheet, f"more_{place}", ["⋮"], circle.x, circle.y, fontsize="16")
            return
        name = self._name(place, circle.number)
        size = _SYMBOL if self.numbers else _SMALL_SYMBOL
        fitting = size * min(1.0, 1.8 * self.radius / _width([name], size))
        sheet.node(
            f"n{place}_{circle.number}",
            graphviz.nohtml(name),
            shape="circle",
            pos=_position(circle.x, circle.y),
            width=f"{2 * self.radius:.2f}",
            fontsize=f"{fitting:.1f}",
            **(_NEURON if place else _INPUT),
        )
        if place and self.numbers:
            bias = self.layers[place - 1][circle.number - 1].bias
            if bias is None:
                return
            text = self._text(bias, f"b_{{{_indices(place, circle.number)}}}")
            y = circle.y - self.radius - self._label_height() / 2 - 0.03
            _write(sheet, f"b{place}_{circle.number}", text, circle.x, y)

    def _name(self, place: int, index: int) -> str:
        if place == 0:
            return self.inputs[index - 1]
        if place < len(self.layers):
            return symbol(f"O_{{{_indices(place, index)}}}")
        return symbol(r"\hat{y}" if len(self.layers[-1]) == 1 else rf"\hat{{y}}_{{{index}}}")

    def _arrows(
        self, sheet: graphviz.Digraph, place: int, sources: list[_Circle], targets: list[_Circle]
    ) -> None:
        """The arrows into a layer, the strongest on top."""
        neurons = self.layers[place - 1]
        largest = max(abs(weight.data) for neuron in neurons for weight in neuron.weights) or 1.0
        ends = [(s, t) for s, t in product(sources, targets) if s.number and t.number]
        weights = [neurons[t.number - 1].weights[s.number - 1] for s, t in ends]
        by_size = sorted(zip(ends, weights, strict=True), key=lambda each: abs(each[1].data))
        for (source, target), weight in by_size:
            sheet.edge(
                f"n{place - 1}_{source.number}",
                f"n{place}_{target.number}",
                color=_colour(weight.data),
                penwidth=f"{0.3 + 1.7 * abs(weight.data) / largest:.2f}",
                arrowhead="normal" if len(ends) <= 2 * _FEW_ARROWS else "none",
            )
            if self.numbers:
                # At this part of the way all labels between two columns are equally far apart.
                n, m = len(targets), len(sources)
                along = 1 / (n + 1) if n <= m else m / (m + 1)
                x, y = (a + along * (b - a) for a, b in zip(source[1:], target[1:], strict=True))
                name = f"W_{{{_indices(source.number, target.number)}}}^{{{place}}}"
                at = f"w{place}_{source.number}_{target.number}"
                _write(sheet, at, self._text(weight, name), x, y)

    def _text(self, parameter: Value, name: str) -> list[str]:
        """`W₁₁² = 1` and, on a line of its own, `grad 336`; `name` is for one without a label."""
        lines = [f"{symbol(parameter.label or name)} = {number(parameter.data, self.digits)}"]
        if self.gradients:
            lines.append(f"grad {number(parameter.grad, self.digits)}")
        return lines


def _indices(first: int, second: int) -> str:
    """`12`; `12,3` where one of the two has more digits than one."""
    return f"{first}{',' * (max(first, second) > 9)}{second}"


def _activation(neuron: _Neuron) -> str:
    """The activation's name."""
    activation = neuron.activation
    if activation is None:
        return "linear"
    return activation if isinstance(activation, str) else activation.name


def _colour(weight: float) -> str:
    return _POSITIVE if weight > 0 else _NEGATIVE if weight < 0 else _ZERO


def _width(lines: Sequence[str], size: float = _TEXT) -> float:
    """How wide the longest line of text is."""
    from viz import fonts  # noqa: PLC0415 - loads matplotlib

    return max(fonts.width(line, size) for line in lines) / 72


def _position(x: float, y: float) -> str:
    return f"{x:.3f},{y:.3f}!"  # the mark keeps neato from moving it


def _write(
    sheet: graphviz.Digraph, name: str, lines: list[str], x: float, y: float, **attributes: str
) -> None:
    """Text on white ground, so that no line runs through it."""
    sheet.node(
        name,
        r"\n".join(map(plain, lines)),
        shape="box",
        pos=_position(x, y),
        fillcolor="white",
        color="white",
        width=f"{_width(lines) + 0.06:.2f}",
        height=f"{_LINE * len(lines):.2f}",
        **attributes,
    )
