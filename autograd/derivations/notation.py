r"""Formulas of Values as a person writes them: signs, brackets, order, numbers.

What a node was computed from is first gathered into a sum of products: numbers and signs multiplied
out, powers of the same symbol put together, like terms added. That view lives only while a formula
is written. Labelled nodes are symbols in it, unlabelled ones are written out.

Everything is written in LaTeX; `autograd.derivations.markup` turns LaTeX into text and MathML.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeGuard

from autograd import ops
from autograd.derivations.markup import is_one_symbol, to_latex, to_unicode
from autograd.errors import ArgumentError, GraphError
from autograd.graph import topological_order
from autograd.value import Value, _name

if TYPE_CHECKING:
    from autograd.ops import Operation

__all__ = ["formula"]


def formula(value: Value, style: str = "latex") -> str:
    r"""What `value` was computed from, over the labelled nodes nearest to it.

    `style` is "latex" or "unicode". Leaves without a label are called v_1, v_2, ...; a leaf is
    its own formula. Raises GraphError for one too long to be read, ArgumentError for another
    style.

    >>> w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(0.0, "b")
    >>> formula((w * x + b - 3).tanh() / 2)
    '0.5 \\tanh(w x + b - 3)'
    >>> formula((w * x + b) ** 2 / w, style="unicode")
    '(w x + b)²/w'
    """
    names = Names(topological_order(value))
    if value.parents:
        names.write_out(value)
    form = form_of(value, names)
    if form is None:
        raise GraphError(
            f"the formula of {_name(value)} is too long to be read",
            hint="label nodes in between: v.label = 'h'; labelled nodes are written as symbols",
        )
    return styled(latex_of(form, names), style)


def styled(latex: str, style: str) -> str:
    """LaTeX in the style asked for: "latex" or "unicode"."""
    if style == "latex":
        return latex
    if style == "unicode":
        return to_unicode(latex)
    raise ArgumentError(f"{style!r} is no style of formulas", hint="'latex' or 'unicode'")


# Names


class Names:
    """What the nodes of a graph are called: their labels, told apart where two are the same.

    `order` holds the nodes, the root last. Leaves without a label are v_1, v_2, ...; `wrt`, which
    is a symbol in any case, is x where that is free.
    """

    def __init__(self, order: list[Value], wrt: Value | None = None) -> None:
        nodes = list(dict.fromkeys([*order, wrt])) if wrt is not None else order
        self._root = order[-1]
        self._latex: dict[Value, str] = {}
        self._shared: dict[Value, str] = {}  # labels that several nodes have
        self._nameless: set[Value] = set()
        self._name_labelled(nodes)
        self._name_others(nodes, wrt)

    def remarks_on(self, nodes: Iterable[Value]) -> list[str]:
        """In words, which of the nodes are not called by their label, and why."""
        mentioned = list(dict.fromkeys(nodes))
        shared = dict.fromkeys(self._shared[node] for node in mentioned if node in self._shared)
        nameless = [
            f"{to_unicode(self._latex[node])} = {to_unicode(number(node.data))}"
            for node in mentioned
            if node in self._nameless
        ]
        remarks = []
        if shared:
            remarks.append(
                f"several nodes are labelled {', '.join(shared)}: ⁽¹⁾, ⁽²⁾, ... number them in the "
                "order of their computation"
            )
        if nameless:
            more = f", ... ({len(nameless)} in all)" if len(nameless) > 5 else ""
            remarks.append(f"without a label: {', '.join(nameless[:5])}{more}")
        return remarks

    def symbol(self, node: Value) -> str | None:
        """The LaTeX symbol of a node; None where it is to be written out."""
        return self._latex.get(node)

    def called(self, node: Value) -> str:
        """What to call a node that has to be called something: its symbol, or "out"."""
        return self._latex.get(node, r"\text{out}")

    def add(self, node: Value, latex: str) -> None:
        """Calls one more node by a symbol."""
        self._latex[node] = latex

    def write_out(self, node: Value) -> None:
        """From now on the node is no symbol."""
        self._latex.pop(node, None)

    def is_taken(self, latex: str) -> bool:
        """Whether a node is called so, in whatever spelling: `y_1` is `y_{1}`."""
        text = to_unicode(latex)
        return any(to_unicode(taken) == text for taken in self._latex.values())

    def _name_labelled(self, nodes: list[Value]) -> None:
        by_symbol: dict[str, list[Value]] = {}
        for node in nodes:
            if node.label.strip():
                by_symbol.setdefault(to_latex(node.label), []).append(node)
        for latex, same in by_symbol.items():
            if len(same) == 1:
                self._latex[same[0]] = latex
                continue
            numbered = [_numbered(latex, i) for i in range(1, len(same) + 1)]
            self._latex.update(zip(same, numbered, strict=True))
            self._shared.update(dict.fromkeys(same, to_unicode(latex)))

    def _name_others(self, nodes: list[Value], wrt: Value | None) -> None:
        taken = set(self._latex.values())
        count = 0
        for node in nodes:
            nameless = node not in self._latex and node is not self._root
            if not (node is wrt or (node.is_leaf and not node.is_constant)) or not nameless:
                continue
            name = "x" if node is wrt else ""
            while not name or name in taken:
                count += 1
                name = f"v_{{{count}}}"
            taken.add(name)
            self._latex[node] = name
            self._nameless.add(node)


def _numbered(latex: str, number: int) -> str:
    """The symbol with (number) above it."""
    if "^" not in latex and "'" not in latex:
        return f"{latex}^{{({number})}}"
    return f"{{{latex}}}^{{({number})}}"


# Numbers


def number(x: float, digits: int = 6) -> str:
    r"""A number in LaTeX to so many significant digits; whole numbers up to 1e15 in full.

    >>> number(2400.0), number(-0.0821670412), number(1.2e-7)
    ('2400', '-0.082167', '1.2{\\cdot}10^{-7}')
    """
    if not math.isfinite(x):
        return r"\text{undefined}" if math.isnan(x) else r"\infty" if x > 0 else r"-\infty"
    if x == int(x) and abs(x) < 1e15:
        return str(int(x))
    return _with_power_of_ten(f"{x:.{digits}g}")


def shown(x: float, digits: int) -> Fraction:
    """The number that `number(x, digits)` shows, for a finite x."""
    if x == int(x) and abs(x) < 1e15:
        return Fraction(int(x))
    return Fraction(f"{x:.{digits}g}")


def is_rounded(x: float, digits: int) -> bool:
    """Whether `number(x, digits)` shows less than x holds, the last bits of a float apart."""
    return math.isfinite(x) and abs(shown(x, digits) - Fraction(x)) > Fraction(abs(x)) / 10**14


def _with_power_of_ten(decimal: str) -> str:
    mantissa, _, exponent = decimal.partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    if mantissa in ("1", "-1"):
        return mantissa[:-1] + power
    return rf"{mantissa}{{\cdot}}{power}"


def _exactly(x: float) -> Fraction:
    """The number a person would have meant by x: 0.1 is 1/10 and 0.3333333333333333 is 1/3."""
    decimal = Fraction(repr(x))
    if decimal.denominator <= 10**6:
        return decimal
    simple = decimal.limit_denominator(1000)
    return simple if float(simple) == x else decimal


def _is_short_decimal(q: Fraction) -> bool:
    rest = q.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


# The view of a graph as a sum of products


class Call(NamedTuple):
    """An operation that is no arithmetic, of inputs in the view."""

    op: Operation
    inputs: tuple[Form, ...]


class Term(NamedTuple):
    """A number times powers: of nodes that are symbols, of calls, of sums, of known constants."""

    number: Fraction
    powers: tuple[tuple[Base, Fraction], ...] = ()


Form: TypeAlias = tuple[Term, ...]
Base: TypeAlias = "Value | Call | Form | str"

ONE: Final[Form] = (Term(Fraction(1)),)


def _named(multiple: int, latex: str, exponent: int) -> Form:
    return (Term(Fraction(multiple), ((latex, Fraction(exponent)),)),)


# Constants of the table that have a name.
_KNOWN: Final[dict[float, Form]] = {
    math.log(2.0): _named(1, r"\log(2)", 1),
    math.log(10.0): _named(1, r"\log(10)", 1),
    math.pi: _named(1, r"\pi", 1),
    math.sqrt(0.5): _named(1, r"\sqrt{2}", -1),
    1.0 / math.sqrt(2.0 * math.pi): _named(1, r"\sqrt{2 \pi}", -1),
    2.0 / math.sqrt(math.pi): _named(2, r"\sqrt{\pi}", -1),
}

_LONGEST: Final = 400  # operations in a formula
_DEEPEST: Final = 60  # brackets and functions inside each other
_MOST_BITS: Final = 4000  # of a number raised to a power


def form_of(root: Value, names: Names) -> Form | None:
    """The view of what `root` was computed from; None where it would be too long to be read."""
    order = written_out(root, names)
    if order is None:
        return None
    forms: dict[Value, Form] = {}
    for node in order:
        forms[node] = _form(node, [_input(p, names, forms) for p in node.parents])
    return _input(root, names, forms)


def written_out(root: Value, names: Names) -> list[Value] | None:
    """The nodes that are written out in the formula of `root`, each after its parents."""
    size: dict[Value, int] = {}
    depth: dict[Value, int] = {}
    order: list[Value] = []
    path = [root] if root.parents and names.symbol(root) is None else []
    while path:
        node = path[-1]
        waiting = [
            p for p in node.parents if p.parents and p not in size and names.symbol(p) is None
        ]
        if waiting:
            path.append(waiting[0])
            continue
        path.pop()
        if node in size:
            continue
        size[node] = 1 + sum(size.get(p, 1) for p in node.parents)
        nested = [depth.get(p, 0) for p in node.parents]
        if node.op is ops.add:
            depth[node] = max(nested)
        elif node.op is ops.sub:
            depth[node] = max(nested[0], nested[1] + 1)
        else:
            depth[node] = max(nested) + 1
        if size[node] > _LONGEST or depth[node] > _DEEPEST:
            return None
        order.append(node)
    return order


def _input(node: Value, names: Names, forms: dict[Value, Form]) -> Form:
    if names.symbol(node) is not None:
        return symbol(node)
    if node.is_constant:
        return _KNOWN.get(node.data) or constant(_exactly(node.data))
    return forms[node]


def symbol(node: Value) -> Form:
    """The node itself, as a symbol."""
    return (Term(Fraction(1), ((node, Fraction(1)),)),)


def constant(q: Fraction) -> Form:
    """A number."""
    return (Term(q),) if q else ()


def _form(node: Value, inputs: list[Form]) -> Form:
    build = _ARITHMETIC.get(node.op)
    if build is not None:
        return build(*inputs)
    if node.op is ops.pow:
        exponent = number_of(inputs[1])
        if exponent is not None:
            return _power(inputs[0], exponent)
    if node.op is ops.abs and node.parents[0].op is ops.sign and node.parents[0].data != 0.0:
        return ONE  # in the rule for powers: |sign(b)| is 1 wherever b is not 0
    return (Term(Fraction(1), ((Call(node.op, tuple(inputs)), Fraction(1)),)),)


def number_of(form: Form) -> Fraction | None:
    """The number that a view is, if it is one."""
    if not form:
        return Fraction(0)
    return form[0].number if len(form) == 1 and not form[0].powers else None


def add(f: Form, g: Form) -> Form:
    """The sum f + g, like terms added."""
    terms: dict[frozenset[tuple[Base, Fraction]], Term] = {}
    for term in (*f, *g):
        like = frozenset(term.powers)
        before = terms.get(like)
        total = term.number + (before.number if before else 0)
        terms[like] = Term(total, before.powers if before else term.powers)
    return tuple(term for term in terms.values() if term.number)


def times(f: Form, g: Form) -> Form:
    """The product f g: numbers multiplied, powers of the same base put together in order."""
    if not f or not g:
        return ()
    a, b = _as_term(f), _as_term(g)
    powers: dict[Base, Fraction] = {}
    for base, exponent in (*a.powers, *b.powers):
        powers[base] = powers.get(base, Fraction(0)) + exponent
    return _as_form(a.number * b.number, powers)


def is_sum(base: Base) -> TypeGuard[Form]:
    """Whether the base of a power is a sum, which stands in brackets."""
    return isinstance(base, tuple) and not isinstance(base, Call)


def _as_form(number: Fraction, powers: dict[Base, Fraction]) -> Form:
    kept = tuple((base, exponent) for base, exponent in powers.items() if exponent)
    if number == 1 and len(kept) == 1 and kept[0][1] == 1 and is_sum(kept[0][0]):
        return kept[0][0]
    return (Term(number, kept),)


def _as_term(form: Form) -> Term:
    return form[0] if len(form) == 1 else Term(Fraction(1), ((form, Fraction(1)),))


def _negative(f: Form) -> Form:
    return times(constant(Fraction(-1)), f)


def _power(f: Form, exponent: Fraction) -> Form:
    if not exponent:
        return ONE
    if not f:
        return ()
    term = _as_term(f)
    if exponent.denominator == 1 and _bits(term.number, exponent) <= _MOST_BITS:
        powers = {base: power * exponent for base, power in term.powers}
        return _as_form(term.number ** int(exponent), powers)
    base: Base = f
    if len(f) == 1 and term.number == 1 and len(term.powers) == 1 and term.powers[0][1] == 1:
        base = term.powers[0][0]
    return (Term(Fraction(1), ((base, exponent),)),)


def _bits(q: Fraction, exponent: Fraction) -> float:
    """How large the number q to a whole power is, at most."""
    if abs(q) == 1:
        return 0
    return max(q.numerator.bit_length(), q.denominator.bit_length()) * float(abs(exponent))


def powers_in(form: Form) -> Iterator[tuple[Base, Fraction]]:
    """Every power in the view, within sums and calls too."""
    for term in form:
        for base, exponent in term.powers:
            yield base, exponent
            if is_sum(base):
                yield from powers_in(base)
            elif isinstance(base, Call):
                for part in base.inputs:
                    yield from powers_in(part)


def symbols_in(form: Form) -> list[Value]:
    """The nodes that stand in the view as symbols, in order, each once."""
    return list(dict.fromkeys(base for base, _ in powers_in(form) if isinstance(base, Value)))


def exact_value(form: Form, digits: int) -> Fraction | None:
    """The view at the numbers shown for its symbols; None where that is no fraction.

    What operations give is counted exact where they only choose: max, step and the like.
    """
    total = Fraction(0)
    for term in form:
        product = term.number
        for base, exponent in term.powers:
            factor = _exact_base(base, digits)
            if factor is None or exponent.denominator != 1 or (exponent < 0 and not factor):
                return None
            if _bits(factor, exponent) > _MOST_BITS:
                return None
            product *= factor ** int(exponent)
        total += product
    return total


def _exact_base(base: Base, digits: int) -> Fraction | None:
    if isinstance(base, Value):
        return shown(base.data, digits) if math.isfinite(base.data) else None
    if isinstance(base, str):
        return None
    if not isinstance(base, Call):
        return exact_value(base, digits)
    inputs = [exact_value(part, digits) for part in base.inputs]
    numbers = [float(part) for part in inputs if part is not None]
    if base.op not in _CHOOSING or len(numbers) < len(inputs):
        return None
    return Fraction(base.op.evaluate(*numbers))


_CHOOSING: Final = (
    ops.relu, ops.step, ops.sign, ops.compare, ops.abs, ops.maximum, ops.minimum, ops.at_least,
    ops.at_most, ops.gate, ops.floor, ops.round,
)  # fmt: skip


def has_fraction(form: Form) -> bool:
    """Whether something is divided by."""
    return any(exponent < 0 for _, exponent in powers_in(form))


def has_kink(form: Form) -> bool:
    """Whether it is another formula in other places, as one with step(x) is."""
    kinks = (*_CHOOSING, ops.leaky_relu, ops.elu)
    return any(isinstance(base, Call) and base.op in kinks for base, _ in powers_in(form))


_ARITHMETIC: Final[dict[Operation, Callable[..., Form]]] = {
    ops.add: add,
    ops.sub: lambda f, g: add(f, _negative(g)),
    ops.mul: times,
    ops.div: lambda f, g: times(f, _power(g, Fraction(-1))),
    ops.neg: _negative,
    ops.square: lambda f: _power(f, Fraction(2)),
    ops.cube: lambda f: _power(f, Fraction(3)),
    ops.reciprocal: lambda f: _power(f, Fraction(-1)),
}


# The view as LaTeX


class Piece(NamedTuple):
    """A part of a product as LaTeX.

    `kind` is coefficient, number (in place of a symbol), symbol, bracket, function (a name and
    brackets) or call (any other notation), which decides what stands before the next part and
    whether it takes an exponent as it is.
    """

    latex: str
    kind: str


Show: TypeAlias = Callable[[Value], Piece]


def latex_of(form: Form, names: Names) -> str:
    """The view as a formula over the symbols."""
    return _sum(form, lambda node: _symbol_piece(names.called(node)))


def _symbol_piece(latex: str) -> Piece:
    return Piece(latex, "symbol") if is_one_symbol(latex) else Piece(f"({latex})", "bracket")


def in_product(latex: str, form: Form, *, first: bool) -> str:
    """A factor's LaTeX as it stands in a product: sums and later minus signs in brackets."""
    needed = len(form) > 1 or (latex.startswith("-") and not first)
    return _in_brackets(latex) if needed else latex


