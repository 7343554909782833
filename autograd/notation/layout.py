r"""THE layout of formulas: a tree as LaTeX, with brackets where, and only where, it needs them.

Text and MathML are that LaTeX, set by `boxes`, so labels, LaTeX and trees are shown alike. What is
printed is read back as the same tree, from LaTeX and from text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from autograd import ops
from autograd.notation.boxes import (
    APPLIED,
    MalformedError,
    escaped,
    parsed,
)
from autograd.notation.expr import (
    Applied,
    At,
    Call,
    Cases,
    Constant,
    Derivative,
    Expr,
    Listed,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Series,
    Sum,
    Symbol,
    is_numeric,
    rebuilt,
    substituted,
    symbols_of,
    value_of,
)
from autograd.notation.labels import spellings_of
from autograd.notation.reading import notation_of
from autograd.notation.signs import (
    GREEK,
    RELATION_SIGNS,
    SPOKEN_ACCENTS,
    digits_and_power,
    notation_name,
)
from autograd.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd.ops import Operation


# The public functions.


def to_latex(formula: Formula, *, enclosed: bool = False) -> str:
    r"""A tree as LaTeX; a label as itself where it is LaTeX, else as it was meant, else as text.

    `enclosed` puts a tree in brackets. A script without braces goes as far as its letters and
    digits do, as in names of a program.

    >>> to_latex("W_{11}^2"), to_latex("W₁₁²"), to_latex("W_11^2"), to_latex("y_hat")
    ('W_{11}^2', 'W_{11}^2', 'W_{11}^2', '\\hat{y}')
    >>> to_latex("y_pred"), to_latex("50% off")
    ('y_{\\text{pred}}', '\\text{50\\% off}')
    """
    if isinstance(formula, str):
        return label_latex(formula)
    return _laid_out(formula, enclosed=enclosed).replace(APPLIED, "")


def to_unicode(formula: Formula, *, enclosed: bool = False) -> str:
    r"""A label, LaTeX or a tree as one line of text; `enclosed` puts it in brackets.

    A script that Unicode lacks stays readable, as `W_{ab}`. Text that is neither a label nor
    well-formed LaTeX comes back unchanged.

    >>> to_unicode(r"-2(y - \hat{y}) W_{11}^2 x_{i1}"), to_unicode("y_hat")
    ('−2(y − ŷ) W₁₁² xᵢ₁', 'ŷ')
    >>> to_unicode(r"\frac{\partial L}{\partial W_{ab}} = \frac{a + b}{1.5{\cdot}10^{-7}}")
    '∂L/∂W_{ab} = (a + b)/(1.5·10⁻⁷)'
    """
    if isinstance(formula, Sentence):
        return formula.text()
    try:
        return parsed(_laid_out(formula, enclosed=enclosed)).text
    except MalformedError:
        return formula if isinstance(formula, str) else to_latex(formula)


def to_mathml(formula: Formula, *, enclosed: bool = False) -> str:
    r"""A label, LaTeX or a tree as the inside of a MathML `<math>` element, well-formed XML.

    Text that is neither a label nor well-formed LaTeX comes back as literal text.

    >>> to_mathml(r"\hat{y}^2")
    '<msup><mover accent="true"><mi>y</mi><mo stretchy="false">ˆ</mo></mover><mn>2</mn></msup>'
    """
    try:
        return parsed(_laid_out(formula, enclosed=enclosed)).mathml
    except MalformedError:
        return f"<mtext>{escaped(to_unicode(formula))}</mtext>"


@dataclass(frozen=True)
class Sentence:
    r"""Words with formulas among them, typeset when they are shown; `str()` gives text.

    `to_latex` and its like set it as one formula, with the words in \\text{...}.

    >>> print(Sentence(("the sign of ", Symbol("x_1"), " is the wrong one")))
    the sign of x₁ is the wrong one
    """

    parts: tuple[str | Expr, ...]

    def latex(self) -> str:
        """Text with the formulas in LaTeX between dollars."""
        return "".join(p if isinstance(p, str) else f"${to_latex(p)}$" for p in self.parts)

    def html(self) -> str:
        """HTML with the formulas in MathML."""
        return "".join(
            escaped(part) if isinstance(part, str) else f"<math>{to_mathml(part)}</math>"
            for part in self.parts
        )

    def __str__(self) -> str:
        return "".join(p if isinstance(p, str) else to_unicode(p) for p in self.parts)

    text = __str__


Formula: TypeAlias = "str | Expr | Sentence"


def _laid_out(formula: Formula, *, enclosed: bool) -> str:
    """LaTeX that still tells which names are applied to what follows."""
    if isinstance(formula, str):
        is_label = "\\" not in formula and spellings_of(formula)
        written = label_latex(formula) if is_label else formula
    else:
        parts = formula.parts if isinstance(formula, Sentence) else (formula,)
        written = "".join(_words(p) if isinstance(p, str) else _alone(_readable(p)) for p in parts)
    return _bracket(written) if enclosed else written


def _words(text: str) -> str:
    return rf"\text{{{''.join(_ESCAPES.get(c, c) for c in text)}}}"


# Labels.

_SCRIPT: Final = r"(?:[A-Za-z0-9]|\{[A-Za-z0-9]+\})"
_PLAIN: Final = re.compile(rf"[A-Za-z](?:_{_SCRIPT})?(?:\^{_SCRIPT})?")  # what most labels are
_IN_A_PROGRAM: Final = re.compile(rf"[_^][A-Za-z0-9]{{2}}|(?:{'|'.join(GREEK)})(?![A-Za-z])")
_ESCAPES: Final = {**{c: f"\\{c}" for c in "%&#_${}"}, "\\": "/", "^": "'", "~": "-"}
_SPOKEN: Final = tuple(rf"\{accent}"[:4] for accent in SPOKEN_ACCENTS)


@lru_cache(maxsize=4096)
def label_latex(label: str) -> str:
    """A label as LaTeX, as `to_latex` says."""
    in_a_program = _IN_A_PROGRAM.search(label) or not label.isascii()
    if _PLAIN.fullmatch(label) or (_is_latex(label) and ("\\" in label or not in_a_program)):
        return label
    meant = _as_meant(label)
    if meant.isascii() and _is_latex(meant):
        return meant
    composed = unicodedata.normalize("NFC", label)
    return _words("".join(c if c.isprintable() else " " for c in composed))


def _is_latex(text: str) -> bool:
    try:
        parsed(text)
    except MalformedError:
        return False
    return not (" " in text and text.replace(" ", "").isalnum())  # words are text


def _as_meant(label: str) -> str:
    """A symbol as LaTeX that is written as in a program, or in Unicode; else the label itself."""
    # The last reading takes most words for what they say; but not `what` for a w with a hat.
    free = "_" in label or not label.isascii()
    readings = [s for s in spellings_of(label) if free or s.base[:4] not in _SPOKEN]
    *indices, word = readings[-1].sub.split(",") if readings else ("", "")
    if not readings or (indices and "{" not in label):  # my_long_name
        return label
    if not (word.isalpha() and len(word) > 2):
        return readings[-1].label
    symbol = readings[-1]._replace(sub=",".join(indices)).label
    return marked(symbol, word)


def marked(symbol: str, word: str) -> str:
    r"""A symbol in LaTeX with a word below it.

    >>> marked("w", "new"), marked("W_{11}", "old")
    ('w_{\\text{new}}', '{W_{11}}_{\\text{old}}')
    """
    base = f"{{{symbol}}}" if "_" in symbol or _is_raised(symbol) else symbol
    return rf"{base}_{{\text{{{word}}}}}"


@lru_cache(maxsize=4096)
def _symbol(label: str) -> str:
    """A label as LaTeX, in brackets where it is composed: `1 - p` can't stand in a product."""
    written = label_latex(label)
    box = parsed(written)
    pieces = box.parts if box.kind == "row" else (box,)
    composed = any(
        piece.kind == "space" or (piece.kind == "sign" and piece.text != "⋯") for piece in pieces
    )
    return _bracket(written) if composed else written


