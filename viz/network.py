"""A network as textbooks draw it: circles in columns, an arrow for each weight."""

from __future__ import annotations

from itertools import accumulate, pairwise, product
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from viz.errors import PictureError
from viz.rendering import Drawing
from viz.text import FONT, number, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import graphviz  # type: ignore[import-untyped]

    from autograd import Operation, Value

__all__ = ["Network", "draw_network"]


class _Neuron(Protocol):
    @property
    def weights(self) -> Sequence[Value]: ...
    @property
    def bias(self) -> Value: ...
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


# Inches.
_RADIUS: Final = 0.36
_SMALL_RADIUS: Final = 0.19
_GAP: Final = 0.12
_LINE: Final = 0.17
_LABEL_WIDTH: Final = 1.2

_MOST_LABELLED: Final = 4  # sources or targets, the fewer of them, for numbers to fit on the arrows
_MOST_ARROWS: Final = 24  # between two columns, for numbers on them

_POSITIVE: Final = "#00598c"
_NEGATIVE: Final = "#d97a1a"
_ZERO: Final = "#b0b0b0"
_STYLES: Final = {
    "input": {"fillcolor": "#d6e9f8", "color": "#0067a3"},
    "neuron": {"fillcolor": "#ffffff", "color": "#6b6b6b"},
}


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
    each neuron; in larger ones there is no room, and the drawing leaves them out. Gradients that
    are all 0 are not shown: then backward() has not run, and the drawing says so.

    model: anything with `layers`, these with `neurons`, these with `weights`, `bias`, `activation`.
    title: a line above the drawing.
    inputs: what to call the inputs, as labels; x_1, x_2, ... unless given.
    digits: significant digits.
    numbers: True or False to have the numbers in any case, or in none.
    max_neurons: the most circles in a column; of more, the first ones and the last are drawn.

    Raises TypeError for what is no network, PictureError for one that does not fit together.

    >>> import nn
    >>> drawing = draw_network(nn.MLP(2, [2, 1], init=nn.constant(W=1, b=0)), inputs=["iq", "cgpa"])
    >>> "W₂₁¹ = 1" in drawing.source
    True
    """
    layers = _checked(model)
    sizes = [len(layers[0][0].weights), *map(len, layers)]
    if inputs and len(inputs) != sizes[0]:
        raise PictureError(
            f"{len(inputs)} names were given for {sizes[0]} inputs", hint="give one for each input"
        )
    if max_neurons < 3:
        raise PictureError(f"max_neurons={max_neurons!r} is too few", hint="3 or more")
    if numbers is None:
        numbers = all(
            min(m, n) <= _MOST_LABELLED and m * n <= _MOST_ARROWS for m, n in pairwise(sizes)
        )
    names = [symbol(name) for name in inputs] or [symbol(f"x_{{{i + 1}}}") for i in range(sizes[0])]
    return _Board(layers, names, digits, numbers, max_neurons).drawing(title)


def _checked(model: Network) -> list[Sequence[_Neuron]]:
    try:
        layers = [layer.neurons for layer in model.layers]
        sizes = [[len(neuron.weights) for neuron in neurons] for neurons in layers]
    except AttributeError as error:
        raise TypeError(
            f"draw_network() needs a network, not {type(model).__name__}: {error}\n"
            "hint: give an nn.MLP, or anything with layers of neurons; draw() draws Values"
        ) from error
    if not layers or not all(layers):
        raise PictureError("the network has no layers or an empty one", hint="add neurons to it")
    sources = sizes[0][0]
    for place, counts in enumerate(sizes, start=1):
        for position, count in enumerate(counts, start=1):
            if count != sources:
                raise PictureError(
                    f"neuron {position} of layer {place} has {count} weights for {sources} sources",
                    hint="every neuron needs a weight for each neuron of the layer before it",
                )
        sources = len(counts)
    return layers


class _Board:
    """One drawing in the making."""

    def __init__(
        self,
        layers: list[Sequence[_Neuron]],
        inputs: list[str],
        digits: int,
        numbers: bool,
        max_neurons: int,
    ) -> None:
        self.layers = layers
        self.inputs = inputs
        self.digits = digits
        self.numbers = numbers
        self.radius = _RADIUS if numbers else _SMALL_RADIUS
        parameters = [
            p for neurons in layers for neuron in neurons for p in (*neuron.weights, neuron.bias)
        ]
        self.gradients = numbers and any(parameter.grad for parameter in parameters)
        self.label_height = _LINE * (2 if self.gradients else 1)
        sizes = [len(inputs), *map(len, layers)]
        self.columns = self._placed([_shown(size, max_neurons) for size in sizes])

    def _placed(self, columns: list[list[int]]) -> list[list[_Circle]]:
        """Where the circles stand, with room for what is written on and below them."""
        fewer = [min(len(a), len(b)) for a, b in pairwise(columns)]
        if self.numbers:
            pitch = max(2 * self.radius + self.label_height, self.label_height * (max(fewer) + 1))
            steps = [(self.radius + _LABEL_WIDTH / 2) * (few + 1) for few in fewer]
        else:
            pitch = 2 * self.radius
            steps = [max(1.4, 0.14 * max(len(a), len(b))) for a, b in pairwise(columns)]
        placed = []
        for x, numbers in zip(accumulate(steps, initial=0.0), columns, strict=True):
            top = (len(numbers) - 1) / 2 * (pitch + _GAP)
            rows = enumerate(numbers)
            placed.append([_Circle(number, x, top - row * (pitch + _GAP)) for row, number in rows])
        return placed

    def drawing(self, title: str) -> Drawing:
        sheet = Drawing(engine="neato")
        sheet.attr(layout="neato", outputorder="edgesfirst", splines="line")
        sheet.attr(fontname=FONT, fontsize="11", labelloc="t", labeljust="l")
        lines = self._caption(title)
        sheet.attr(label="".join(rf"{line}\l" for line in lines))
        sheet.attr("node", fontname=FONT, fontsize="11", fixedsize="true", style="filled")
        sheet.attr("edge", arrowsize="0.6")
        for place, column in enumerate(self.columns):
            self._heading(sheet, place)
            for circle in column:
                self._circle(sheet, place, circle)
        for place, (sources, targets) in enumerate(pairwise(self.columns)):
            self._arrows(sheet, place, sources, targets)
        return sheet

    def _caption(self, title: str) -> list[str]:
        lines = [title.replace("\\", "\\\\")] if title.strip() else []
        if self.numbers and not self.gradients:
            lines.append("all gradients are 0: backward() has not run since the last zero_grad()")
        lines.append("blue: positive weight    orange: negative    the thicker the larger")
        return lines

    def _heading(self, sheet: graphviz.Digraph, place: int) -> None:
        highest = max(column[0].y for column in self.columns) + self.radius
        if place == 0:
            text = f"{len(self.inputs)} input{'s' * (len(self.inputs) != 1)}"
        else:
            neurons = self.layers[place - 1]
            text = f"layer {place}\\n{', '.join(sorted({_activation(n) for n in neurons}))}"
            if len(neurons) > len(self.columns[place]):
                text = f"{text}\\n{len(neurons)} neurons"
        x = self.columns[place][0].x
        _text(sheet, f"heading_{place}", text, x, highest + 0.45, fontcolor="#555555")

    def _circle(self, sheet: graphviz.Digraph, place: int, circle: _Circle) -> None:
        if not circle.number:
            _text(sheet, f"more_{place}", "⋮", circle.x, circle.y, fontsize="16")
            return
        sheet.node(
            f"n{place}_{circle.number}",
            self._symbol(place, circle.number),
            shape="circle",
            pos=_position(circle.x, circle.y),
            width=f"{2 * self.radius:.2f}",
            fontsize="14" if self.numbers else "9",
            **_STYLES["input" if place == 0 else "neuron"],
        )
        if place and self.numbers:
            bias = self.layers[place - 1][circle.number - 1].bias
            below = circle.y - self.radius - self.label_height / 2 - 0.04
            text = self._parameter(bias, f"b_{{{place}{circle.number}}}")
            _text(sheet, f"b{place}_{circle.number}", text, circle.x, below, fontsize="10")

    def _symbol(self, place: int, number: int) -> str:
        if place == 0:
            return self.inputs[number - 1]
        if place == len(self.layers):
            return symbol(r"\hat{y}" if len(self.layers[-1]) == 1 else rf"\hat{{y}}_{{{number}}}")
        comma = "," if max(place, number) > 9 else ""
        return symbol(f"O_{{{place}{comma}{number}}}")

    def _arrows(
        self,
        sheet: graphviz.Digraph,
        place: int,
        sources: list[_Circle],
        targets: list[_Circle],
    ) -> None:
        """The arrows from one column to the next."""
        largest = max(abs(w.data) for neuron in self.layers[place] for w in neuron.weights)
        for source, target in product(sources, targets):
            if not source.number or not target.number:
                continue
            weight = self.layers[place][target.number - 1].weights[source.number - 1]
            share = abs(weight.data) / largest if largest else 0.0
            ends = f"n{place}_{source.number}", f"n{place + 1}_{target.number}"
            sheet.edge(*ends, color=_colour(weight.data), penwidth=f"{0.3 + 2.2 * share:.2f}")
            if self.numbers:
                few_targets = len(targets) <= len(sources)
                # So the labels between two columns stand at equal distances above each other.
                along = 1 / (len(targets) + 1) if few_targets else len(sources) / (len(sources) + 1)
                x = source.x + along * (target.x - source.x)
                y = source.y + along * (target.y - source.y)
                text = self._parameter(weight, f"W_{{{source.number}{target.number}}}^{place + 1}")
                name = f"w{place + 1}_{source.number}_{target.number}"
                _text(sheet, name, text, x, y, fontsize="10")

    def _parameter(self, parameter: Value, name: str) -> str:
        """`W₁₁² = 1` and, on a line of its own, `grad 336`."""
        text = f"{symbol(parameter.label or name)} = {number(parameter.data, self.digits)}"
        if self.gradients:
            text += f"\\ngrad {number(parameter.grad, self.digits)}"
        return text


def _shown(size: int, most: int) -> list[int]:
    """The numbers of the circles drawn in a column of that size, 0 for those left out."""
    if size <= most:
        return list(range(1, size + 1))
    return [*range(1, most - 1), 0, size]


def _activation(neuron: _Neuron) -> str:
    """The activation's name."""
    activation = neuron.activation
    if activation is None:
        return "linear"
    return activation if isinstance(activation, str) else activation.name


def _colour(weight: float) -> str:
    return _POSITIVE if weight > 0 else _NEGATIVE if weight < 0 else _ZERO


def _position(x: float, y: float) -> str:
    return f"{x:.3f},{y:.3f}!"  # the mark keeps neato from moving it


def _text(
    sheet: graphviz.Digraph, name: str, text: str, x: float, y: float, **attributes: str
) -> None:
    """Text on white ground, so that lines behind it do not disturb it."""
    lines = text.count("\\n") + 1
    longest = max(text.split("\\n"), key=len)
    sheet.node(
        name,
        text,
        shape="box",
        pos=_position(x, y),
        fillcolor="white",
        color="white",
        width=f"{0.09 * len(longest):.2f}",
        height=f"{_LINE * lines:.2f}",
        **attributes,
    )