def latex_at_numbers(form: Form, digits: int) -> str:
    """The view with each symbol replaced by its number, negative ones in brackets.

    At the head of a sum, and so where it is all there is, a negative number needs none.
    """
    return _sum(form, lambda node: _number_piece(node.data, digits))


def _number_piece(x: float, digits: int) -> Piece:
    latex = number(x, digits)
    return Piece(f"({latex})" if x < 0 else latex, "number")


def _sum(form: Form, show: Show) -> str:
    if not form:
        return "0"
    if form[0].number < 0 and not form[0].powers and len(form) > 1:
        form = (*form[1:], form[0])  # x - 1 rather than -1 + x
    latex = _leading_number(form[0], show)
    for term in form[1:] if latex else form:
        sign = "-" if term.number < 0 else "+"
        joint = f" {sign} " if latex else sign.replace("+", "")
        latex += joint + _product(abs(term.number), term.powers, show)
    return latex


def _leading_number(first: Term, show: Show) -> str:
    """The negative number at the head of a sum, which needs no brackets there; else empty."""
    if first.number == 1 and len(first.powers) == 1 and first.powers[0][1] == 1:
        base = first.powers[0][0]
        piece = show(base) if isinstance(base, Value) else None
        if piece is not None and piece.kind == "number" and piece.latex.startswith("(-"):
            return piece.latex[1:-1]
    return ""


