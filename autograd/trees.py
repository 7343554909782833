# cython: annotation_typing=True
"""Numbers in nested lists, tuples, dicts and numpy arrays: taken out in order, and put back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autograd import uncompiled as cython
from autograd.errors import ArgumentError, NotANumberError
from autograd.value import Value

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # compiled, trees.pxd has it
    from autograd.reals import real

if TYPE_CHECKING:
    from collections.abc import Iterator

Leaf = Value | float


def flatten(tree: Any, name: str = "the argument") -> list[Leaf]:
    """The numbers and Values of a tree, from left to right, dicts in their own order.

    Raises NotANumberError for anything else, saying where in the tree (called `name`) it stands.

    >>> flatten({"w": [1, 2.5], "b": (3,)})
    [1.0, 2.5, 3.0]
    """
    leaves: list[Leaf] = []
    try:
        _collect(tree, leaves)
    except NotANumberError:  # the places are worked out for an error only
        return [leaf for _, leaf in walk(tree, name)]
    return leaves


@cython.cfunc
def _collect(tree: Any, leaves: list[Leaf]) -> None:
    if isinstance(tree, Value):
        leaves.append(tree)
    elif isinstance(tree, (float, int)):
        leaves.append(real(tree))
    elif isinstance(tree, dict):
        for inner in tree.values():
            _collect(inner, leaves)
    elif isinstance(tree, (list, tuple)):
        for inner in tree:
            _collect(inner, leaves)
    elif is_array(tree):
        for inner in tree.flat:
            _collect(inner, leaves)
    else:
        leaves.append(real(tree))


def walk(tree: Any, name: str) -> Iterator[tuple[str, Leaf]]:
    """Each number or Value with its place in a tree called `name`, as `name['w'][0]`."""
    if isinstance(tree, Value):
        yield name, tree
    elif isinstance(tree, dict):
        for key, inner in tree.items():
            yield from walk(inner, f"{name}[{key!r}]")
    elif isinstance(tree, (list, tuple)) or is_array(tree):
        for index, inner in enumerate(tree):
            yield from walk(inner, f"{name}[{index}]")
    else:
        try:
            number = real(tree)
        except NotANumberError as error:
            raise NotANumberError(
                f"{name}: {error.message}",
                hint="numbers, Values, and lists, tuples, dicts and arrays of them can be used",
            ) from None
        yield name, number


def is_array(thing: object) -> bool:
    """Whether it is a numpy array of one dimension or more; numpy itself need not be there."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(thing, numpy.ndarray) and thing.ndim > 0


def rebuild(tree: Any, leaves: list[Any]) -> Any:
    """A tree of the same shape with the given leaves, in the order of `flatten`.

    Where an array stood an array of floats stands, or of objects where the leaves are no floats.
    Leaves that are arrays of one shape become its further dimensions.
    """
    return _build(tree, iter(leaves))


@cython.cfunc
def _build(tree: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(tree, (Value, float, int)):
        return next(leaves)
    if isinstance(tree, dict):
        parts = {}
        for key, inner in tree.items():
            parts[key] = _build(inner, leaves)
        return parts
    if isinstance(tree, (list, tuple)):
        rebuilt: list[Any] = []
        for inner in tree:
            rebuilt.append(_build(inner, leaves))  # noqa: PERF401  # a loop in C
        if isinstance(tree, list):
            return rebuilt
        return type(tree)(*rebuilt) if hasattr(tree, "_fields") else tuple(rebuilt)
    if is_array(tree):
        return _array([next(leaves) for _ in range(tree.size)], tree.shape)
    return next(leaves)


def _array(leaves: list[Any], shape: tuple[int, ...]) -> Any:
    numpy = sys.modules["numpy"]
    if all(isinstance(leaf, float) for leaf in leaves):
        return numpy.array(leaves, dtype=float).reshape(shape)
    if leaves and all(is_array(leaf) and leaf.shape == leaves[0].shape for leaf in leaves):
        return numpy.stack(leaves).reshape(shape + leaves[0].shape)
    array = numpy.empty(len(leaves), dtype=object)
    for at, leaf in enumerate(leaves):
        array[at] = leaf
    return array.reshape(shape)


def leaves_like(shape: Any, tree: Any, name: str) -> list[Leaf]:
    """The leaves of `tree`, called `name`, in the order that they have in `shape`.

    Raises ArgumentError unless both have the same shape; dicts are matched by their keys.
    """
    if isinstance(shape, dict):
        if not isinstance(tree, dict) or set(shape) != set(tree):
            raise _other_shape(name, f"a dict with the keys {', '.join(map(repr, shape))}")
        parts = [(inner, tree[key], f"{name}[{key!r}]") for key, inner in shape.items()]
    elif isinstance(shape, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(shape) != len(tree):
            raise _other_shape(name, f"{len(shape)} elements")
        parts = [(shape[n], tree[n], f"{name}[{n}]") for n in range(len(shape))]
    elif is_array(shape):
        if not is_array(tree) or shape.shape != tree.shape:
            raise _other_shape(name, f"an array of the shape {shape.shape}")
        return flatten(tree, name)
    elif isinstance(tree, (dict, list, tuple)) or is_array(tree):
        raise _other_shape(name, "a number")
    else:
        return flatten(tree, name)
    return [leaf for part in parts for leaf in leaves_like(*part)]


def _other_shape(name: str, needed: str) -> ArgumentError:
    return ArgumentError(f"{name} needs {needed}", hint="give it the shape of what it belongs to")
