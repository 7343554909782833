"""Networks on Chalkgrad's engine: modules, initializers, losses, optimizers and training."""

from nn.callbacks import Callback, EarlyStopping, GradientNorms, Training
from nn.errors import TrainingError
from nn.evaluation import accuracy, evaluate
from nn.history import History
from nn.initializers import Initializer, constant, he, uniform, xavier
from nn.layers import (
    Dropout,
    Embedding,
    LayerNorm,
    RMSNorm,
    SelfAttention,
    Sequential,
    Softmax,
)
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
from nn.networks import MLP, Layer, Linear, Neuron
from nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp
from nn.pytorch import from_torch, to_torch
from nn.saving import load, save
from nn.schedules import (
    CosineAnnealingLR,
    LinearLR,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)
from nn.tables import Table, TableModel, read_table
from nn.training import fit

__all__ = [
    "Adagrad",
    "Adam",
    "AdamW",
    "Callback",
    "CosineAnnealingLR",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "GradientNorms",
    "History",
    "Initializer",
    "Layer",
    "LayerNorm",
    "Linear",
    "LinearLR",
    "MLP",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSNorm",
    "RMSProp",
    "ReduceLROnPlateau",
    "SGD",
    "Schedule",
    "SelfAttention",
    "Sequential",
    "SequentialLR",
    "Softmax",
    "StepLR",
    "Table",
    "TableModel",
    "Training",
    "TrainingError",
    "accuracy",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "constant",
    "evaluate",
    "fit",
    "from_torch",
    "he",
    "hinge",
    "huber",
    "kl_divergence",
    "load",
    "mae",
    "mse",
    "negative_log_likelihood",
    "read_table",
    "save",
    "sparse_cross_entropy",
    "to_torch",
    "uniform",
    "xavier",
]
