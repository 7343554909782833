r"""Which neuron of which layer a node belongs to, told from the labels alone.

The notation of the notes says it: `W_{ij}^l` leads from source i to neuron j of layer l, and
`b_{lj}`, `z_{lj}`, `O_{lj}` are that neuron's bias, sum and output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd import Value

__all__ = ["Neuron", "neuron_named", "neurons_of"]


class Neuron(NamedTuple):
    """A place in the network: the layer, from 1, and the neuron in it, from 1."""

    layer: int
    position: int


_INDICES: Final = r"\{?(\d+),(\d+)\}?|\{(\d)(\d)\}|(\d)(\d)"  # of more than one digit: with a comma
_LAYER: Final = r"\^(?:\{[(\[]?(\d+)[)\]]?\}|(\d+))"
_WEIGHT: Final = re.compile(rf"[Ww](?:_(?:{_INDICES}){_LAYER}|{_LAYER}_(?:{_INDICES}))")
_OF_NEURON: Final = re.compile(rf"[bzO]_(?:{_INDICES})")


def neuron_named(label: str) -> Neuron | None:
    """The neuron that a label names, if it follows the notation.

    >>> neuron_named("W_{21}^1"), neuron_named("b_{12}"), neuron_named("W_{3,12}^{2}")
    (Neuron(layer=1, position=1), Neuron(layer=1, position=2), Neuron(layer=2, position=12))
    >>> neuron_named("x_{i1}") is None
    True
    """
    label = label.replace(" ", "")
    if found := _WEIGHT.fullmatch(label):
        numbers = [int(digits) for digits in found.groups() if digits]
        layer_first = found.group(7) is None and found.group(8) is None
        _, target, layer = numbers if not layer_first else (numbers[1], numbers[2], numbers[0])
        return Neuron(layer, target)
    if found := _OF_NEURON.fullmatch(label):
        layer, position = (int(digits) for digits in found.groups() if digits)
        return Neuron(layer, position)
    return None


def neurons_of(order: Iterable[Value]) -> dict[Value, Neuron]:
    r"""The neuron of each node that has one; `order` has every node after its parents.

    A label decides where it names a neuron. Any other result belongs to the neuron whose
    parameters, or whose `z_{lj}`, it is computed from directly or through unlabelled nodes, if
    that is one only: so the products in a weighted sum, and the last output, called `\hat{y}`.
    """
    found: dict[Value, Neuron] = {}
    brought: dict[Value, frozenset[Neuron]] = {}  # the neurons a node draws its results into
    for node in order:
        named = neuron_named(node.label)
        into = frozenset[Neuron]().union(*(brought[parent] for parent in node.parents))
        if named is not None:
            found[node] = named
            inside = node.is_leaf or node.label.startswith("z")
            brought[node] = frozenset([named] if inside else [])
        else:
            if len(into) == 1:
                (found[node],) = into
            brought[node] = frozenset() if node.label else into
    return found