# Trees.


def _readable(tree: Expr) -> Expr:
    """The tree with operations by their notation; where e is a symbol, its powers are exp(x)."""
    e_is_a_symbol = "e" in symbols_of(tree)

    def change(part: Expr) -> Expr | None:
        match part:
            case Power(Constant("e"), exponent) if e_is_a_symbol:
                return Applied(r"\exp", (rebuilt(exponent, change),))
            case Call(operation, arguments, 0) if len(arguments) == operation.arity:
                notation = notation_of(operation)
                if not (isinstance(notation, Call) and notation.operation is operation):
                    inputs = {f"#{i}": part for i, part in enumerate(arguments, start=1)}
                    return rebuilt(substituted(notation, inputs), change)
        return None

    return rebuilt(tree, change)


def _alone(tree: Expr) -> str:
    """A tree beside which nothing stands."""
    match tree:
        case Number(written):
            return _number(written)
        case Constant(name):
            return "e" if name == "e" else rf"\{name}"
        case Symbol(label):
            return _symbol(label)
        case Negative(operand):
            return f"-{_term(operand)}"
        case Sum(terms):
            return _sum(terms)
        case Product(factors, ()):
            return _in_a_row(factors)
        case Product(factors, divisors):
            return rf"\frac{{{_in_a_row(factors)}}}{{{_in_a_row(divisors)}}}"
        case Power(base, exponent):
            return _base(base) + _raised(_exponent(exponent))
        case Call(operation, arguments, primes):
            return _call(operation, arguments, primes)
        case Applied(name, arguments, primes):
            return _applied(_symbol(name), arguments, primes)
        case Derivative():
            return _derivative(tree)
        case At(of, symbol, value):
            return rf"\left.{_alone(of)}\right|_{{{_alone(symbol)} = {_alone(value)}}}"
        case Series(kind, body, index, first, last):
            below = _symbol(index) + ("" if first is None else f"={_alone(first)}")
            above = "" if last is None else f"^{{{_alone(last)}}}"
            return rf"\{kind}_{{{below}}}{above} {_term(body)}"
        case Relation(left, sign, right):
            return f"{_alone(left)} {RELATION_SIGNS[sign]} {_alone(right)}"
        case Cases((Number("1"), Number("0")), (condition,)):
            return rf"\mathbb{{1}}{_listed((condition,), '[]')}"
        case Cases(values, conditions):
            held = [*map(_alone, conditions), r"\text{otherwise}"]
            rows = (f"{_alone(value)} & {when}" for value, when in zip(values, held, strict=False))
            return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"
        case Listed(items):
            return _listed(items, "[]")
    raise TypeError(f"no layout for {type(tree).__name__}")


