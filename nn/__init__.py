"""Networks on Chalkgrad's engine: modules, initializers, losses, optimizers and training."""

from nn.errors import TrainingError
from nn.initializers import Initializer, constant, he, uniform, xavier
from nn.losses import (
    binary_cross_entropy,
    categorical_cross_entropy,
    hinge,
    huber,
    kl_divergence,
    mae,
    mse,
    negative_log_likelihood,
    sparse_cross_entropy,
)
from nn.modules import Module
from nn.networks import MLP, Layer, Neuron
from nn.optimizers import SGD, Adam, Optimizer
from nn.training import History, fit

__all__ = [
    "Adam",
    "History",
    "Initializer",
    "Layer",
    "MLP",
    "Module",
    "Neuron",
    "Optimizer",
    "SGD",
    "TrainingError",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "constant",
    "fit",
    "he",
    "hinge",
    "huber",
    "kl_divergence",
    "mae",
    "mse",
    "negative_log_likelihood",
    "sparse_cross_entropy",
    "uniform",
    "xavier",
]
