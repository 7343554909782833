r"""THE layout of formulas: a tree as boxes, with brackets where, and only where, it needs them.

What is printed is read back as the same tree, from LaTeX and from text. `to_latex`, `to_unicode`
and `to_mathml` show labels, LaTeX and trees alike.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from autograd import ops
from autograd.notation.boxes import (
    NOTHING,
    Box,
    MalformedError,
    escaped,
    is_sum,
    latex_of,
    mathml_of,
    neighbours,
    parsed,
    row,
    text_of,
)
from autograd.notation.expr import (
    EULER,
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
    symbols_of,
    value_of,
)
from autograd.notation.labels import spellings_of
from autograd.notation.signs import (
    GREEK,
    RELATION_SIGNS,
    SPOKEN_ACCENTS,
    digits_and_power,
    notation_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd.ops import Operation


# The public functions.


def to_unicode(formula: Formula, *, enclosed: bool = False) -> str:
    r"""A label, LaTeX or a tree as one line of text; `enclosed` puts it in brackets.

    A script that Unicode lacks stays readable, as `W_{ab}`. Text that is neither a label nor
    well-formed LaTeX comes back unchanged.

    >>> to_unicode(r"-2(y - \hat{y}) W_{11}^2 x_{i1}"), to_unicode("y_hat")
    ('−2(y − ŷ) W₁₁² xᵢ₁', 'ŷ')
    >>> to_unicode(r"\frac{\partial L}{\partial W_{ab}} = \frac{a + b}{1.5{\cdot}10^{-7}}")
    '∂L/∂W_{ab} = (a + b)/(1.5·10⁻⁷)'
    """
    try:
        return text_of(_box(formula, enclosed=enclosed))
    except MalformedError:
        return str(formula)


def to_mathml(formula: Formula, *, enclosed: bool = False) -> str:
    r"""A label, LaTeX or a tree as the inside of a MathML `<math>` element, well-formed XML.

    Text that is neither a label nor well-formed LaTeX comes back as literal text.

    >>> to_mathml(r"\hat{y}^2")
    '<msup><mover accent="true"><mi>y</mi><mo stretchy="false">ˆ</mo></mover><mn>2</mn></msup>'
    """
    try:
        return mathml_of(_box(formula, enclosed=enclosed))
    except MalformedError:
        return f"<mtext>{escaped(str(formula))}</mtext>"


def to_latex(formula: Formula, *, enclosed: bool = False) -> str:
    r"""A tree as LaTeX; a label as itself where it is LaTeX, else as it was meant, else as text.

    A script without braces goes as far as its letters and digits do, as in names of a program.

    >>> to_latex("W_{11}^2"), to_latex("W₁₁²"), to_latex("W_11^2"), to_latex("y_hat")
    ('W_{11}^2', 'W_{11}^2', 'W_{11}^2', '\\hat{y}')
    >>> to_latex("y_pred"), to_latex("50% off")
    ('y_{\\text{pred}}', '\\text{50\\% off}')
    """
    if isinstance(formula, str):
        return label_latex(formula)
    return latex_of(_box(formula, enclosed=enclosed))


def latex(tree: Expr) -> str:
    r"""A tree as LaTeX.

    >>> latex(Product((Number("2"), Sum((Symbol("y"), Negative(Symbol("x")))))))
    '2(y - x)'
    """
    return latex_of(box_of(tree))


def unicode(tree: Expr) -> str:
    """A tree as one line of text."""
    return text_of(box_of(tree))


def mathml(tree: Expr) -> str:
    """A tree as the inside of a MathML `<math>` element."""
    return mathml_of(box_of(tree))


@dataclass(frozen=True)
class Sentence:
    r"""Words with formulas among them, typeset when they are shown; `str()` gives text.

    `to_latex` and its like set it as one formula, with the words in \\text{...}.

    >>> print(Sentence(("the sign of ", Symbol("x_1"), " is the wrong one")))
    the sign of x₁ is the wrong one
    """

    parts: tuple[str | Expr, ...]

    def text(self) -> str:
        """One line of text."""
        return "".join(part if isinstance(part, str) else unicode(part) for part in self.parts)

    def latex(self) -> str:
        """Text with the formulas in LaTeX between dollars."""
        return "".join(part if isinstance(part, str) else f"${latex(part)}$" for part in self.parts)

    def html(self) -> str:
        """HTML with the formulas in MathML."""
        return "".join(
            escaped(part) if isinstance(part, str) else f"<math>{mathml(part)}</math>"
            for part in self.parts
        )

    def __str__(self) -> str:
        return self.text()


Formula: TypeAlias = "str | Expr | Sentence"


def _box(formula: Formula, *, enclosed: bool) -> Box:
    if isinstance(formula, Expr):
        box = box_of(formula)
    elif isinstance(formula, Sentence):
        words = (_words(part) if isinstance(part, str) else box_of(part) for part in formula.parts)
        box = row(words)
    else:
        is_label = "\\" not in formula and spellings_of(formula)
        box = parsed(label_latex(formula) if is_label else formula)
    return _bracket(box) if enclosed else box


def _words(text: str) -> Box:
    return Box("word", text, latex=rf"\text{{{''.join(_ESCAPES.get(c, c) for c in text)}}}")


# Labels.

_SCRIPT: Final = r"(?:[A-Za-z0-9]|\{[A-Za-z0-9]+\})"
_PLAIN: Final = re.compile(rf"[A-Za-z](?:_{_SCRIPT})?(?:\^{_SCRIPT})?")  # what most labels are
_IN_A_PROGRAM: Final = re.compile(rf"[_^][A-Za-z0-9]{{2}}|(?:{'|'.join(GREEK)})(?![A-Za-z])")
_ESCAPES: Final = {**{c: f"\\{c}" for c in "%&#_${}"}, "\\": "/", "^": "'", "~": "-"}


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
    printable = (c if c.isprintable() else " " for c in composed)
    return r"\text{" + "".join(_ESCAPES.get(c, c) for c in printable) + "}"


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
    base = f"{{{symbol}}}" if set("_^'") & set(symbol) else symbol
    return rf"{base}_{{\text{{{word}}}}}"


_SPOKEN: Final = tuple(rf"\{accent}"[:4] for accent in SPOKEN_ACCENTS)


@lru_cache(maxsize=4096)
def _symbol(label: str) -> Box:
    spelled = label_latex(label)
    inner = parsed(spelled)
    pieces = inner.parts if inner.kind == "row" else (inner,)
    unit = Box("unit", parts=(inner,), latex=spelled)
    # A label such as `1 - p` can't stand in a product, nor take an exponent, as it is.
    composed = any(
        piece.kind == "space" or (piece.kind == "sign" and piece.text != "⋯") for piece in pieces
    )
    return _bracket(unit) if composed else unit


# Trees.

_SPACE: Final = Box("space", " ", latex=" ")
_APART: Final = Box("space", "", latex=" ")  # seen in LaTeX alone
_MINUS: Final = Box("sign", "−", latex="-")
_SLASH: Final = Box("sign", "/", latex="/")
_COMMA: Final = Box("sign", ",", latex=",")
_TEN: Final = Box("number", "10", latex="10")
_TIMES_TEN: Final = Box("number", "·", latex=r"{\cdot}")
_PARTIAL: Final = Box("letter", "∂", latex=r"\partial")
_LETTER_D: Final = Box("letter", "d", latex="d")
_INDICATOR: Final = Box("letter", "𝟙", latex=r"\mathbb{1}")
_ADDED: Final = (Sum, Negative, Relation)


def box_of(tree: Expr) -> Box:
    """A tree as boxes."""
    return _Layout(e_is_a_symbol="e" in symbols_of(tree)).alone(tree)


class _Layout:
    """Lays out one formula. Where e is a symbol, powers of Euler's number are written exp(x)."""

    def __init__(self, *, e_is_a_symbol: bool) -> None:
        self._e_is_a_symbol = e_is_a_symbol
        self._in_bars = False  # what stands in |...| can't hold other bars

    def alone(self, tree: Expr) -> Box:
        """A tree beside which nothing stands."""
        match tree:
            case Number(written):
                return _number(written)
            case Constant(name):
                return Box("letter", "e", latex="e") if name == "e" else parsed(rf"\{name}")
            case Symbol(label):
                return _symbol(label)
            case Negative(operand):
                return row((_MINUS, self._term(operand)))
            case Sum(terms):
                return self._sum(terms)
            case Product(factors, divisors):
                above, below = self._in_a_row(factors), self._in_a_row(divisors)
                return Box("fraction", parts=(above, below)) if divisors else above
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call():
                return self._call(tree)
            case Applied(name, arguments, primes):
                return self._applied(_symbol(name), arguments, primes)
            case Derivative():
                return self._derivative(tree)
            case At(of, symbol, value):
                return Box("at", parts=(self.alone(of), self._relation(symbol, "=", value)))
            case Series():
                return self._series(tree)
            case Relation(left, sign, right):
                return self._relation(left, sign, right)
            case Cases((Number("1"), Number("0")), (condition,)):
                return Box("unit", parts=(row((_INDICATOR, self._listed((condition,), "[]"))),))
            case Cases(values, conditions):
                pairs = zip(values, conditions, strict=False)
                rows = [self.alone(part) for pair in pairs for part in pair]
                return Box("cases", parts=(*rows, *map(self.alone, values[len(conditions) :])))
            case Listed(items):
                return self._listed(items, "[]")
        raise TypeError(f"no layout for {type(tree).__name__}")

    def _enclosed(self, tree: Expr) -> Box:
        return self._listed((tree,), "()")

    def _listed(self, trees: Iterable[Expr], pair: str) -> Box:
        """Trees in brackets, with commas between."""
        in_bars, self._in_bars = self._in_bars, False
        parts: list[Box] = []
        for tree in trees:
            parts += [_COMMA, _SPACE] if parts else []
            parts.append(self.alone(tree))
        self._in_bars = in_bars
        return _bracket(row(parts), pair)

    # Sums, products, powers.

    def _sum(self, terms: tuple[Expr, ...]) -> Box:
        parts: list[Box] = []
        for term in terms:
            sign = "-" if isinstance(term, Negative) else "+"
            if parts:
                parts += _infix(sign)
            elif sign == "-":
                parts.append(_MINUS)
            parts.append(self._term(term.operand if isinstance(term, Negative) else term))
        return row(parts)

    def _term(self, tree: Expr) -> Box:
        """A tree after a sign + or -."""
        box = self.alone(tree)
        return self._enclosed(tree) if isinstance(tree, _ADDED) or box.kind == "cases" else box

    def _in_a_row(self, factors: tuple[Expr, ...]) -> Box:
        if len(factors) == 1:
            return self.alone(factors[0])
        parts: list[Box] = []
        for place, factor in enumerate(factors):
            box = self._factor(factor, place, len(factors))
            if place:
                parts += _between(factors[place - 1], factor, box, second=place == 1)
            parts.append(box)
        return row(parts)

    def _factor(self, tree: Expr, place: int, count: int) -> Box:
        match tree:
            case Sum() | Negative() | Relation() | Product(_, ()):
                return self._enclosed(tree)
            case Series() if place < count - 1:  # it would take in what follows
                return self._enclosed(tree)
            case Number(written) if place and "e" in written:  # 2 · 3·10⁴ is no product of two
                return self._enclosed(tree)
            case Power(Number("10"), _) if place:  # 2 · 10⁴ is one number
                return self._enclosed(tree)
        box = self.alone(tree)
        return self._enclosed(tree) if box.kind == "cases" or is_sum(box) else box

    def _power(self, base: Expr, exponent: Expr) -> Box:
        if base == EULER and self._e_is_a_symbol:
            return self._applied(_name(ops.exp), (exponent,), 0)
        bare = self.alone(base)
        if not _takes_exponent(base, bare):
            bare = self._enclosed(base)
        return Box("scripts", parts=(bare, NOTHING, self._exponent(exponent)))

    def _exponent(self, tree: Expr) -> Box:
        """What stands raised: fractions of whole numbers with a stroke, as in x^{1/2}."""
        sign, size = ((_MINUS,), tree.operand) if isinstance(tree, Negative) else ((), tree)
        match size:
            case Product((Number(above),), (Number(below),)) if (above + below).isdigit():
                return row((*sign, _number(above), _SLASH, _number(below)))
        return self.alone(tree)

    # Functions.

    def _call(self, call: Call) -> Box:
        operation, arguments, primes = call.operation, call.arguments, call.primes
        if operation is ops.exp and not primes:
            return self._power(EULER, arguments[0])
        if primes or len(arguments) != operation.arity or notation_name(operation):
            return self._applied(_name(operation), arguments, primes)
        if operation is not ops.abs:
            return self._filled(parsed(operation.latex), arguments)
        if self._in_bars:
            return self._applied(_name(operation), arguments, 0)
        self._in_bars = True
        inner = self.alone(arguments[0])
        self._in_bars = False
        return _bracket(inner, "||")

    def _applied(self, name: Box, arguments: tuple[Expr, ...], primes: int) -> Box:
        """`name''(x, y)`, or `name''` where there are no arguments."""
        marks = (Box("sign", "′" * primes, latex="'" * primes),) if primes else ()
        inputs = (self._listed(arguments, "()"),) if arguments else ()
        return Box("unit", parts=(row((name, *marks, *inputs)),))

    def _filled(self, notation: Box, arguments: tuple[Expr, ...]) -> Box:
        """An operation's notation with its inputs in the holes."""
        parts = list(notation.parts)
        for at, part in enumerate(parts):
            if part.kind != "hole":
                parts[at] = self._filled(part, arguments)
                continue
            argument = arguments[int(part.text) - 1]
            enclosed = _is_enclosed(notation, at)
            parts[at] = self.alone(argument) if enclosed else self._beside(argument, notation)
        if notation.kind == "group":
            return _bracketed(*parts)
        return notation._replace(parts=tuple(parts))

    def _beside(self, tree: Expr, notation: Box) -> Box:
        """A tree next to a sign that is not known here."""
        box = self.alone(tree)
        if notation.kind == "scripts":
            return box if _takes_exponent(tree, box) else self._enclosed(tree)
        single = isinstance(tree, Number | Constant | Symbol | Call | Applied | Power | Derivative)
        divided = isinstance(tree, Product) and tree.divisors
        return box if single or divided else self._enclosed(tree)

    # Derivatives, sums over an index, relations.

    def _derivative(self, tree: Derivative) -> Box:
        letter = _PARTIAL if tree.sign == "∂" else _LETTER_D
        below: list[Box] = []
        of: Expr = tree
        order = 0
        while isinstance(of, Derivative) and of.sign == tree.sign:
            below += self._change(letter, of)
            order += of.order
            of = of.of
        above = [_raised(letter, order)]
        under = row(below[:-1])
        if isinstance(of, Symbol | Applied):
            gap = () if letter is _LETTER_D and order == 1 else (_APART,)
            over = row((*above, *gap, self.alone(of)))
            return Box("derivative", parts=(over, under))
        return row((Box("derivative", parts=(row(above), under)), _SPACE, self._enclosed(of)))

    def _change(self, letter: Box, tree: Derivative) -> list[Box]:
        r"""\partial x^2, and where x has scripts above of its own, \partial x \partial x."""
        symbol = self.alone(tree.wrt)
        gap = () if letter is _LETTER_D else (_APART,)
        if _takes_exponent(tree.wrt, symbol):
            return [letter, *gap, _raised(symbol, tree.order), _APART]
        return [letter, *gap, symbol, _APART] * tree.order

    def _series(self, tree: Series) -> Box:
        sign = parsed(rf"\{tree.kind}")
        below = _symbol(tree.index)
        if tree.first is not None:
            below = row((below, parsed("="), self.alone(tree.first)))
        above = NOTHING if tree.last is None else Box("row", parts=(self.alone(tree.last),))
        return row((Box("scripts", parts=(sign, below, above)), _SPACE, self._term(tree.body)))

    def _relation(self, left: Expr, sign: str, right: Expr) -> Box:
        return row((self.alone(left), *_infix(RELATION_SIGNS[sign]), self.alone(right)))