def _enclosed(tree: Expr) -> str:
    return _bracket(_alone(tree))


def _bracket(inner: str, pair: str = "()") -> str:
    """Brackets around a formula; round ones are as tall as it is."""
    is_tall = pair == "()" and (r"\frac" in inner or r"\begin" in inner)
    return rf"\left({inner}\right)" if is_tall else pair[0] + inner + pair[1]


def _listed(trees: Iterable[Expr], pair: str) -> str:
    return _bracket(", ".join(map(_alone, trees)), pair)


# Sums, products, powers.


def _sum(terms: tuple[Expr, ...]) -> str:
    written = ""
    for term in terms:
        sign, size = ("-", term.operand) if isinstance(term, Negative) else ("+", term)
        written += f" {sign} " if written else sign.strip("+")
        written += _term(size)
    return written


def _is_loose(tree: Expr) -> bool:
    """Whether it holds signs + and -, or words, that a sign before it would not reach past."""
    match tree:
        case Sum() | Negative() | Relation():
            return True
        case Cases():
            return _alone(tree).startswith(r"\begin")
    return False


def _term(tree: Expr) -> str:
    """A tree after a sign + or -."""
    return _enclosed(tree) if _is_loose(tree) else _alone(tree)


def _in_a_row(factors: tuple[Expr, ...]) -> str:
    if len(factors) == 1:
        return _alone(factors[0])
    written = ""
    for place, factor in enumerate(factors):
        shown = _factor(factor, place, len(factors))
        if place:
            written += _between(factors[place - 1], factor, shown, second=place == 1)
        written += shown
    return written


def _factor(tree: Expr, place: int, count: int) -> str:
    match tree:
        case Product(_, ()):
            return _enclosed(tree)
        case Series() if place < count - 1:  # it would take in what follows
            return _enclosed(tree)
        case Number(written) if place and "e" in written:  # 2 · 3·10⁴ is no product of two
            return _enclosed(tree)
        case Power(Number("10"), _) if place:  # 2 · 10⁴ is one number
            return _enclosed(tree)
    return _term(tree)


