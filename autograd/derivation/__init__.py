"""The chain rule over labelled nodes, written out in symbols and numbers."""

from autograd.derivation.derivation import Derivation, derive
from autograd.derivation.factors import Factor, Path
from autograd.derivation.names import Names, formula
from autograd.derivation.recognition import Recogniser
from autograd.derivation.working import Row, Working, update_rule

__all__ = [
    "Derivation",
    "Factor",
    "Names",
    "Path",
    "Recogniser",
    "Row",
    "Working",
    "derive",
    "formula",
    "update_rule",
]
