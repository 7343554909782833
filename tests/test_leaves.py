"""Leaves changed together: all of them, by the right numbers, or none."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ArgumentError, ArgumentTypeError, RangeError, Value, descend, move, zero_grad

numbers = st.floats(-1e6, 1e6)
rows = st.lists(st.tuples(numbers, numbers), max_size=6)


def leaves(pairs):
    made = [Value(data, f"w_{{{n}}}") for n, (data, _) in enumerate(pairs, start=1)]
    for leaf, (_, slope) in zip(made, pairs, strict=True):
        leaf.grad = slope
    return made


@given(rows, st.floats(0, 10))
def test_descend_takes_the_rate_times_the_gradient_from_each(pairs, rate):
    made = leaves(pairs)
    descend(made, rate)
    assert [leaf.data for leaf in made] == [data - rate * slope for data, slope in pairs]
    assert [leaf.grad for leaf in made] == [slope for _, slope in pairs]


@given(rows)
def test_move_adds_to_each_its_change(pairs):
    made = leaves(pairs)
    move(made, [change for _, change in pairs])
    assert [leaf.data for leaf in made] == [data + change for data, change in pairs]


@given(rows)
def test_zero_grad_leaves_the_numbers_alone(pairs):
    made = leaves(pairs)
    zero_grad(made)
    assert [(leaf.data, leaf.grad) for leaf in made] == [(data, 0.0) for data, _ in pairs]


@given(rows, st.sampled_from([math.inf, -math.inf, math.nan]), st.data())
def test_where_one_would_not_be_finite_none_moves(pairs, wrong, data):
    at = data.draw(st.integers(0, len(pairs)))
    made = leaves([*pairs, (1.0, 1.0)])
    changes = [change for _, change in pairs]
    changes.insert(at, wrong)
    before = [leaf.data for leaf in made]
    with pytest.raises(RangeError, match=rf"w_\{{{at + 1}\}} = .* would become .*\nhint: "):
        move(made, changes)
    assert [leaf.data for leaf in made] == before


def test_a_step_too_large_names_the_leaf_and_moves_none():
    made = leaves([(1.0, 1.0), (1e308, -1e308)])
    with pytest.raises(RangeError, match=r"w_\{2\} = 1e\+308 would become inf"):
        descend(made, 10.0)
    assert [leaf.data for leaf in made] == [1.0, 1e308]


def test_there_must_be_a_change_for_each():
    made = leaves([(1.0, 0.0), (2.0, 0.0)])
    with pytest.raises(ArgumentError, match="2 values by 1 changes"):
        move(made, [1.0])
    assert [leaf.data for leaf in made] == [1.0, 2.0]


@pytest.mark.parametrize("others", [[1.0], ["w"], [None]])
def test_what_is_no_value_is_refused(others):
    first = Value(1.0)
    first.grad = 1.0
    for change in (
        lambda: move([first, *others], [1.0, 1.0]),
        lambda: descend([first, *others], 0.5),
        lambda: zero_grad([first, *others]),
    ):
        with pytest.raises(ArgumentTypeError, match="has no number to change\nhint: "):
            change()
    assert first.data == 1.0


@pytest.mark.parametrize("line", range(12))
def test_interrupted_it_happens_wholly_or_not_at_all(line):
    """A trace stands for Ctrl-C; the compiled engine has no lines to stop at."""
    made = leaves([(float(n), 1.0) for n in range(4)])
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if event == "line" and frame.f_code.co_name in ("descend", "_set_all"):
            seen += 1
            if seen == line + 1:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        descend(made, 0.5)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    assert [leaf.data for leaf in made] in ([0.0, 1.0, 2.0, 3.0], [-0.5, 0.5, 1.5, 2.5])