def _product(q: Fraction, powers: tuple[tuple[Base, Fraction], ...], show: Show) -> str:
    over = [(base, exponent) for base, exponent in powers if exponent > 0]
    under = [(base, -exponent) for base, exponent in powers if exponent < 0]
    top, bottom = q.numerator, q.denominator
    as_fraction = bottom < 10**4 and (
        not _is_short_decimal(q) or (bool(under) and bottom in (2, 4, 8))
    )
    if not as_fraction and not under:
        return _joined(_decimal(q), over, show)
    above = _in_fraction(str(top) if as_fraction else _decimal(q), over, show)
    below = _in_fraction(str(bottom) if as_fraction else "1", under, show)
    return rf"\frac{{{above}}}{{{below}}}"


def _in_fraction(coefficient: str, powers: list[tuple[Base, Fraction]], show: Show) -> str:
    """A product above or below the bar, where a sum alone needs no brackets."""
    if coefficient == "1" and len(powers) == 1 and powers[0][1] == 1 and is_sum(powers[0][0]):
        return _sum(powers[0][0], show)
    return _joined(coefficient, powers, show)


def _decimal(q: Fraction) -> str:
    """A positive number with as many digits as it has, up to those of a float."""
    if q.denominator == 1 and q < 10**15:
        return str(q.numerator)
    decimal = _WIDE.divide(Decimal(q.numerator), Decimal(q.denominator))
    if 1e-300 < decimal < 1e300:
        return _with_power_of_ten(repr(float(q)).removesuffix(".0"))
    return _with_power_of_ten(f"{_WIDE.normalize(decimal):e}")