def _infix(sign: str) -> tuple[Box, ...]:
    return (_SPACE, parsed(sign), _SPACE)


def _number(written: str) -> Box:
    digits, power = digits_and_power(written)
    size = Box("number", digits, latex=digits)
    if not power:
        return size
    exponent = str(abs(int(power)))
    sign = (_MINUS,) if power.startswith("-") else ()
    raised = Box("row", parts=(*sign, Box("number", exponent, latex=exponent)))
    return row((size, _TIMES_TEN, Box("scripts", parts=(_TEN, NOTHING, raised))))


def _raised(box: Box, order: int) -> Box:
    exponent = Box("number", str(order), latex=str(order))
    return box if order == 1 else Box("scripts", parts=(box, NOTHING, exponent))


def _bracket(inner: Box, pair: str = "()") -> Box:
    opening, closing = (Box("sign", sign, latex=sign) for sign in pair)
    return _bracketed(opening, inner, closing)


def _bracketed(opening: Box, inner: Box, closing: Box) -> Box:
    """Brackets around a box, as tall as it is."""
    if opening.text == "|" or (opening.text == "(" and _is_tall(inner)):
        opening, closing = (each._replace(kind="fence") for each in (opening, closing))
    return Box("group", parts=(opening, inner, closing))


def _is_tall(box: Box) -> bool:
    return box.kind in ("fraction", "derivative", "cases") or any(map(_is_tall, box.parts))


