"""autograd/trees.py: numbers are taken out of nested things in order, and put back as they were."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ArgumentError, NotANumberError, Value
from autograd.trees import flatten, is_array, leaves_like, rebuild, walk


class Line(NamedTuple):
    slope: Any
    shift: Any


numbers = st.floats(allow_nan=False)
arrays = st.lists(numbers, max_size=4).map(np.array) | st.lists(
    numbers, min_size=6, max_size=6
).map(lambda xs: np.array(xs).reshape(2, 3))
trees = st.recursive(
    numbers | arrays,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.tuples(inner, inner).map(lambda pair: Line(*pair))
        | st.dictionaries(st.sampled_from("abc"), inner)
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Of one shape and with the same numbers."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return bool(one.shape == other.shape and (one == other).all())
    return bool(one == other)


@given(tree=trees)
def test_what_was_taken_out_is_put_back(tree: Any) -> None:
    leaves = flatten(tree)
    assert [type(leaf) for leaf in leaves] == [float] * len(leaves)
    assert same(rebuild(tree, leaves), tree)


@given(tree=trees)
def test_a_walk_finds_the_same_numbers_and_says_where(tree: Any) -> None:
    found = list(walk(tree, "tree"))
    assert [number for _, number in found] == flatten(tree)
    for place, number in found:
        assert eval(place, {"tree": tree}) == number  # noqa: S307  # a place is Python's own


@given(tree=trees)
def test_leaves_are_matched_with_a_tree_of_the_same_shape_only(tree: Any) -> None:
    assert leaves_like(tree, tree, "it") == flatten(tree)
    with pytest.raises(ArgumentError, match=r"^it needs .*\nhint: "):
        leaves_like(tree, {"another": 1.0}, "it")
    with pytest.raises(ArgumentError, match=r"^it needs .*\nhint: "):
        leaves_like({"another": 1.0}, tree, "it")


def test_dicts_are_matched_by_their_keys_not_by_their_order() -> None:
    assert leaves_like({"a": 1.0, "b": 2.0}, {"b": 20.0, "a": 10.0}, "it") == [10.0, 20.0]


@pytest.mark.parametrize(
    ("shape", "tree", "needed"),
    [
        ({"a": 1.0}, [1.0], "it needs a dict with the keys 'a'"),
        ({"a": 1.0, "b": 1.0}, {"a": 1.0}, "it needs a dict with the keys 'a', 'b'"),
        ({"a": {"b": 1.0}}, {"a": 1.0}, r"it\['a'\] needs a dict"),
        ([1.0, 2.0], [1.0], "it needs 2 elements"),
        ([1.0, 2.0], 1.0, "it needs 2 elements"),
        ((1.0, [2.0]), (1.0, [2.0, 3.0]), r"it\[1\] needs 1 elements"),
        (np.zeros(2), np.zeros(3), r"it needs an array of the shape \(2,\)"),
        (np.zeros(2), [0.0, 0.0], r"it needs an array of the shape \(2,\)"),
        (1.0, [1.0], "it needs a number"),
        (1.0, {}, "it needs a number"),
        (1.0, np.zeros(1), "it needs a number"),
    ],
)
def test_another_shape_is_told(shape: Any, tree: Any, needed: str) -> None:
    with pytest.raises(ArgumentError, match=needed):
        leaves_like(shape, tree, "it")


def test_an_array_without_dimensions_is_a_number() -> None:
    assert not is_array(np.array(2.5))
    assert is_array(np.zeros(0))
    assert flatten(np.array(2.5)) == [2.5]
    assert rebuild(np.array(2.5), [7.0]) == 7.0
    assert type(rebuild(np.array(2.5), [7.0])) is float
    assert list(walk({"x": np.array(2.5)}, "p")) == [("p['x']", 2.5)]
    assert leaves_like(np.array(2.5), 7.0, "it") == [7.0]


def test_values_stay_what_they_are() -> None:
    x, y = Value(1.0), Value(2.0)
    tree = {"x": x, "y": np.array([y, 3.0], dtype=object)}
    assert flatten(tree) == [x, y, 3.0]
    assert list(walk(tree, "p")) == [("p['x']", x), ("p['y'][0]", y), ("p['y'][1]", 3.0)]
    built = rebuild(tree, [y, x, 4.0])
    assert built["x"] is y
    assert (built["y"].dtype, list(built["y"])) == (object, [x, 4.0])


def test_leaves_that_are_arrays_become_dimensions_where_they_have_one_shape() -> None:
    rows = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    assert same(rebuild(np.zeros(2), rows), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert rebuild(np.zeros((1, 2)), rows).shape == (1, 2, 2)
    assert rebuild(np.zeros(1), rows[:1]).tolist() == [[1.0, 2.0]]
    for uneven in ([np.zeros(2), np.zeros(1)], [np.zeros(1), np.zeros(2)], [np.zeros(1), "text"]):
        built = rebuild(np.zeros(2), uneven)
        assert (built.dtype, built.shape) == (object, (2,))
        assert built[0] is uneven[0]
        assert built[1] is uneven[1]
    assert rebuild(np.zeros((0, 3)), []).shape == (0, 3)


def test_what_is_no_number_is_named_by_its_place() -> None:
    with pytest.raises(NotANumberError, match=r"^p\['w'\]\[1\]: 'text' (.|\n)*hint: numbers"):
        flatten({"w": [1.0, "text"]}, "p")
    with pytest.raises(NotANumberError, match=r"^p\[1\]: None"):
        flatten(np.array([1.0, None], dtype=object), "p")
