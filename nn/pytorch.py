"""Networks to and from PyTorch: the same parameters, outputs and gradients."""

from __future__ import annotations

import importlib
from typing import Any, Final

from autograd import ArgumentError, ArgumentTypeError
from nn.layers import Sequential, part_name
from nn.modules import Module
from nn.networks import MLP, Layer

__all__ = ["from_torch", "to_torch"]

# What each is called there, and with which arguments it computes the same.
_ACTIVATIONS: Final[dict[str, tuple[str, dict[str, float]]]] = {
    "elu": ("ELU", {}),
    "gelu": ("GELU", {}),
    "leaky_relu": ("LeakyReLU", {}),
    "relu": ("ReLU", {}),
    "sigmoid": ("Sigmoid", {}),
    "silu": ("SiLU", {}),
    "softplus": ("Softplus", {"threshold": 1000.0}),  # PyTorch's own gives up at 20
    "softsign": ("Softsign", {}),
    "tanh": ("Tanh", {}),
}


def to_torch(model: Module) -> Any:
    """The network as a `torch.nn.Sequential` of doubles: the same outputs and gradients to 1e-12.

    `model` is an `MLP`, a `Layer`, or a `Sequential` of layers and activations. Raises
    ArgumentTypeError for another model, ArgumentError for an activation that PyTorch has not, and
    ImportError where it is not installed.

    >>> from importlib.util import find_spec
    >>> model = MLP(2, [3, 1], activation="tanh", seed=1)
    >>> not find_spec("torch") or len(to_torch(model)) == 3  # Linear, Tanh, Linear
    True
    """
    torch = _torch("to_torch()")
    parts: list[Any] = []
    for part in _parts(model):
        if isinstance(part, Layer):
            neurons = part.neurons
            biases = [neuron.bias.data for neuron in neurons if neuron.bias is not None]
            linear = torch.nn.Linear(
                len(neurons[0].weights), len(neurons), bias=bool(biases), dtype=torch.float64
            )
            weights = [[w.data for w in neuron.weights] for neuron in neurons]
            with torch.no_grad():
                linear.weight.copy_(torch.tensor(weights, dtype=torch.float64))
                if biases:
                    linear.bias.copy_(torch.tensor(biases, dtype=torch.float64))
            parts.append(linear)
            name = neurons[0].activation
        else:
            name = part
        if name != "linear":
            parts.append(_activation(torch, name))
    return torch.nn.Sequential(*parts)


def from_torch(module: Any) -> MLP:
    """The `MLP` of a `torch.nn.Sequential` of Linear and activations, or of a single Linear.

    Parameters are taken as they are, floats as the doubles they are. Raises ArgumentTypeError for
    another module, and ArgumentError for one that is no MLP: with an activation that Chalkgrad has
    not in this form, or with different ones inside. (PyTorch's Softplus leaves out e^{-z} beyond
    z = 20, which is 2e-9 there.)

    >>> from importlib.util import find_spec
    >>> model = MLP(2, [3, 1], activation="tanh", seed=1)
    >>> not find_spec("torch") or from_torch(to_torch(model)).state_dict() == model.state_dict()
    True
    """
    torch = _torch("from_torch()")
    parts = list(module) if isinstance(module, torch.nn.Sequential) else [module]
    linears: list[Any] = []
    names: list[str] = []
    for place, part in enumerate(parts):
        if isinstance(part, torch.nn.Linear):
            linears.append(part)
            names.append("linear")
        elif not isinstance(part, torch.nn.Module) or (not linears and len(parts) == 1):
            raise ArgumentTypeError(
                f"from_torch() was given a {type(part).__name__}",
                hint="torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), ...)",
            )
        else:
            name = _name_of(torch, part)
            if not name or not linears or names[-1] != "linear":
                raise ArgumentError(
                    f"part {place}, {part!r}, has no place in an MLP",
                    hint=f"after a Linear one of {_listed()}",
                )
            names[-1] = name
    if not linears:
        raise ArgumentError("from_torch() was given no Linear", hint="an MLP has one or more")
    inside = set(names[:-1]) or {"linear"}
    if len(inside) > 1:
        raise ArgumentError(
            f"an MLP has one activation inside, not {' and '.join(sorted(inside))}",
            hint="make an nn.Sequential of nn.Layer and set its parameters with load_state_dict",
        )
    sizes = [linear.out_features for linear in linears]
    model = MLP(linears[0].in_features, sizes, activation=inside.pop(), output=names[-1])
    for layer, linear in zip(model.layers, linears, strict=True):
        biases = [None] * len(layer.neurons) if linear.bias is None else linear.bias.tolist()
        for neuron, row, bias in zip(layer.neurons, linear.weight.tolist(), biases, strict=True):
            if len(row) != len(neuron.weights):
                raise ArgumentError(
                    f"a Linear of {len(row)} inputs stands behind one of "
                    f"{len(neuron.weights)} outputs",
                    hint="each takes as many numbers as the one before it gives",
                )
            for weight, number in zip(neuron.weights, row, strict=True):
                weight.data = number
            if bias is None:
                neuron.bias = None
            elif neuron.bias is not None:
                neuron.bias.data = bias
    return model


def _parts(model: Module) -> list[Layer | str]:
    """Its layers, and the names of activations that stand between them."""
    if isinstance(model, Layer):
        return [model]
    if isinstance(model, MLP):
        return list(model.layers)
    if isinstance(model, Sequential):
        return [
            inner
            for part in model.parts
            for inner in (_parts(part) if isinstance(part, Module) else [part_name(part)])
        ]
    raise ArgumentTypeError(
        f"to_torch() was given {model!r} ({type(model).__name__})",
        hint="it takes an MLP, a Layer, or a Sequential of layers and activations",
    )


def _activation(torch: Any, name: str) -> Any:
    if name not in _ACTIVATIONS:
        raise ArgumentError(
            f"PyTorch has no module for the activation {name}", hint=f"one of {_listed()}"
        )
    kind, options = _ACTIVATIONS[name]
    return getattr(torch.nn, kind)(**options)


def _name_of(torch: Any, part: Any) -> str:
    """The name of an activation's operation; empty where it is none, or set otherwise."""
    for name, (kind, options) in _ACTIVATIONS.items():
        if type(part) is getattr(torch.nn, kind):
            same = getattr(torch.nn, kind)(**options)
            usual = getattr(torch.nn, kind)()
            return name if part.extra_repr() in (same.extra_repr(), usual.extra_repr()) else ""
    return "linear" if type(part) is torch.nn.Identity else ""


def _listed() -> str:
    return ", ".join(sorted(kind for kind, _ in _ACTIVATIONS.values()))


def _torch(call: str) -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise ImportError(
            f"{call} needs PyTorch, which is not installed\nhint: pip install torch"
        ) from error