_WIDE: Final = Context(prec=15, Emin=-999_999, Emax=999_999)  # beyond all floats


def _joined(coefficient: str, powers: list[tuple[Base, Fraction]], show: Show) -> str:
    pieces = [] if coefficient == "1" else [Piece(coefficient, "coefficient")]
    pieces += [_raised(base, exponent, show) for base, exponent in powers]
    if not pieces:
        return "1"
    latex = pieces[0].latex
    for before, after in pairwise(pieces):
        latex += _between(before, after) + after.latex
    return latex


def _between(before: Piece, after: Piece) -> str:
    in_numbers = "number" in (before.kind, after.kind)
    if after.kind == "bracket":
        return ""
    if in_numbers:
        return r" \cdot "
    if before.kind == "coefficient" and after.kind == "symbol" and "^" not in before.latex:
        return ""
    return " "


def _raised(base: Base, exponent: Fraction, show: Show) -> Piece:
    piece = _piece(base, show)
    if exponent == 1:
        return piece
    if not _takes_exponent(piece):
        piece = Piece(_in_brackets(piece.latex), "bracket")
    power = _decimal(exponent) if _is_short_decimal(exponent) else f"{exponent}"
    power = power if len(power) == 1 else f"{{{power}}}"
    return Piece(f"{piece.latex}^{power}", piece.kind)


