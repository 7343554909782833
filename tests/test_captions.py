"""viz/captions.py: the words above a drawing are true of it."""

from __future__ import annotations

import math
import re

from hypothesis import given

from autograd import Value, topological_order
from tests.graphs import lpa, random_graphs
from tests.legibility import number_in
from viz.captions import backward_has_run, explanation, uneven, warnings
from viz.views import View, collapsed, every_step


def by_labels(order: list[Value]) -> View:
    return collapsed(every_step(order), "labels", {}, set())


def words(root: Value) -> list[str]:
    order = topological_order(root)
    return warnings(order, uneven(order))


def test_nothing_to_warn_of() -> None:
    loss = lpa()
    loss.backward()
    assert words(loss) == []


def test_backward_has_not_run() -> None:
    loss = lpa()
    assert words(loss) == ["backward() has not run: there are no gradients yet"]
    loss.backward()
    assert backward_has_run(topological_order(loss))


def test_gradients_of_an_earlier_graph_do_not_count() -> None:
    w = Value(2.0, "w")
    (w * 3).backward()
    assert not backward_has_run(topological_order(w * 5))


def test_a_gradient_that_is_truly_zero_is_no_sign_of_backward_missing() -> None:
    x = Value(-1.0, "x")
    y = x.relu()
    y.backward()
    assert x.grad == 0.0
    assert words(y) == []


@given(random_graphs())
def test_after_one_backward_all_gradients_are_what_the_arrows_bring(root: Value) -> None:
    root.backward()
    assert uneven(topological_order(root)) == set()


def test_what_the_arrows_do_not_bring_is_marked() -> None:
    loss = lpa()
    loss.backward()
    loss.backward()
    order = topological_order(loss)
    leaves = {node for node in order if node.is_leaf and not node.is_constant}
    assert uneven(order) == leaves
    for leaf in leaves:
        leaf.grad = 0.0
    assert uneven(order) == leaves  # zero_grad() since
    assert words(loss)[0].startswith("* is not what the arrows bring")


def test_of_a_part_the_nodes_used_elsewhere_are_marked() -> None:
    x = Value(2.0, "x")
    h = x * 3
    part = h.tanh()
    (part + h).backward()
    assert uneven(topological_order(part)) == {h}


def test_a_hook_that_changes_a_gradient_is_seen() -> None:
    x = Value(2.0, "x")
    y = x * x
    x.on_gradient(lambda gradient: gradient / 2)
    y.backward()
    assert uneven(topological_order(y)) == {x}


def test_changed_data_are_told() -> None:
    loss = lpa()
    loss.backward()
    topological_order(loss)[0].data = 5.0
    assert any("data was changed" in line for line in words(loss))


def test_changed_data_that_could_not_even_be_computed_are_told() -> None:
    x = Value(2.0, "x")
    y = x.log()
    x.data = -1.0
    assert any("data was changed" in line for line in words(y))


def test_a_constant_is_no_graph() -> None:
    assert words(Value(2.0).detach()) == ["a constant: no graph was recorded, as under no_grad()"]


@given(random_graphs())
def test_the_chain_rule_of_the_example_is_right(root: Value) -> None:
    root.backward()
    order = topological_order(root)
    for view in (every_step(order), by_labels(order)):
        lines = explanation(view, set(), 12)
        if len(lines) == 2:
            found = re.fullmatch(r"chain rule at (\S+): (.*) [=≈] (\S+)", lines[1])
            assert found, lines[1]
            terms = [term.split(" × ") for term in found[2].split(" + ")]
            total = sum(math.prod(number_in(f.strip("()")) for f in term) for term in terms)
            assert math.isclose(total, number_in(found[3]), rel_tol=1e-9, abs_tol=1e-9)


def test_the_example_of_the_notes_network() -> None:
    loss = lpa()
    loss.backward()
    order = topological_order(loss)
    assert explanation(every_step(order), set(), 4) == [
        "grad: ∂L/∂(box); on an arrow: ∂(its end)/∂(its start)",
        "chain rule at W₁₁²: 88 × 336 = 29568",
    ]


def test_the_example_says_where_it_is_rounded_and_puts_negatives_in_brackets() -> None:
    x = Value(0.3, "x")
    y = -(x.tanh() * 3)
    y.backward()
    lines = explanation(every_step(topological_order(y)), set(), 4)
    assert lines[1] == "chain rule at x: 0.9151 × (−3) ≈ −2.745"


def test_gradients_of_another_result_are_not_called_those_of_the_root() -> None:
    x = Value(2.0, "x")
    h = x.tanh()
    (h * 3).backward()
    lines = explanation(every_step(topological_order(h)), set(), 4)
    assert lines[0].startswith("grad: as backward() left it")
