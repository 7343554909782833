"""viz/drawing.py: a drawing shows the graph, and the chain rule can be read off it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import viz
from autograd import ArgumentError, ArgumentTypeError, Value, no_grad, topological_order
from tests.graphs import lpa, micrograd, random_graphs, softmax_cross_entropy
from tests.legibility import Reading, faults, number_in, outline, parts, read, strings, svg
from viz import draw
from viz.text import one_line, symbol

if TYPE_CHECKING:
    from collections.abc import Callable


def line(reading: Reading, name: str, beginning: str) -> str | None:
    """The line of a box that begins so."""
    return next((text for text in reading.boxes[name] if text.startswith(beginning)), None)


def gradient(reading: Reading, name: str) -> float | None:
    text = line(reading, name, "grad ")
    return None if text is None else number_in(text)


@settings(max_examples=60)
@given(
    random_graphs(),
    st.sampled_from(["nothing", "sums", "labels", "neurons"]),
    st.sampled_from(["TB", "LR"]),
)
def test_the_chain_rule_can_be_read_off_the_picture(
    root: Value, collapse: Any, direction: Any
) -> None:
    root.backward()
    picture = draw(root, collapse=collapse, direction=direction, precision=17, legend=False)
    reading = read(picture)
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
    assert {"×", "+", "−", "(…)²"} <= found
    assert {"input", "parameter", "intermediate", "loss"} <= set(reading.legend)
    assert {"−29568", "0", "29568"} <= set(reading.legend)
    assert sorted(reading.groups) == ["layer 1", "layer 2, neuron 1", "neuron 1", "neuron 2"]
    for group in ("neuron 1", "neuron 2", "layer 2, neuron 1"):
        assert len(reading.groups[group]) == 7
    assert reading.groups["layer 1"] == reading.groups["neuron 1"] | reading.groups["neuron 2"]
    assert reading.caption == [
        "grad: ∂L/∂(box); on an arrow: ∂(its end)/∂(its start)",
        "chain rule at W₁₁²: 88 × 336 = 29568",
    ]


def test_the_notes_network_by_its_labels() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, collapse="labels", legend=False))
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
    assert "gets no gradient" not in reading.legend
    assert not any("grad" in text for lines in reading.boxes.values() for text in lines)
    assert any(arrow.label == "80" for arrow in reading.arrows)


@pytest.mark.parametrize("show", [["data"], "data", ("data",)])
def test_only_numbers_on_request(show: Any) -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, show=show))
    assert not any("grad" in text for lines in reading.boxes.values() for text in lines)
    assert not any(arrow.label for arrow in reading.arrows)
    assert reading.caption == []
    assert "ŷ = 176" in {text for lines in reading.boxes.values() for text in lines}


def test_no_numbers_but_gradients_on_request() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, show="grad"))
    found = {text for lines in reading.boxes.values() for text in lines}
    assert {"ŷ", "L", "grad 336"} <= found
    assert not any("176" in text for text in found)
    assert not any(arrow.label for arrow in reading.arrows)


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
    assert (arrow.label, arrow.dashed) == ("0", True)


def test_constants_have_neither_gradient_nor_derivative() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x").detach()
    y = w * x
    y.backward()
    reading = read(draw(y, legend=False))
    names = {lines[0]: name for name, lines in reading.boxes.items()}
    assert reading.boxes[names["x = 3"]] == ["x = 3"]
    labels = {arrow.start: arrow.label for arrow in reading.arrows}
    assert labels == {names["w = 2"]: "3", names["x = 3"]: ""}


def test_what_gets_no_gradient_looks_unlike_a_gradient_of_0() -> None:
    x, w, c = Value(0.0, "x"), Value(2.0, "w"), Value(0.0, "c").detach()
    y = w * x + w * c
    y.backward()
    picture = draw(y)
    reading = read(picture)
    names = {lines[0]: name for name, lines in reading.boxes.items()}
    assert reading.boxes[names["c = 0"]] == ["c = 0"]
    assert reading.boxes[names["w = 2"]][1:] == ["grad 0", "0: its factor x is 0"]
    dashed = {
        part.get("id")
        for part in parts(svg(picture), "node")
        if any(path.get("stroke-dasharray") for path in part)
    }
    assert dashed == {names["c = 0"]}
    assert {"gets no gradient", "nothing passes"} <= set(reading.legend)


def test_relus_that_are_off_and_saturated_neurons_are_marked() -> None:
    x = Value(-2.0, "x")
    y = x.relu() + (x * 2).tanh()
    y.backward()
    found = [text for lines in read(draw(y)).boxes.values() for text in lines]
    assert "relu is off: its input is −2" in found
    assert any(text.startswith("saturated: slope 0.0013") for text in found)


def test_parameters_are_told_by_name_or_by_the_caller() -> None:
    c = Value(2.0, "c")
    y = c * Value(3.0, "x")
    assert {"input", "output"} <= set(read(draw(y)).legend)
    assert "parameter" not in read(draw(y)).legend
    assert "parameter" in read(draw(y, parameters=iter([c]))).legend


def test_the_same_graph_gives_the_same_text() -> None:
    def made(make: Callable[[], Value]) -> str:
        root = make()
        root.backward()
        return str(draw(root).source)

    for make in (lpa, micrograd, softmax_cross_entropy):
        assert made(make) == made(make)


@pytest.mark.parametrize("name", ["lpa", "micrograd", "softmax_cross_entropy"])
def test_the_text_of_a_picture_is_as_it_was(name: str) -> None:
    """Renewed by `python -m tests.pictures`, and looked at."""
    from tests.pictures import GRAPHS, file_of  # noqa: PLC0415 - itself on this file's graphs

    assert GRAPHS[name]().source == file_of(name).read_text(encoding="utf-8")


def test_it_leaves_the_graph_alone() -> None:
    loss = lpa()
    before = [(node.data, node.grad, node.label) for node in topological_order(loss)]
    assert isinstance(draw(loss), viz.Picture)
    assert before == [(node.data, node.grad, node.label) for node in topological_order(loss)]


@settings(max_examples=60)
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["TB", "LR"]))
def test_any_label_and_title_is_shown_as_it_is(label: str, title: str, direction: Any) -> None:
    x = Value(2.0, label)
    y = x * Value(1.0, label)
    y.label = label
    y.backward()
    reading = read(draw(y, title=title, direction=direction, legend=False))
    shown = f"{symbol(label)} = 2" if symbol(label) else "2"
    assert " ".join(reading.caption).replace("   ", " ") == " ".join(one_line(title).split())
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


def chain(length: int) -> Value:
    y = Value(0.5, "x")
    for _ in range(length):
        y = y.tanh()
    return y


def test_too_many_boxes_to_read() -> None:
    y = chain(2100)
    with pytest.raises(viz.PictureError) as error:
        draw(y)
    assert "2,101 boxes" in str(error.value)
    assert "the limit is 2,000" in str(error.value)
    for choice in ("depth=", "only=", "collapse='labels'", "draw_network"):
        assert choice in error.value.hint
    assert len(read(draw(y, collapse="labels", legend=False)).boxes) == 2
    assert len(read(draw(y, depth=5, legend=False)).boxes) == 6


def network(sizes: list[int], inputs: int = 2, activation: str = "tanh") -> Value:
    """A loss of a network with that many neurons in its layers."""
    model = nn.MLP(inputs, sizes, activation=activation, seed=1)
    outputs = model([0.3, -0.7, 1.9][:inputs])
    outputs = outputs if isinstance(outputs, list) else [outputs]
    loss = nn.mse(outputs, [1.0] * len(outputs)) if len(outputs) == 1 else sum(
        ((output - 1) ** 2 for output in outputs), start=Value(0.0, "c")
    )  # fmt: skip
    loss.backward()
    return loss


# Folding


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([2, 1], ""),
        ([4, 1], "each sum and product is one box"),
        ([6, 2], "each neuron is one box"),
        ([40, 2], "each layer is one box"),
    ],
)
def test_what_does_not_fit_is_folded_and_it_is_said(sizes: list[int], words: str) -> None:
    reading = read(draw(network(sizes)))
    assert len(reading.boxes) <= 40
    folded = [line for line in reading.caption if line.startswith("folded")]
    assert bool(folded) == bool(words)
    assert not words or folded[0].endswith(words)


def test_sums_are_one_box_and_arrows_lead_through_them() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, collapse="sums"))
    name = next(n for n, lines in reading.boxes.items() if "O₁₁ = 88" in lines)
    assert reading.boxes[name] == ["Σ×", "O₁₁ = 88", "grad 336"]
    labels = {reading.boxes[a.start][0]: a.label for a in reading.arrows if a.end == name}
    assert labels == {"W₁₁¹ = 1": "80", "xᵢ₁ = 80": "1", "W₂₁¹ = 1": "8", "xᵢ₂ = 8": "1",
                      "b₁₁ = 0": "1"}  # fmt: skip
    assert "a sum of products" in reading.legend


def test_a_neuron_is_one_box_and_says_what_is_in_it() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, collapse="neurons"))
    name = next(n for n, lines in reading.boxes.items() if "O₁₁ = 88" in lines)
    assert reading.boxes[name][1:] == ["O₁₁ = 88", "grad 336", "3 parameters, |grad| ≤ 26880"]
    assert not any("W" in line for lines in reading.boxes.values() for line in lines)


def test_a_layer_is_one_box() -> None:
    reading = read(draw(network([5, 2]), collapse="layers"))
    (layer,) = [lines for lines in reading.boxes.values() if lines[0] == "5 neurons"]
    assert layer[1].startswith("O₁₁ = ")
    assert layer[4:] == ["⋮ 5 in all", "15 parameters, |grad| ≤ " + layer[-1].split()[-1]]
    assert len(reading.boxes) < 12


@settings(max_examples=40)
@given(random_graphs(), st.sampled_from(["sums", "labels", "neurons", "layers"]))
def test_folding_leaves_what_is_asked_for(root: Value, collapse: Any) -> None:
    root.backward()
    order = topological_order(root)
    inner = [node for node in order if not node.is_leaf]
    wanted = inner[len(inner) // 2]
    picture = draw(root, collapse=collapse, highlight=wanted)
    assert f"n{order.index(wanted)}" in {box.name for box in picture.boxes}


# A part of the graph


def test_only_the_way_to_a_node() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, only="W_{11}^1"))
    found = [lines[-2] if len(lines) > 1 else lines[0] for lines in reading.boxes.values()]
    assert sorted(found) == sorted(
        ["W₁₁¹ = 1", "80", "88", "O₁₁ = 88", "88", "176", "ŷ = 176", "−168", "L = 28224"]
    )
    assert "left out: 17 other boxes" in reading.caption


def test_near_the_root() -> None:
    loss = lpa()
    loss.backward()
    reading = read(draw(loss, depth=2))
    assert [lines[-2] for lines in reading.boxes.values()] == [
        "y = 8", "ŷ = 176", "−168", "L = 28224",
    ]  # fmt: skip
    assert "left out: 22 other boxes" in reading.caption


@pytest.mark.parametrize("target", ["W_{11}^1", "W₁₁¹"])
def test_the_way_to_a_parameter_stands_out_with_its_product(target: str) -> None:
    loss = lpa()
    loss.backward()
    picture = draw(loss, highlight=target)
    reading = read(picture)
    assert "∂L/∂W₁₁¹ = ∂L/∂ŷ · ∂ŷ/∂O₁₁ · ∂O₁₁/∂W₁₁¹" in reading.caption
    assert "∂L/∂W₁₁¹ = 336 × 1 × 80 = 26880" in reading.caption
    bright = [box for box in picture.boxes if not box.faded]
    assert len(bright) == 9
    assert sum(not arrow.faded for arrow in picture.arrows) == 8


def test_two_ways_add_up() -> None:
    x = Value(3.0, "x")
    a, b = x * 2, x * 5
    a.label, b.label = "a", "b"
    y = a * b
    y.label = "y"
    y.backward()
    reading = read(draw(y, highlight=x))
    assert "∂y/∂x = 15 × 2 + 6 × 5 = 60" in reading.caption


@settings(max_examples=40)
@given(random_graphs())
def test_the_product_along_the_way_is_the_gradient(root: Value) -> None:
    root.backward()
    leaf = topological_order(root)[0]
    if leaf is root or leaf.is_constant:
        return
    caption = read(draw(root, highlight=leaf, precision=12)).caption
    told = re.split("[=≈] ", " ".join(caption))[-1].partition(": the sum")[0]
    assert math.isclose(number_in(told), leaf.grad, rel_tol=1e-6, abs_tol=1e-9)


# Size


@pytest.mark.parametrize("page", ["slide", "a4", (400, 300)])
def test_a_picture_is_as_large_as_its_page(page: Any) -> None:
    canvas = draw(network([4, 2]), page=page).canvas
    size = {"slide": (960, 540), "a4": (595, 842)}.get(page, page)
    assert (canvas.width, canvas.height) == size
    assert canvas.left >= 0
    assert canvas.top >= 0


def test_on_a_page_it_is_folded_before_it_is_too_small() -> None:
    loss = lpa()
    loss.backward()
    assert "folded" not in " ".join(read(draw(loss)).caption)
    slide = draw(loss, page="slide")
    assert "folded" in " ".join(slide.caption)
    assert slide.canvas.scale * slide.font_size > 8.5
    assert slide.direction == "LR"


def test_text_of_another_size() -> None:
    small, large = (draw(lpa(), font_size=size) for size in (8, 16))
    assert large.canvas.width > 1.6 * small.canvas.width
    sizes = {text.get("font-size") for text in svg(large).iter("{http://www.w3.org/2000/svg}text")}
    assert "16" in sizes


# What is not possible


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"collapse": "some"}, "'nothing', 'sums'"),
        ({"direction": "UP"}, "'TB', 'LR'"),
        ({"show": ["data", "all"]}, "'data', 'grad', 'partial'"),
        ({"precision": 0}, "1 to 17"),
        ({"precision": 2.5}, "1 to 17"),
        ({"font_size": 2}, "4 to 72"),
        ({"font_size": "large"}, "4 to 72"),
        ({"depth": 0}, "1, 2"),
        ({"page": "letter"}, "'slide', 'a4'"),
        ({"page": (10, 10)}, "50 to 14400"),
        ({"highlight": "W"}, "labels in it are x"),
        ({"only": Value(2.0, "q")}, "q = 2 is not in this graph"),
        ({"only": 3}, "its label"),
    ],
)
def test_options_that_do_not_exist(options: dict[str, Any], named: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=named):
        draw(Value(1.0, "x") * 2, **options)


@pytest.mark.parametrize(
    ("thing", "hint"),
    [(3.0, "draw\\(loss\\)"), ([], "draw\\(loss\\)"), (nn.MLP(1, [1]), "network")],
)
def test_only_values_are_drawn(thing: Any, hint: str) -> None:
    with pytest.raises(ArgumentTypeError, match=hint):
        draw(thing)


# Legibility


def extremes() -> Value:
    x, y, k = Value(1e-12, "x"), Value(123456789.123, "y"), Value(-3.3e15, "k")
    total = x * y + k * x
    total.backward()
    return total


def long_labels() -> Value:
    names = ["temperature_{outside}", "humidity", r"\theta_{max}", "a label longer than its box is"]
    a, b, c, d = (Value(0.1 * (place + 1), name) for place, name in enumerate(names))
    total = (a * b + c).tanh() * d
    total.label = r"\hat{comfort}_{12}^{(3)}"
    total.backward()
    return total


def backward(make: Callable[[], Value]) -> Callable[[], Value]:
    def made() -> Value:
        root = make()
        root.backward()
        return root

    return made


ROOTS: dict[str, Callable[[], Value]] = {
    "lpa": backward(lpa),
    "two rows": backward(lambda: lpa(2)),
    "micrograd": backward(micrograd),
    "softmax": backward(softmax_cross_entropy),
    "extremes": extremes,
    "long labels": long_labels,
    "2-3-1": lambda: network([3, 1]),
    "2-2-2": lambda: network([2, 2]),
    "3-4-2": lambda: network([4, 2], inputs=3, activation="relu"),
}


@pytest.mark.parametrize("direction", ["TB", "LR", "BT", "RL"])
@pytest.mark.parametrize("collapse", ["nothing", "sums", "labels", "neurons", "layers"])
@pytest.mark.parametrize("name", ROOTS)
def test_nothing_is_in_the_way_of_anything(name: str, collapse: Any, direction: Any) -> None:
    picture = draw(ROOTS[name](), title="A title", collapse=collapse, direction=direction)
    assert faults(picture) == []


@pytest.mark.parametrize("name", ROOTS)
def test_nor_on_a_slide_with_a_path_lit_up(name: str) -> None:
    root = ROOTS[name]()
    leaf = next(node for node in topological_order(root) if node.is_leaf and not node.is_constant)
    assert faults(draw(root, page="slide", highlight=leaf, title="A title")) == []


@settings(max_examples=25)
@given(random_graphs(), st.sampled_from(["TB", "LR"]))
def test_nor_in_any_other_graph(root: Value, direction: Any) -> None:
    root.backward()
    assert faults(draw(root, direction=direction)) == []


def test_the_notes_network_fits_a_page_and_a_notebook() -> None:
    loss = lpa()
    loss.backward()
    canvas = draw(loss).canvas
    assert canvas.width * 96 / 72 < 1000
    assert canvas.height * 96 / 72 < 1300


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("collapse", ["nothing", "sums", "neurons"])
def test_neurons_weights_and_inputs_stand_in_their_order(collapse: Any, direction: Any) -> None:
    root = network([4, 3], inputs=3)
    across = int(direction == "LR")
    picture = draw(root, collapse=collapse, direction=direction)
    at = {
        text.partition(" =")[0]: outline(part)[across]
        for part in parts(svg(picture), "node")
        for text in strings(part)
    }
    for family in (["x₁", "x₂", "x₃"], ["O₁₁", "O₁₂", "O₁₃", "O₁₄"], ["ŷ₁", "ŷ₂", "ŷ₃"],
                   ["W₁₁¹", "W₂₁¹", "W₃₁¹"], ["W₁₂²", "W₂₂²", "W₃₂²", "W₄₂²"]):  # fmt: skip
        if collapse != "neurons" or family[0][0] != "W":
            assert sorted(family, key=at.__getitem__) == family


def test_after_training_it_is_said_that_numbers_have_changed() -> None:
    model = nn.MLP(1, [1], seed=1)
    loss = nn.mse(model([2.0]), 3.0)
    loss.backward()
    nn.SGD(model.parameters(), 0.01).step()
    assert any("data was changed" in line for line in draw(loss).caption)


def test_viz_exports_it() -> None:
    assert viz.draw is draw
