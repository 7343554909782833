"""viz/drawing.py: a drawing shows the graph, and the chain rule can be read off it."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING, Any

import graphviz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import viz
from autograd import ArgumentError, ArgumentTypeError, Value, no_grad, topological_order
from tests.graphs import lpa, micrograd, random_graphs, softmax_cross_entropy
from tests.legibility import (
    Reading,
    layout_of,
    number_in,
    overflowing,
    overlapping,
    read,
)
from viz import draw
from viz.text import plain, symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from viz.layout import Renderer

RENDERERS: list[Any] = [
    "embedded",
    pytest.param(
        "system",
        marks=pytest.mark.skipif(shutil.which("dot") is None, reason="there is no dot here"),
    ),
]


def line(reading: Reading, name: str, beginning: str) -> str | None:
    """The line of a box that begins so."""
    return next((text for text in reading.boxes[name] if text.startswith(beginning)), None)


def gradient(reading: Reading, name: str) -> float | None:
    text = line(reading, name, "grad ")
    return None if text is None else number_in(text)


@settings(max_examples=60)
@given(random_graphs(), st.sampled_from(["full", "labelled"]), st.sampled_from(["TB", "LR"]))
def test_the_chain_rule_can_be_read_off_the_picture(root: Value, detail: Any, rankdir: Any) -> None:
    root.backward()
    reading = read(draw(root, detail=detail, rankdir=rankdir, digits=17, legend=False))
    last = max(reading.boxes, key=lambda name: int(name[1:]))
    assert gradient(reading, last) == 1.0
    for name in reading.boxes:
        written = gradient(reading, name)
        if name != last and written is not None:
            brought = 0.0
            for arrow in reading.arrows:
                if arrow.start == name:
                    above = gradient(reading, arrow.end)
                    assert above is not None
                    brought += number_in(arrow.label) * above
            assert math.isclose(written, brought, rel_tol=1e-9, abs_tol=1e-9)


def test_the_notes_network_in_full() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss))
    found = {text for lines in reading.boxes.values() for text in lines}
    assert {"ŷ = 176", "O₁₁ = 88", "O₁₂ = 88", "L = 28224", "xᵢ₁ = 80", "y = 8"} <= found
    assert {"grad 29568", "grad 26880", "grad 2688", "grad 336", "grad −336", "grad 1"} <= found
    assert {"×", "+", "−", "□²"} <= found
    assert {"input", "parameter", "operation", "intermediate", "loss"} <= found
    assert sorted(reading.groups) == ["layer 1, neuron 1", "layer 1, neuron 2", "layer 2, neuron 1"]
    assert all(len(names) == 7 for names in reading.groups.values())
    assert reading.caption == [
        "grad: ∂L/∂(box); on an arrow: ∂(its end)/∂(its start)",
        "chain rule at W₁₁²: 88 × 336 = 29568",
    ]


def test_the_notes_network_by_its_labels() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, detail="labelled", legend=False))
    assert len(reading.boxes) == 16
    found = [lines[0] for lines in reading.boxes.values()]
    assert "ŷ = W₁₁² O₁₁ + W₂₁² O₁₂ + b₂₁ = 176" in found
    assert "L = (y − ŷ)² = 28224" in found


def test_a_plus_a_has_two_arrows_and_gradient_2() -> None:
    a = Value(3.0, "a")
    b = a + a
    b.backward()
    reading = read(draw(b, legend=False))
    assert [arrow.label for arrow in reading.arrows] == ["1", "1"]
    assert reading.boxes["n0"] == ["a = 3", "grad 2"]


def test_before_backward_there_are_no_gradients_and_it_says_so() -> None:
    reading = read(draw(lpa(), title="The notes' network"))
    assert reading.caption == [
        "The notes' network",
        "backward() has not run: there are no gradients yet",
    ]
    assert not any("grad" in text for lines in reading.boxes.values() for text in lines)
    assert any(arrow.label == "80" for arrow in reading.arrows)


def test_without_gradients_on_request() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, grad=False))
    assert not any("grad" in text for lines in reading.boxes.values() for text in lines)
    assert not any(arrow.label for arrow in reading.arrows)
    assert reading.caption == []


def test_a_second_backward_is_marked() -> None:
    a = Value(3.0, "a")
    b = a * a
    b.backward()
    b.backward()
    reading = read(draw(b))
    assert "grad 12 *" in reading.boxes["n0"]
    assert any(text.startswith("* is not what the arrows bring") for text in reading.caption)


def test_no_gradient_passes_where_the_line_is_dashed() -> None:
    x = Value(-1.0, "x")
    y = x.relu()
    y.backward()
    (arrow,) = read(draw(y, legend=False)).arrows
    assert (arrow.label, arrow.style) == ("0", "dashed")


def test_constants_have_neither_gradient_nor_derivative() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x").detach()
    y = w * x
    y.backward()
    reading = read(draw(y, legend=False))
    names = {lines[0]: name for name, lines in reading.boxes.items()}
    assert reading.boxes[names["x = 3"]] == ["x = 3"]
    labels = {arrow.start: arrow.label for arrow in reading.arrows}
    assert labels == {names["w = 2"]: "3", names["x = 3"]: ""}


def test_parameters_are_told_by_name_or_by_the_caller() -> None:
    c = Value(2.0, "c")
    y = c * Value(3.0, "x")
    assert read(draw(y)).boxes.keys() >= {"a_input", "a_output"}
    assert "a_parameter" not in read(draw(y)).boxes
    assert "a_parameter" in read(draw(y, parameters=iter([c]))).boxes


def test_the_same_graph_gives_the_same_text() -> None:
    def made(make: Callable[[], Value]) -> str:
        root = make()
        root.backward()
        return str(draw(root).source)

    for make in (lpa, micrograd, softmax_cross_entropy):
        assert made(make) == made(make)


def test_it_is_a_graphviz_digraph_that_leaves_the_graph_alone() -> None:
    loss = lpa()
    before = [(node.data, node.grad, node.label) for node in topological_order(loss)]
    assert isinstance(draw(loss), graphviz.Digraph)
    assert before == [(node.data, node.grad, node.label) for node in topological_order(loss)]


@settings(max_examples=60)
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["TB", "LR"]))
def test_any_label_and_title_is_shown_as_it_is(label: str, title: str, rankdir: Any) -> None:
    x = Value(2.0, label)
    y = x * Value(1.0, label)
    y.label = label
    y.backward()
    reading = read(draw(y, title=title, rankdir=rankdir))
    shown = f"{plain(symbol(label))} = 2" if symbol(label) else "2"
    of = plain(symbol(label)) or "(result)"
    assert f"grad: ∂{of}/∂(box); on an arrow: ∂(its end)/∂(its start)" in reading.caption
    assert not plain(title) or reading.caption[0] == plain(title)
    assert reading.boxes["n0"] == [shown, "grad 1"]
    assert reading.boxes["n2"] == ["×", shown, "grad 1"]


def test_what_was_not_recorded() -> None:
    with no_grad():
        y = Value(2.0, "x") * 3
    reading = read(draw(y))
    assert reading.caption == ["a constant: no graph was recorded, as under no_grad()"]
    assert reading.boxes["n0"] == ["6"]


def test_of_literals_only_the_result_is_a_box() -> None:
    reading = read(draw(Value(2.0).detach().exp() + 1, legend=False))
    assert ["exp(2)", "7.389"] in reading.boxes.values()


def test_too_many_nodes_to_read() -> None:
    x = y = Value(0.5, "x")
    for _ in range(300):
        y = y.tanh()
    with pytest.raises(viz.PictureError) as error:
        draw(y)
    assert "301 boxes" in str(error.value)
    assert "200" in str(error.value)
    assert "2 labelled nodes with detail='labelled'" in error.value.hint
    assert "draw_network" in error.value.hint
    assert len(read(draw(y, detail="labelled", legend=False)).boxes) == 2
    assert len(read(draw(y, max_nodes=301, legend=False)).boxes) == 301
    assert x.label == "x"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"detail": "some"}, "full, labelled"),
        ({"rankdir": "UP"}, "TB, LR"),
        ({"digits": 0}, "1 to 17"),
        ({"digits": 2.5}, "1 to 17"),
    ],
)
def test_options_that_do_not_exist(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        draw(Value(1.0), **options)


@pytest.mark.parametrize(
    ("thing", "hint"),
    [(3.0, "draw\\(loss\\)"), ([], "draw\\(loss\\)"), (nn.MLP(1, [1]), "network")],
)
def test_only_values_are_drawn(thing: Any, hint: str) -> None:
    with pytest.raises(ArgumentTypeError, match=hint):
        draw(thing)


def drawings() -> dict[str, Callable[[], graphviz.Digraph]]:
    """Drawings that people will look at, each in both directions and both details."""

    def network(sizes: list[int]) -> Value:
        model = nn.MLP(2, sizes, activation="tanh", seed=1)
        outputs = model([0.3, -0.7])
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return nn.mse(outputs, [1.0] * len(outputs)) if len(outputs) == 1 else sum(
            ((output - 1) ** 2 for output in outputs), start=Value(0.0, "c")
        )  # fmt: skip

    def extremes() -> Value:
        x, y, k = Value(1e-12, "x"), Value(123456789.123, "y"), Value(-3.3e15, "k")
        return x * y + k * x

    roots: dict[str, Callable[[], Value]] = {
        "lpa": lpa,
        "two rows": lambda: lpa(2),
        "micrograd": micrograd,
        "softmax": softmax_cross_entropy,
        "extremes": extremes,
        "2-3-1": lambda: network([3, 1]),
        "2-2-2": lambda: network([2, 2]),
    }

    def made(make: Callable[[], Value], detail: Any, rankdir: Any) -> graphviz.Digraph:
        root = make()
        root.backward()
        return draw(root, title="A title", detail=detail, rankdir=rankdir)

    return {
        f"{name} {detail} {rankdir}": lambda make=make, d=detail, r=rankdir: made(make, d, r)
        for name, make in roots.items()
        for detail in ("full", "labelled")
        for rankdir in ("TB", "LR")
    }


DRAWINGS = drawings()


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("name", DRAWINGS)
def test_no_text_is_in_anothers_way_or_outside_its_box(name: str, renderer: Renderer) -> None:
    layout = layout_of(DRAWINGS[name](), renderer)
    assert overlapping(layout) == []
    assert overflowing(layout) == []


def test_the_notes_network_fits_a_page_and_a_notebook() -> None:
    loss = lpa()
    loss.backward()
    _, _, width, height = map(float, layout_of(draw(loss))["bb"].split(","))
    assert width * 96 / 72 < 1000
    assert height * 96 / 72 < 1300


def test_neurons_and_inputs_stand_in_their_order() -> None:
    output = nn.MLP(3, [4, 1], seed=2)([1.0, 2.0, 3.0])
    assert isinstance(output, Value)
    objects = layout_of(draw(output))["objects"]
    places = {o["label"]: float(o["bb"].split(",")[0]) for o in objects if "bb" in o}
    row = [f"layer 1, neuron {index}" for index in (1, 2, 3, 4)]
    assert sorted(row, key=places.__getitem__) == row
    inputs = {o["label"][:2]: float(o["pos"].split(",")[0]) for o in objects if "pos" in o}
    assert inputs["x₁"] < inputs["x₂"] < inputs["x₃"]


def test_viz_exports_it() -> None:
    assert viz.draw is draw
