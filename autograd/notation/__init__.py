"""How mathematics is written: one table of signs, one tree, read and printed."""

from autograd.notation.calculus import (
    Form,
    Rule,
    derivative,
    form_of,
    is_zero,
    operands,
    term_of_product,
)
from autograd.notation.errors import FormulaError
from autograd.notation.expr import (
    ONE,
    ZERO,
    Applied,
    At,
    Call,
    Cases,
    Constant,
    Derivative,
    Expr,
    Listed,
    Meaning,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Series,
    Sum,
    Symbol,
    as_expr,
    children,
    is_numeric,
    number,
    rebuilt,
    size_of,
    substituted,
    symbols_of,
    value_of,
    walk,
    with_children,
)
from autograd.notation.labels import Labels, Spelling, spelling_of, spellings_at, spellings_of
from autograd.notation.layout import (
    Sentence,
    marked,
    to_latex,
    to_mathml,
    to_unicode,
)
from autograd.notation.normal import CHOOSING, exact, normal
from autograd.notation.reading import Reader, read_formula, split_links
from autograd.notation.series import expanded, with_indices
from autograd.notation.signs import ACCENTS, GREEK, LETTERS, OTHER_NAMES, notation_name
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
    "ACCENTS", "Applied", "At", "CHOOSING", "Call", "Cases", "Constant", "Derivative", "Expr",
    "Form", "FormulaError", "GREEK", "LETTERS", "Labels", "Listed", "Meaning", "Negative", "Number",
    "ONE", "OTHER_NAMES", "Power", "Product", "Reader", "Relation", "Rule", "Sentence", "Series",
    "Spelling", "Sum", "Symbol", "ZERO", "as_expr", "build", "children", "constant", "decimal",
    "derivative", "exact", "expanded", "form_of", "formulas_of", "is_numeric", "is_rounded",
    "is_zero", "marked", "meant", "normal", "notation_name", "number",
    "operands", "read_formula", "rebuilt", "shown", "size_of", "spelling_of",
    "spellings_at", "spellings_of", "split_links", "substituted", "symbols_of", "term_of_product",
    "to_latex", "to_mathml", "to_unicode", "tree_of", "value_of", "walk",
    "with_children", "with_indices",
]  # fmt: skip