def _takes_exponent(piece: Piece) -> bool:
    if piece.kind == "symbol":
        return "^" not in piece.latex and "'" not in piece.latex
    if piece.kind == "number":
        return "cdot" not in piece.latex and "^" not in piece.latex
    return piece.kind in ("bracket", "function")


def _piece(base: Base, show: Show) -> Piece:
    if isinstance(base, Value):
        return show(base)
    if isinstance(base, str):
        return Piece(base, "call")
    if isinstance(base, Call):
        kind = "function" if _FUNCTION.fullmatch(base.op.latex) else "call"
        return Piece(_call(base, show), kind)
    return Piece(_in_brackets(_sum(base, show)), "bracket")


def _in_brackets(latex: str) -> str:
    return rf"\left({latex}\right)" if r"\frac" in latex else f"({latex})"


_FUNCTION: Final = re.compile(r"\\[^#()^]+\(#1(, #2)?\)")
_OPENING: Final = ("(", "[", "|", ",", r"\lfloor")
_CLOSING: Final = (")", "]", "|", ",", r"\right", r"\rfloor", r"\rceil")


def _call(call: Call, show: Show) -> str:
    """The operation's notation with its inputs in the places of #1 and #2."""
    parts = re.split(r"(#[12])", call.op.latex)
    # Each input is written once: written twice a level, a nested formula would take for ever.
    for i in range(1, len(parts), 2):
        argument = call.inputs[int(parts[i][1]) - 1]
        before, after = parts[i - 1].rstrip(), parts[i + 1].lstrip()
        enclosed = before.endswith(_OPENING) and after.startswith(_CLOSING)
        enclosed |= before.endswith("{") and after.startswith("}") and after[1:2] not in ("^", "_")
        parts[i] = _sum(argument, show) if enclosed else _alone(argument, show, after[:1] == "^")
    if any(r"\frac" in part for part in parts):
        own = "".join(parts[::2])
        if own.count("(") == own.count(")"):
            parts[::2] = [
                part.replace("(", r"\left(").replace(")", r"\right)") for part in parts[::2]
            ]
    return "".join(parts)


def _alone(form: Form, show: Show, to_be_raised: bool) -> str:
    """A view that may stand next to any sign: in brackets unless it is a single piece."""
    if len(form) == 1 and form[0].number == 1 and len(form[0].powers) == 1:
        base, exponent = form[0].powers[0]
        piece = _raised(base, exponent, show)
        if not to_be_raised or (exponent == 1 and _takes_exponent(piece)):
            return piece.latex
    latex = _sum(form, show)
    return latex if number_of(form) is not None and latex.isdigit() else _in_brackets(latex)
