"""Slips of the pen: a formula with one sign, symbol, number, factor, term or bracket changed."""

from __future__ import annotations

import math
import operator
from collections import Counter
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import combinations, islice, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd import ops
from autograd.marking.chain import is_close
from autograd.marking.kinds import SlipKind as S
from autograd.marking.rules import ARCS, FAMILIES
from autograd.notation import (
    ACCENTS,
    ONE,
    Call,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Spelling,
    Sum,
    Symbol,
    children,
    exact,
    is_numeric,
    number,
    rebuilt,
    spelling_of,
    substituted,
    symbols_of,
    value_of,
    walk,
    with_children,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from autograd.marking.chain import Trial
    from autograd.ops import Operation

    Path = tuple[int, ...]
    Differences = set[tuple[Expr, Expr]]  # (a, b) for which a - b belongs in a formula, so ordered
    Known = Sequence[tuple[S, Expr, float]]  # what may be lost or too many, with its worth

_MOST_SIBLINGS: Final = 12  # of one symbol, the most alike
_MOST_EXCHANGED: Final = 8  # symbols or numbers, of which any two may be exchanged
_MOST_TERMS: Final = 4  # of a sum, of which each may be on the wrong side of a bracket
_LARGEST: Final = 1000  # a number that somebody may have meant
_FINEST: Final = 12  # the divisor of one
_HATS: Final = frozenset("mvsr")  # moments, which a hat says to be without bias

# Functions that are taken for each other.
_CONFUSED: Final = (
    *FAMILIES, *ARCS, (ops.sigmoid, ops.tanh), (ops.log, ops.log2, ops.log10),
    (ops.maximum, ops.minimum),
)  # fmt: skip
_INVERSES: Final[Mapping[Operation, Callable[[float], float]]] = {
    ops.log: math.exp, ops.sqrt: lambda y: y * y, ops.tanh: math.atanh, ops.sin: math.asin,
    ops.cos: math.acos, ops.tan: math.atan, ops.sigmoid: lambda y: math.log(y / (1.0 - y)),
}  # fmt: skip
_CONSEQUENCES: Final = {
    S.TRANSPOSED: ": the indices are exchanged",
    S.BIAS_CORRECTION: ": the one with the hat is without bias",
}
_OTHERS: Final = {S.LOST_FACTOR: S.EXTRA_FACTOR, S.LOST_TERM: S.EXTRA_TERM}  # where it is too much


class Edit(NamedTuple):
    """A formula, or a part of one, with one change: what was there `before` it, and is `after`.

    Of these one is None where a factor or a term came or went. `size` is how much of the change one
    sees. For a cure the formula was a claim, else the truth.
    """

    change: S
    tree: Expr
    before: Expr | None
    after: Expr | None
    size: int = 1
    is_cure: bool = False
    is_whole: bool = False

    @property
    def sides(self) -> tuple[Expr | None, Expr | None]:
        """What stands in the claim, and what belongs there."""
        return (self.before, self.after) if self.is_cure else (self.after, self.before)

    def factor(self) -> tuple[Expr, bool]:
        """What came or went, and whether it is lost; 1/x that came is x that went."""
        lost = self.sides[0] is None
        match self.before, self.after:
            case None, Product((Number("1"),), (divisor,)):
                return divisor, not lost
            case before, after:
                return before or after or ONE, lost

    @property
    def kind(self) -> S:
        """The kind of slip, from the side of the claim."""
        return self.change if self.factor()[1] else _OTHERS.get(self.change, self.change)

    def words(self) -> tuple[str | Expr, ...]:
        """The slip in words."""
        kind, (written, right) = self.change, self.sides
        if written is None or right is None:
            part, lost = self.factor()
            if kind is S.FACTOR_N:  # the mean has 1/n: an n too many is a 1/n that is lost
                return ("the factor ", _inverse(part), " of the mean is ", _fate(not lost))
            name = {S.LOST_TERM: "term", S.BIAS_CORRECTION: "bias correction"}.get(kind, "factor")
            return (f"the {name} ", part, " is ", _fate(lost))
        if kind is S.SIGN:
            size = written.operand if isinstance(written, Negative) else written
            whole = ("the sign is the wrong one",)
            return whole if self.is_whole else ("the sign of ", size, " is wrong")
        if kind is S.SWAPPED:
            return (written, " and ", right, " are exchanged")
        more = _CONSEQUENCES.get(kind, "")
        return (written, " is written where ", right, f" belongs{more}")


def _fate(lost: bool) -> str:
    return "lost" if lost else "one too many"


# Changes of what is there.


def edits(
    tree: Expr, siblings: Siblings, differences: Differences, *, is_cure: bool
) -> Iterator[Edit]:
    """The formula with each single change of what is there."""
    for path, part, around in _placed(tree):
        for edit in _changes(part, around, siblings, differences):
            yield edit._replace(tree=_replaced(tree, path, edit.tree), is_cure=is_cure)
    for edit in (*_everywhere(tree, siblings), *_exchanged(tree)):
        yield edit._replace(is_cure=is_cure)


def _placed(tree: Expr) -> Iterator[tuple[Path, Expr, Expr | None]]:
    """Each part with its place, and the part that it stands in."""
    waiting: list[tuple[Path, Expr, Expr | None]] = [((), tree, None)]
    while waiting:
        yield waiting[-1]
        path, part, _ = waiting.pop()
        inner = [((*path, i), child, part) for i, child in enumerate(children(part))]
        waiting.extend(reversed(inner))


def _replaced(tree: Expr, path: Path, new: Expr) -> Expr:
    if not path:
        return new
    parts, place = children(tree), path[0]
    return with_children(tree, _without(parts, place, _replaced(parts[place], path[1:], new)))


def _changes(
    part: Expr, around: Expr | None, siblings: Siblings, differences: Differences
) -> Iterator[Edit]:
    match part:
        case Symbol(label):
            for other in siblings.of(label):
                yield _whole(siblings.kind(label, other), part, Symbol(other))
        case Sum():
            yield from _of_terms(part, differences)
        case Negative(inner) if around is not None and not isinstance(around, Sum):
            yield _whole(S.SIGN, part, inner)
        case Product():
            yield from _of_factors(part)
            yield from _moved_out(part)
        case Call(op, arguments, 0):
            confused = {other for group in _CONFUSED if op in group for other in group}
            for function in confused - {op}:
                yield _whole(S.OTHER_FUNCTION, part, Call(function, arguments))
            yield from _moved_out(part)
    yield from _other_power(part, around)


def _whole(kind: S, part: Expr, new: Expr, size: int = 1) -> Edit:
    return Edit(kind, new, part, new, size)


def _lost(part: Expr, rest: Expr, kind: S = S.LOST_FACTOR) -> Edit:
    return Edit(kind, rest, part, None, size_of(part))


def size_of(tree: Expr) -> int:
    """How many parts a person sees in a tree; signs do not count."""
    return sum(1 for part in walk(tree) if not isinstance(part, Negative))


def _without(parts: tuple[Expr, ...], place: int, *instead: Expr) -> tuple[Expr, ...]:
    return parts[:place] + instead + parts[place + 1 :]


def _sum(terms: tuple[Expr, ...]) -> Expr:
    return terms[0] if len(terms) == 1 else Sum(terms)


def _inverse(factor: Expr) -> Expr:
    return Product((ONE,), (factor,))


def _product(factors: tuple[Expr, ...], divisors: tuple[Expr, ...] = ()) -> Expr:
    factors = factors or (ONE,)
    return factors[0] if len(factors) == 1 and not divisors else Product(factors, divisors)


def _of_terms(part: Sum, differences: Differences) -> Iterator[Edit]:
    for place, term in enumerate(part.terms):
        turned = term.operand if isinstance(term, Negative) else Negative(term)
        yield Edit(S.SIGN, Sum(_without(part.terms, place, turned)), term, turned)
        yield _lost(term, _sum(_without(part.terms, place)), S.LOST_TERM)
    match part.terms:
        case (a, Negative(b)) | (Negative(b), a) if (b, a) in differences:
            yield _whole(S.TURNED_ROUND, part, Sum((b, Negative(a))))


def differences_in(tree: Expr) -> Differences:
    """The (a, b) for which a formula says a - b."""
    sums = (part.terms for part in walk(tree) if isinstance(part, Sum) and len(part.terms) == 2)
    pairs = (pair for terms in sums for pair in (terms, terms[::-1]))
    return {(a, b.operand) for a, b in pairs if isinstance(b, Negative)}


def _of_factors(part: Product) -> Iterator[Edit]:
    factors, divisors = part.factors, part.divisors
    for place, factor in enumerate(factors):
        left = (Negative(ONE),) if isinstance(factor, Negative) else ()
        size = factor.operand if isinstance(factor, Negative) else factor
        rest = _product(_without(factors, place, *left), divisors)
        yield _lost(size, rest, _kind_of_factor(size))
    for place, divisor in enumerate(divisors):
        lost = _lost(divisor, _product(factors, _without(divisors, place)))
        yield lost._replace(change=_kind_of_factor(divisor), before=_inverse(divisor))
    if divisors:
        yield _whole(S.UPSIDE_DOWN, part, _product(divisors, factors), 2)
        if len(factors) > 1:
            yield _lost(Product(factors), _product((), divisors))


def _kind_of_factor(factor: Expr) -> S:
    match factor:
        case Number("2"):
            return S.FACTOR_TWO
        case Sum((Number("1"), Negative(Power(Symbol(), Symbol())))):  # 1 - beta^t
            return S.BIAS_CORRECTION
    return S.LOST_FACTOR


def _other_power(part: Expr, around: Expr | None) -> Iterator[Edit]:
    """Another exponent, or none, or one where there is none."""
    if isinstance(part, Call) and part.operation is ops.sqrt:
        yield _whole(S.EXPONENT, part, part.arguments[0])
    if isinstance(part, Power):
        yield _whole(S.EXPONENT, part, part.base)
        value = value_of(part.exponent)
        if value is not None:
            for other in (value - 1, value + 1, -value):
                yield _whole(S.EXPONENT, part, part.base ** number(other))
            if value >= 2:
                yield _lost(part.base, part.base ** number(value - 1))
        return
    kinds = {Product: (Symbol, Call, Sum), Sum: (Symbol, Call), Negative: (Symbol, Call)}
    if isinstance(part, kinds.get(type(around), ())):
        yield _whole(S.EXPONENT, part, Power(part, Number("2")))


def _moved_out(part: Product | Call) -> Iterator[Edit]:
    """A term of what stands in a root, a function or a bracket, outside of that."""
    for i, inner in enumerate(children(part)):
        if not isinstance(inner, Sum) or len(inner.terms) > _MOST_TERMS:
            continue
        for place, term in enumerate(inner.terms):
            left = _sum(_without(inner.terms, place))
            yield _whole(S.MISPLACED, part, Sum((_replaced(part, (i,), left), term)), 3)
            if isinstance(part, Product) and part.divisors and i < len(part.factors) > 1:
                moved = Sum((Product((left,), part.divisors), term))
                new = Product((*_without(part.factors, i), moved))
                yield _whole(S.MISPLACED, part, new, 3)


def _everywhere(tree: Expr, siblings: Siblings) -> Iterator[Edit]:
    """A symbol that stands in several places, changed in all of them."""
    count = Counter(part.label for part in walk(tree) if isinstance(part, Symbol))
    for label, times in count.items():
        for other in siblings.of(label) if times > 1 else ():
            new = substituted(tree, {label: Symbol(other)})
            yield Edit(siblings.kind(label, other), new, Symbol(label), Symbol(other), 2)


def _exchanged(tree: Expr) -> Iterator[Edit]:
    """Two symbols, or two numbers, each in the place of the other."""
    symbols = map(Symbol, islice(symbols_of(tree), _MOST_EXCHANGED))
    for a, b in combinations(symbols, 2):
        other: dict[Expr, Expr] = {a: b, b: a}
        yield Edit(S.SWAPPED, rebuilt(tree, other.get), a, b, 2)
    numbers = [(path, part) for path, part, _ in _placed(tree) if isinstance(part, Number)]
    for (here, c), (there, d) in combinations(numbers[:_MOST_EXCHANGED], 2):
        yield Edit(S.SWAPPED, _replaced(_replaced(tree, here, d), there, c), c, d, 2)


# Changes by what would have to stand there.


def wholes(tree: Expr, known: Known = (), *, is_cure: bool) -> Iterator[Edit]:
    """The formula as a whole with the other sign or one factor more, a truth also with one less."""
    found = [_whole(S.SIGN, tree, -tree)]
    found += [_more(kind, tree, factor) for kind, factor, _ in known]
    if not is_cure:
        found += [Edit(kind, tree / factor, factor, None) for kind, factor, _ in known]
    for edit in found:
        yield edit._replace(is_cure=is_cure, is_whole=True)


def supplied(
    tree: Expr, trial: Trial, target: float, known: Known, *, is_cure: bool
) -> Iterator[Edit]:
    """The formula with one factor, term, number or symbol such that it is worth the target.

    For that, what each part would have to be worth is worked out from the whole downwards.
    """
    waiting: list[tuple[Path, Expr, float, bool]] = [((), tree, target, True)]
    while waiting:
        path, part, wanted, is_whole = waiting.pop()
        value = trial.of(part)
        changes = [*_replaced_leaf(part, wanted, known)]
        # In a product any part may have a factor more, and it is the same.
        if is_whole and value and wanted:
            changes += _with_a_factor(part, wanted / value, known)
        if not path or isinstance(part, Sum):
            changes += _with_a_term(part, wanted - value, value, known)
        for edit in changes:
            yield edit._replace(tree=_replaced(tree, path, edit.tree), is_cure=is_cure)
        for i, child in enumerate(children(part)):
            try:
                inner = _needed_inside(part, i, trial.of(child), value, wanted, trial)
            except (ArithmeticError, ValueError):
                continue
            # A factor in an exponent is no slip of the pen.
            is_whole = (
                i == 0 if isinstance(part, Power) else not isinstance(part, Negative | Product)
            )
            waiting.append(((*path, i), child, inner, is_whole))


def _needed_inside(
    part: Expr, i: int, child: float, value: float, wanted: float, trial: Trial
) -> float:
    """What a child has to be worth for its part to be worth what is wanted."""
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
            return math.copysign(float(abs(wanted) ** (1.0 / trial.of(exponent))), child)
        case Call(operation, (_,), 0) if operation in _INVERSES:
            return _INVERSES[operation](wanted)
    raise ValueError


def _replaced_leaf(part: Expr, wanted: float, known: Known) -> Iterator[Edit]:
    if isinstance(part, Number):
        simple = _simple(wanted)
        if simple is not None and simple > 0 and simple != part.value:
            yield _whole(S.WRONG_NUMBER, part, number(simple))
    if isinstance(part, Symbol):
        for _, other, worth in known:
            # A root has either sign.
            if isinstance(other, Symbol) and other != part and is_close(abs(worth), abs(wanted)):
                yield _whole(S.OTHER_SYMBOL, part, other)


def _with_a_factor(part: Expr, ratio: float, known: Known) -> Iterator[Edit]:
    for kind, factor, worth in known:
        if is_close(ratio, worth):
            yield _more(kind, part, factor)
        if worth and is_close(ratio, 1.0 / worth):
            yield _more(kind, part, _inverse(factor))._replace(size=size_of(factor) + 1)
    simple = _simple(ratio)
    if simple is not None and simple not in (1, -1, 2, Fraction(1, 2)):
        above, below = abs(simple.numerator), simple.denominator
        size = number(above) if below == 1 else Product((number(above),), (number(below),))
        if 1 in (above, below):
            yield _more(S.LOST_FACTOR, part, -size if simple < 0 else size)._replace(size=2)


def _more(kind: S, part: Expr, factor: Expr) -> Edit:
    return Edit(kind, _times(part, factor), None, factor, size_of(factor) + 1)


def _times(part: Expr, factor: Expr) -> Expr:
    """A term with a factor, numbers first as people write it: 4 x times 1/2 is 2 x."""
    if isinstance(part, Negative):
        return -_times(part.operand, factor)
    match part:
        case Product((Number() as first, *rest), divisors):
            value = exact(first * factor)
            kept = number(value) if value is not None and value.denominator == 1 else None
            front = (first, factor) if kept is None else (kept,)
            return reduce(operator.mul, (*front, *rest)) / _product(divisors)
    return factor * part if isinstance(part, Sum) or is_numeric(factor) else part * factor


def _with_a_term(part: Expr, missing: float, about: float, known: Known) -> Iterator[Edit]:
    for _, tree, worth in ((S.LOST_TERM, ONE, 1.0), *known):
        if is_close(abs(missing), abs(worth), about):
            term = tree if missing * worth > 0 else Negative(tree)
            yield Edit(S.LOST_TERM, part + term, None, term, size_of(term) + 1)


def _simple(value: float) -> Fraction | None:
    """The number with few digits that a float is, if it is one."""
    if not abs(value) <= _LARGEST:
        return None
    simple = Fraction(value).limit_denominator(_LARGEST)
    is_small = simple.denominator <= _FINEST or abs(simple.numerator) == 1
    return simple if is_small and is_close(float(simple), value) else None


# Symbols of the same letter.

_spelling: Final = lru_cache(maxsize=20_000)(spelling_of)


class Siblings:
    r"""The symbols of the same letter with other indices, or with another accent.

    >>> Siblings(["W_{12}", "W_{11}", "W_{21}", "x", "b_1"]).of("W_{12}")
    ['W_{21}', 'W_{11}']
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._families: dict[str, list[str]] = {}
        for label in dict.fromkeys(labels):
            self._families.setdefault(_letter(_spelling(label)), []).append(label)
        self._known: dict[str, list[str]] = {}

    def of(self, label: str) -> list[str]:
        """Those of one symbol, the most alike first; not too many."""
        if label not in self._known:
            own = _spelling(label)
            others = [other for other in self._families.get(_letter(own), ()) if other != label]
            others.sort(key=lambda other: _unlikeness(_spelling(other), own))
            self._known[label] = others[:_MOST_SIBLINGS]
        return self._known[label]

    @staticmethod
    def kind(label: str, other: str) -> S:
        """What kind of slip it is to write one symbol for the other."""
        a, b = _spelling(label), _spelling(other)
        if a.base != b.base:
            is_moment = a[1:] == b[1:] and _letter(a) in _HATS
            return S.BIAS_CORRECTION if is_moment else S.OTHER_SYMBOL
        is_turned = len(a.sub) > 1 and _unlikeness(a, b) == 0
        return S.TRANSPOSED if is_turned else S.WRONG_INDEX


def _unlikeness(a: Spelling, b: Spelling) -> int:
    """In how many characters two symbols of the same letter differ; 0 for exchanged ones."""
    if a.base == b.base and a.sup == b.sup and a.sub == b.sub[::-1]:
        return 0
    pairs = [*zip_longest(a.sub, b.sub), *zip_longest(a.sup, b.sup)]
    return sum(x != y for x, y in pairs) + 2 * (a.base != b.base)


def _letter(spelling: Spelling) -> str:
    """The letter without accents."""
    command, brace, inner = spelling.base.partition("{")
    return inner.rstrip("}") if brace and command[1:] in ACCENTS else spelling.base