def _between(before: Expr, after: Expr, shown: str, *, second: bool) -> str:
    """What stands between two factors: nothing, space or a dot."""
    dot = r" \cdot "
    size = after.base if isinstance(after, Power) else after
    if shown.removeprefix(r"\left.")[0].isdigit() or value_of(size) is not None:
        return dot
    if shown.startswith(("(", r"\left(")):
        return ""
    if isinstance(before, Derivative) and isinstance(after, Derivative):
        return dot
    if not isinstance(before, Number):
        return " "
    if not second or (isinstance(after, Product) and is_numeric(after)):
        return dot  # 2 · 1/3 is no mixed number
    is_symbol = isinstance(size, Symbol) and not re.match("[eE][0-9]", size.label)
    return "" if is_symbol and "e" not in before.written else " "


def _base(tree: Expr) -> str:
    """A tree that an exponent stands right after."""
    match tree:
        case Symbol():
            takes_it = not _is_raised(_alone(tree))
        case Number(written):
            takes_it = "e" not in written
        case Call(operation, _, primes):
            takes_it = primes > 0 or operation is ops.abs or notation_name(operation) != ""
        case Applied(_, arguments):
            takes_it = bool(arguments)
        case _:
            takes_it = isinstance(tree, Constant)
    return _alone(tree) if takes_it else _enclosed(tree)


def _is_raised(symbol: str) -> bool:
    """Whether it has scripts above of its own."""
    return "^" in symbol or "'" in symbol


def _raised(exponent: str) -> str:
    bare = len(exponent) == 1 and exponent.isdigit()
    return f"^{exponent}" if bare else f"^{{{exponent}}}"


def _exponent(tree: Expr) -> str:
    """What stands raised: fractions of whole numbers with a stroke, as in x^{1/2}."""
    sign, size = ("-", tree.operand) if isinstance(tree, Negative) else ("", tree)
    match size:
        case Product((Number(above),), (Number(below),)) if (above + below).isdigit():
            return f"{sign}{above}/{below}"
    return _alone(tree)


def _number(written: str) -> str:
    digits, power = digits_and_power(written)
    return rf"{digits}{{\cdot}}10^{{{int(power)}}}" if power else digits


# Functions and derivatives.


def _call(operation: Operation, arguments: tuple[Expr, ...], primes: int) -> str:
    if primes or len(arguments) != operation.arity or notation_name(operation):
        return _applied(_name(operation), arguments, primes)
    if operation is ops.abs:  # what stands in |...| can't hold other bars
        arguments = tuple(rebuilt(argument, _without_bars) for argument in arguments)
    put = _alone if TABLE.get(operation.name) is operation else _base
    return re.sub("#([12])", lambda hole: put(arguments[int(hole[1]) - 1]), operation.latex)


def _without_bars(part: Expr) -> Expr | None:
    if isinstance(part, Call) and part.operation is ops.abs:
        return Applied(r"\operatorname{abs}", part.arguments)
    return None


def _name(operation: Operation) -> str:
    """What an operation is called before its inputs."""
    if notation_name(operation):
        return operation.latex.partition("(")[0]
    if operation is ops.exp:
        return r"\exp"
    return rf"\operatorname{{{operation.name}}}".replace("_", r"\_")


def _applied(name: str, arguments: tuple[Expr, ...], primes: int) -> str:
    """`name''(x, y)`, or `name''` where there are no arguments."""
    base = f"{{{name}}}" if primes and "^" in name else name
    inputs = APPLIED + _listed(arguments, "()") if arguments else ""
    return base + "'" * primes + inputs


def _derivative(tree: Derivative) -> str:
    letter, gap = (r"\partial", " ") if tree.sign == "∂" else ("d", "")
    changes: list[str] = []
    of: Expr = tree
    order = 0
    while isinstance(of, Derivative) and of.sign == tree.sign:
        symbol = _symbol(of.wrt.label)
        if _is_raised(symbol):  # \partial x^2, but where x has a script above of its own
            changes += [f"{letter}{gap}{symbol}"] * of.order  # \partial x \partial x
        else:
            changes.append(f"{letter}{gap}{symbol}" + (_raised(str(of.order)) * (of.order > 1)))
        order += of.order
        of = of.of
    above, below = letter + _raised(str(order)) * (order > 1), " ".join(changes)
    if isinstance(of, Symbol | Applied):
        gap = " " if order > 1 else gap
        return rf"\frac{{{above}{gap}{_alone(of)}}}{{{below}}}"
    return rf"\frac{{{above}}}{{{below}}} {_enclosed(of)}"
