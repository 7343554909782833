r"""Slips of the pen: a formula with one sign, symbol, number, factor, term or bracket changed."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import combinations, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd import ops
from autograd.marking.kinds import SlipKind
from autograd.marking.trial import is_close
from autograd.notation.expr import (
    ONE,
    Call,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    children,
    number,
    rebuilt,
    substituted,
    symbols_of,
    value_of,
    walk,
    with_children,
)
from autograd.notation.labels import Spelling, spellings_of
from autograd.notation.signs import ACCENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from autograd.marking.trial import Path, Trial
    from autograd.ops import Operation

LARGEST_TREE: Final = 400  # parts of a formula in which slips are looked for
_MOST_SIBLINGS: Final = 12  # of one symbol, the most alike
_MOST_EXCHANGED: Final = 8  # symbols or numbers, of which any two may be exchanged
_MOST_TERMS: Final = 4  # of a sum, of which each may be on the wrong side of a bracket
_LARGEST_NUMBER: Final = 1000
_FINEST: Final = 12  # the largest divisor of a number that somebody may have meant

# Functions that are taken for each other.
_CONFUSED: Final = (
    (ops.sin, ops.cos, ops.tan, ops.sec, ops.csc, ops.cot),
    (ops.sinh, ops.cosh, ops.tanh, ops.sech, ops.csch, ops.coth),
    (ops.asin, ops.acos, ops.atan, ops.asec, ops.acsc, ops.acot),
    (ops.asinh, ops.acosh, ops.atanh),
    (ops.sigmoid, ops.tanh),
    (ops.log, ops.log2, ops.log10),
    (ops.maximum, ops.minimum),
)
_INVERSES: Final[Mapping[Operation, Callable[[float], float]]] = {
    ops.log: math.exp, ops.sqrt: lambda y: y * y, ops.tanh: math.atanh, ops.sin: math.asin,
    ops.cos: math.acos, ops.tan: math.atan, ops.sigmoid: lambda y: math.log(y / (1.0 - y)),
}  # fmt: skip
_HATS: Final = frozenset("mvsr")  # moments, which a hat says to be without bias


class Edit(NamedTuple):
    """One change to a formula: its kind, the formula after it, what stood there and what does now.

    Where a factor or a term came or went, the other of the two is None. `size` is how much of the
    formula a person sees changed.
    """

    kind: SlipKind
    tree: Expr
    before: Expr | None
    after: Expr | None
    size: int = 1


# Places.


def placed(tree: Expr) -> Iterator[tuple[Path, Expr, Expr | None]]:
    """Each part with its place, and the part that it stands in."""
    waiting: list[tuple[Path, Expr, Expr | None]] = [((), tree, None)]
    while waiting:
        path, part, around = waiting.pop()
        yield path, part, around
        inner = [((*path, i), child, part) for i, child in enumerate(children(part))]
        waiting.extend(reversed(inner))


def replaced(tree: Expr, path: Path, new: Expr) -> Expr:
    """The tree with another part at a place."""
    if not path:
        return new
    parts = children(tree)
    inner = replaced(parts[path[0]], path[1:], new)
    return with_children(tree, (*parts[: path[0]], inner, *parts[path[0] + 1 :]))


def size_of(tree: Expr) -> int:
    """How many parts a person sees in a tree; signs do not count."""
    return sum(1 for part in walk(tree) if not isinstance(part, Negative))


# Changes of what is there.


def edits(tree: Expr, siblings: Siblings, differences: set[tuple[Expr, Expr]]) -> Iterator[Edit]:
    """The formula with each single slip.

    `differences` are those (a, b) for which a - b belongs in it, in this order.
    """
    yield Edit(SlipKind.SIGN, -tree, tree, -tree)
    for path, part, around in placed(tree):
        for kind, new, before, after, size in _changed(part, around, siblings, differences):
            yield Edit(kind, replaced(tree, path, new), before, after, size)
    yield from _everywhere(tree, siblings)
    yield from _exchanged(tree)


_Change = tuple[SlipKind, Expr, Expr | None, Expr | None, int]  # an Edit of a part by itself


def _changed(
    part: Expr, around: Expr | None, siblings: Siblings, differences: set[tuple[Expr, Expr]]
) -> Iterator[_Change]:
    match part:
        case Symbol(label):
            for other in siblings.of(label):
                yield siblings.kind(label, other), Symbol(other), part, Symbol(other), 1
        case Sum(terms):
            yield from _changed_sum(part, differences)
            if len(terms) <= _MOST_TERMS:
                yield from (_whole(SlipKind.MISPLACED, part, new, 3) for new in _moved_in(part))
        case Negative(inner) if around is not None and not isinstance(around, Sum):
            yield _whole(SlipKind.SIGN, part, inner)
        case Product():
            yield from _without_a_factor(part)
        case Call(operation, arguments, 0):
            for group in _CONFUSED:
                for other in group if operation in group else ():
                    if other is not operation:
                        new = Call(other, arguments)
                        yield _whole(SlipKind.OTHER_FUNCTION, part, new)
    yield from (_whole(SlipKind.MISPLACED, part, new, 3) for new in _moved_out(part))
    yield from _other_power(part, around)


def _whole(kind: SlipKind, part: Expr, new: Expr, size: int = 1) -> _Change:
    return kind, new, part, new, size


def _changed_sum(part: Sum, differences: set[tuple[Expr, Expr]]) -> Iterator[_Change]:
    terms = part.terms
    for place, term in enumerate(terms):
        before, after = terms[:place], terms[place + 1 :]
        turned = term.operand if isinstance(term, Negative) else Negative(term)
        yield SlipKind.SIGN, Sum((*before, turned, *after)), term, turned, 1
        rest = before + after
        left = rest[0] if len(rest) == 1 else Sum(rest)
        yield SlipKind.LOST_TERM, left, term, None, size_of(term)
    match terms:
        case (a, Negative(b)) | (Negative(b), a) if (b, a) in differences:
            yield _whole(SlipKind.TURNED_ROUND, part, Sum((b, Negative(a))))


def differences_in(tree: Expr) -> set[tuple[Expr, Expr]]:
    """The (a, b) for which a formula says a - b."""
    found: set[tuple[Expr, Expr]] = set()
    for part in walk(tree):
        match part:
            case Sum((a, Negative(b))) | Sum((Negative(b), a)):
                found.add((a, b))
    return found


def _without_a_factor(part: Product) -> Iterator[_Change]:
    factors, divisors = part.factors, part.divisors
    for place, factor in enumerate(factors):
        rest = _product(factors[:place] + factors[place + 1 :], divisors)
        yield _kind_of_factor(factor), rest, factor, None, size_of(factor)
    for place, divisor in enumerate(divisors):
        rest = _product(factors, divisors[:place] + divisors[place + 1 :])
        lost = Product((ONE,), (divisor,))
        kind = _kind_of_factor(divisor)
        if kind is SlipKind.LOST_FACTOR and _is_bias_correction(divisor):
            kind = SlipKind.BIAS_CORRECTION
        yield kind, rest, lost, None, size_of(divisor)
    if divisors and len(factors) > 1:
        lost = Product(factors)
        yield SlipKind.LOST_FACTOR, _product((), divisors), lost, None, size_of(lost)
    if divisors:
        yield _whole(SlipKind.UPSIDE_DOWN, part, _product(divisors, factors), 2)


def _product(factors: tuple[Expr, ...], divisors: tuple[Expr, ...]) -> Expr:
    factors = factors or (ONE,)
    return factors[0] if len(factors) == 1 and not divisors else Product(factors, divisors)


def _kind_of_factor(factor: Expr) -> SlipKind:
    return SlipKind.FACTOR_TWO if factor == Number("2") else SlipKind.LOST_FACTOR


def _is_bias_correction(divisor: Expr) -> bool:
    """Whether it is like 1 - beta^t."""
    match divisor:
        case Sum((Number("1"), Negative(Power(Symbol(), _)))):
            return True
    return False


def _other_power(part: Expr, around: Expr | None) -> Iterator[_Change]:
    """Another exponent, or none, or one where there is none."""
    kind = SlipKind.EXPONENT
    if isinstance(part, Power):
        value = value_of(part.exponent)
        if value is not None and value >= 2 and value.denominator == 1:
            less = part.base ** number(value - 1)
            yield SlipKind.LOST_FACTOR, less, part.base, None, size_of(part.base)
        yield _whole(kind, part, part.base)
        for other in (value - 1, value + 1, -value) if value is not None else ():
            if other not in (0, 1):
                yield _whole(kind, part, Power(part.base, number(other)))
    elif isinstance(part, Symbol | Call | Sum) and not isinstance(around, Power | None):
        if not (isinstance(part, Sum) and isinstance(around, Sum | Negative)):
            yield _whole(kind, part, Power(part, Number("2")))


def _moved_out(part: Expr) -> Iterator[Expr]:
    """A term of what stands in a root, a function or a bracket, outside of that."""
    for i, inner in enumerate(children(part)) if isinstance(part, Product | Call) else ():
        if not isinstance(inner, Sum) or len(inner.terms) > _MOST_TERMS:
            continue
        for place, term in enumerate(inner.terms):
            rest = inner.terms[:place] + inner.terms[place + 1 :]
            left = rest[0] if len(rest) == 1 else Sum(rest)
            yield Sum((replaced(part, (i,), left), term))
            match part:
                case Product(factors, (_, *_) as divisors) if i < len(factors) > 1:
                    moved = Sum((Product((left,), divisors), term))
                    yield Product((*factors[:i], moved, *factors[i + 1 :]))


def _moved_in(part: Sum) -> Iterator[Expr]:
    """A term of a sum inside of a root, a function or a bracket beside it."""
    for place, outside in enumerate(part.terms):
        for other, term in enumerate(part.terms):
            if other == place:
                continue
            size = term.operand if isinstance(term, Negative) else term
            moved = -outside if isinstance(term, Negative) else outside
            for new in _with_added(size, moved, 2):
                changed = Negative(new) if isinstance(term, Negative) else new
                terms = list(part.terms)
                terms[other] = changed
                del terms[place]
                yield terms[0] if len(terms) == 1 else Sum(tuple(terms))


def _with_added(part: Expr, term: Expr, depth: int) -> Iterator[Expr]:
    if isinstance(part, Product | Call) and depth:
        for i, inner in enumerate(children(part)):
            yield replaced(part, (i,), inner + term)
            for new in _with_added(inner, term, depth - 1):
                yield replaced(part, (i,), new)


def _everywhere(tree: Expr, siblings: Siblings) -> Iterator[Edit]:
    """A symbol that stands in several places, changed in all of them."""
    count = Counter(part.label for part in walk(tree) if isinstance(part, Symbol))
    for label in (label for label, n in count.items() if n > 1):
        for other in siblings.of(label):
            new = substituted(tree, {label: Symbol(other)})
            yield Edit(siblings.kind(label, other), new, Symbol(label), Symbol(other), 2)


def _exchanged(tree: Expr) -> Iterator[Edit]:
    """Two symbols, or two numbers, each in the place of the other."""
    numbers = {part: None for part in walk(tree) if isinstance(part, Number)}
    for leaves in (list(map(Symbol, symbols_of(tree))), list(numbers)):
        for a, b in combinations(leaves[:_MOST_EXCHANGED], 2):
            other = {a: b, b: a}
            new = rebuilt(tree, lambda part, other=other: other.get(part))  # type: ignore[misc]
            yield Edit(SlipKind.SWAPPED, new, a, b, 2)


# Changes by what would have to stand there.


class Known(NamedTuple):
    """Numbers that may be lost or too many: trees, and what they are worth."""

    factors: Sequence[tuple[SlipKind, Expr, float]]
    symbols: Sequence[tuple[str, float]]


def needed(tree: Expr, trial: Trial, target: float) -> Iterator[tuple[Path, Expr, float, bool]]:
    """What each part would have to be worth for the whole to be worth the target.

    Also whether it is a whole term, or all of a bracket: of what is multiplied, any part may have
    a factor more, and it is the same.
    """
    waiting: list[tuple[Path, Expr, float, bool]] = [((), tree, target, True)]
    while waiting:
        path, part, wanted, is_whole = waiting.pop()
        yield path, part, wanted, is_whole
        for i, child in enumerate(children(part)):
            try:
                inner = _needed_inside(part, i, trial.of(child), trial.of(part), wanted, trial)
            except (ArithmeticError, ValueError):
                continue
            if inner is not None and math.isfinite(inner):
                # In an exponent a factor or a term more is no slip of the pen.
                inside = isinstance(part, Negative | Product) or (isinstance(part, Power) and i > 0)
                waiting.append(((*path, i), child, inner, not inside))


def _needed_inside(
    part: Expr, i: int, child: float, value: float, wanted: float, trial: Trial
) -> float | None:
    match part:
        case Sum():
            return wanted - (value - child)
        case Negative():
            return -wanted
        case Product(factors, _):
            return child * wanted / value if i < len(factors) else child * value / wanted
        case Power(base, _) if i:
            return math.log(wanted) / math.log(trial.of(base))
        case Power(_, exponent):
            power = trial.of(exponent)
            root = math.copysign(abs(wanted) ** (1.0 / power), child)
            return root if is_close(math.pow(root, power), wanted) else None
        case Call(operation, (_,), 0) if operation in _INVERSES:
            return _INVERSES[operation](wanted)
    return None


def supplied(tree: Expr, trial: Trial, target: float, known: Known) -> Iterator[Edit]:
    """The formula with a factor, a term, a number or a symbol such that it is worth the target."""
    for path, part, wanted, is_whole in needed(tree, trial, target):
        value = trial.of(part)
        for kind, new, before, after, size in _supplied(
            part, value, wanted, is_whole, not path, known
        ):
            yield Edit(kind, replaced(tree, path, new), before, after, size)


def _supplied(
    part: Expr, value: float, wanted: float, is_whole: bool, is_root: bool, known: Known
) -> Iterator[_Change]:
    if isinstance(part, Number):
        other = _simple(wanted)
        if other is not None and other > 0 and other != part.value:
            yield _whole(SlipKind.WRONG_NUMBER, part, number(other))
    if isinstance(part, Symbol):
        for label, worth in known.symbols:
            if is_close(worth, wanted) and label != part.label:
                yield _whole(SlipKind.OTHER_SYMBOL, part, Symbol(label))
    if is_whole and value and wanted:
        yield from _with_a_factor(part, wanted / value, known)
    if is_root or isinstance(part, Sum):
        missing = wanted - value
        one = [(SlipKind.LOST_TERM, ONE, 1.0)]
        for _, tree, worth in (*one, *known.factors):
            if is_close(abs(missing), abs(worth), value):
                term = tree if missing * worth > 0 else Negative(tree)
                yield SlipKind.LOST_TERM, part + term, None, term, size_of(term) + 1


def _with_a_factor(part: Expr, ratio: float, known: Known) -> Iterator[_Change]:
    for kind, factor, worth in known.factors:
        if is_close(ratio, worth):
            yield kind, factor * part, None, factor, size_of(factor)
        if worth and is_close(ratio, 1.0 / worth):
            inverse = Product((ONE,), (factor,))
            yield kind, part / factor, None, inverse, size_of(factor)
    simple = _simple(ratio)
    if simple is not None and 1 in (abs(simple.numerator), simple.denominator):
        size: Expr = Number(str(abs(simple.numerator)))
        if simple.denominator > 1:
            size = Product((size,), (Number(str(simple.denominator)),))
        factor = -size if simple < 0 else size
        if abs(simple) != 1 and simple not in (2, Fraction(1, 2)):
            yield SlipKind.LOST_FACTOR, factor * part, None, factor, 2


def _simple(value: float) -> Fraction | None:
    """The number with few digits that a float is, if it is one."""
    if not math.isfinite(value) or abs(value) > _LARGEST_NUMBER:
        return None
    simple = Fraction(value).limit_denominator(_LARGEST_NUMBER)
    is_small = simple.denominator <= _FINEST or abs(simple.numerator) == 1
    return simple if is_small and is_close(float(simple), value) else None


# Symbols of the same letter.


class Siblings:
    r"""The symbols of the same letter with other indices, or with another accent.

    >>> Siblings(["W_{12}", "W_{11}", "W_{21}", "x", "b_1"]).of("W_{12}")
    ['W_{21}', 'W_{11}']
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._spellings = {label: _spelling(label) for label in labels}
        self._families: dict[str, list[str]] = {}
        for label, spelling in self._spellings.items():
            self._families.setdefault(_letter(spelling), []).append(label)
        self._known: dict[str, list[str]] = {}

    def of(self, label: str) -> list[str]:
        """Those of one symbol, the most alike first; not too many."""
        if label not in self._known:
            own = self._spellings.get(label)
            family = self._families.get(_letter(own), []) if own else []
            others = [other for other in family if other != label]
            others.sort(key=lambda other: _unlikeness(self._spellings[other], own or Spelling("")))
            self._known[label] = others[:_MOST_SIBLINGS]
        return self._known[label]

    def kind(self, label: str, other: str) -> SlipKind:
        """What kind of slip it is to write one symbol for the other."""
        a, b = _spelling(label), _spelling(other)
        if a.base != b.base:
            is_moment = a[1:] == b[1:] and _letter(a) == _letter(b) and _letter(a) in _HATS
            return SlipKind.BIAS_CORRECTION if is_moment else SlipKind.OTHER_SYMBOL
        if a.sup == b.sup and len(a.sub) > 1 and a.sub == b.sub[::-1]:
            return SlipKind.TRANSPOSED
        return SlipKind.WRONG_INDEX


def _unlikeness(a: Spelling, b: Spelling) -> int:
    """In how many characters two symbols of the same letter differ; 0 for exchanged ones."""
    if a.base == b.base and a.sup == b.sup and a.sub == b.sub[::-1]:
        return 0
    pairs = [*zip_longest(a.sub, b.sub), *zip_longest(a.sup, b.sup)]
    return sum(x != y for x, y in pairs) + 2 * (a.base != b.base)


def _spelling(label: str) -> Spelling:
    return next(iter(spellings_of(label)), Spelling(label))


def _letter(spelling: Spelling) -> str:
    """The letter without accents."""
    letter = spelling.base
    for accent in ACCENTS:
        letter = letter.removeprefix(f"\\{accent}{{")
    return letter.rstrip("}") if letter != spelling.base else letter
