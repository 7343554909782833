"""Numbers in nested lists, tuples and dicts: taken out in order, and put back in the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.errors import ArgumentError, NotANumberError
from autograd.reals import real
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

Leaf = Value | float


def flatten(tree: Any, name: str = "the argument") -> list[Leaf]:
    """The numbers and Values of a tree, from left to right, dicts in their own order.

    Raises NotANumberError for anything else, saying where in the tree (called `name`) it stands.

    >>> flatten({"w": [1, 2.5], "b": (3,)})
    [1.0, 2.5, 3.0]
    """
    return [leaf for _, leaf in walk(tree, name)]


def walk(tree: Any, name: str) -> Iterator[tuple[str, Leaf]]:
    """Each number or Value with its place in a tree called `name`, as `name['w'][0]`."""
    if isinstance(tree, Value):
        yield name, tree
    elif isinstance(tree, dict):
        for key, inner in tree.items():
            yield from walk(inner, f"{name}[{key!r}]")
    elif isinstance(tree, (list, tuple)):
        for index, inner in enumerate(tree):
            yield from walk(inner, f"{name}[{index}]")
    else:
        try:
            number = real(tree)
        except NotANumberError as error:
            raise NotANumberError(
                f"{name}: {error.message}",
                hint="numbers, Values, and lists, tuples and dicts of them can be used",
            ) from None
        yield name, number


def rebuild(tree: Any, leaves: list[Any]) -> Any:
    """A tree of the same shape with the given leaves, in the order of `flatten`."""
    remaining = iter(leaves)

    def build(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: build(inner) for key, inner in part.items()}
        if isinstance(part, list):
            return [build(inner) for inner in part]
        if isinstance(part, tuple):
            inner = [build(item) for item in part]
            return type(part)(*inner) if hasattr(part, "_fields") else tuple(inner)
        return next(remaining)

    return build(tree)


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
    elif isinstance(tree, (dict, list, tuple)):
        raise _other_shape(name, "a number")
    else:
        return flatten(tree, name)
    return [leaf for part in parts for leaf in leaves_like(*part)]


def _other_shape(name: str, needed: str) -> ArgumentError:
    return ArgumentError(f"{name} needs {needed}", hint="give it the shape of what it belongs to")