def _name(operation: Operation) -> Box:
    """What an operation is called before its inputs."""
    if notation_name(operation):
        return parsed(operation.latex.partition("(")[0])
    if operation is ops.exp:
        return parsed(r"\exp")
    return parsed(rf"\operatorname{{{operation.name}}}".replace("_", r"\_"))


def _is_enclosed(notation: Box, at: int) -> bool:
    """Whether what stands in a hole needs no brackets: others or commas are around it."""
    match notation.kind:
        case "row":
            return all(part.text == "," for part in neighbours(notation.parts, at))
        case "scripts":
            return at > 0
    return True


def _takes_exponent(tree: Expr, box: Box) -> bool:
    """Whether an exponent may stand right after it."""
    match tree:
        case Symbol():
            return not (set("^'") & set(box.latex))
        case Number(written):
            return "e" not in written
        case Call(operation, _, primes):
            return primes > 0 or operation is ops.abs or notation_name(operation) != ""
        case Applied(_, arguments):
            return bool(arguments)
    return isinstance(tree, Constant)


def _between(before: Expr, after: Expr, box: Box, *, second: bool) -> tuple[Box, ...]:
    """What stands between two factors: nothing, space or a dot."""
    dot, head = _infix(r"\cdot"), box
    while head.kind in ("row", "scripts") and head.parts:
        head = head.parts[0]
    size = after.base if isinstance(after, Power) else after
    if head.kind == "number" or value_of(size) is not None:
        return dot
    if head.kind == "group" and head.parts[0].text == "(":
        return ()
    if isinstance(before, Derivative) and isinstance(after, Derivative):
        return dot
    if not isinstance(before, Number):
        return (_SPACE,)
    if not second or (isinstance(after, Product) and is_numeric(after)):
        return dot  # 2 · 1/3 is no mixed number
    is_symbol = isinstance(size, Symbol) and not re.match("[eE][0-9]", size.label)
    return () if is_symbol and "e" not in before.written else (_SPACE,)
