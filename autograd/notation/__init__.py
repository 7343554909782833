"""How mathematics is written: one table of signs, one tree, read and printed."""

from autograd.notation.errors import FormulaError
from autograd.notation.expr import Expr
from autograd.notation.layout import (
    Sentence,
    latex,
    mathml,
    to_latex,
    to_mathml,
    to_unicode,
    unicode,
)
from autograd.notation.normal import exact, normal
from autograd.notation.values import (
    build,
    constant,
    decimal,
    formulas_of,
    is_rounded,
    meant,
    shown,
    tree_of,
)

__all__ = [
    "Expr",
    "FormulaError",
    "Sentence",
    "build",
    "constant",
    "decimal",
    "exact",
    "formulas_of",
    "is_rounded",
    "latex",
    "mathml",
    "meant",
    "normal",
    "shown",
    "to_latex",
    "to_mathml",
    "to_unicode",
    "tree_of",
    "unicode",
]
