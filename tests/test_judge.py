"""The judge: what is the same is "same" in whatever form, and nothing else is, at any size."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Operation, ops
from autograd.marking.judge import Judge
from autograd.notation import (
    ONE,
    ZERO,
    At,
    Call,
    Cases,
    Constant,
    Derivative,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Series,
    Sum,
    Symbol,
    children,
    number,
    with_children,
)
from tests.expressions import reference

if TYPE_CHECKING:
    import random

mp = mpmath.mp
TWO = Number("2")
a, b, c, w, x, y, z = map(Symbol, "abcwxyz")


def slope(of: str | Expr, wrt: str, order: int = 1) -> Derivative:
    return Derivative(Symbol(of) if isinstance(of, str) else of, Symbol(wrt), order)


def verdict(judge: Judge, truth: Expr, claim: Expr, **how: Any) -> str:
    return judge.compare(truth, claim, **how).verdict


def call(op: Operation, *arguments: Expr) -> Expr:
    return Call(op, arguments)


# Arithmetic: the true number is in the ball, and the ball is small.


def numbers(*powers: st.SearchStrategy[int]) -> st.SearchStrategy[float]:
    digits, signs = st.integers(1, 999), st.sampled_from((-1.0, 1.0))
    return st.builds(lambda m, e, sign: sign * m * 10.0**e, digits, st.one_of(*powers), signs)


ANY = numbers(st.integers(-4, 0), st.integers(-250, 250))
USUAL = numbers(st.integers(-4, 0), st.integers(-60, 0))
OF_ANY = (ops.add, ops.sub, ops.mul, ops.div, ops.log, ops.asinh, ops.atan, ops.tanh, ops.relu)


@pytest.mark.parametrize("name", ag.TABLE)
@given(data=st.data())
@settings(max_examples=60)
def test_every_operation_to_fifty_digits(name: str, data: st.DataObject) -> None:
    op = ag.TABLE[name]
    exact = reference(name)
    assert exact is not None
    point = [data.draw(ANY if op in OF_ANY else USUAL) for _ in range(op.arity)]
    tree = call(op, *map(number, point))
    with mp.workdps(700):
        true = exact(
            *(mp.mpf(Fraction(repr(x)).numerator) / Fraction(repr(x)).denominator for x in point)
        )
        if mp.isnan(true):
            with pytest.raises(ag.ChalkgradError):
                Judge({}).worth(tree)
            return
        assume(true == 0 or abs(mp.log10(abs(true))) < 4000)
        worth = Judge({}).worth(tree)
        assert abs(true - worth) <= abs(true) * mp.mpf(10) ** -44


def mp_worth(tree: Expr, at: dict[str, Any]) -> Any:
    """What a tree is worth by mpmath alone; nan where it is not defined."""
    parts = [mp_worth(part, at) for part in children(tree)]
    match tree:
        case Number():
            return mp.mpf(tree.value.numerator) / tree.value.denominator
        case Constant(name):
            return mp.e if name == "e" else mp.pi
        case Symbol(label):
            return at[label]
        case Negative():
            return -parts[0]
        case Sum():
            return mp.fsum(parts)
        case Product(factors, _):
            below = mp.fprod(parts[len(factors) :])
            return mp.fprod(parts[: len(factors)]) / below if below else mp.nan
        case Power():
            return reference("pow")(*parts)  # type: ignore[misc]
        case Call(operation, _):
            return reference(operation.name)(*parts)  # type: ignore[misc]
    raise AssertionError(tree)


# Random formulas. Their symbols have a size, so functions are of ratios.

LABELS = ("a", "b", "c", "d")
SMOOTH = (ops.exp, ops.sin, ops.cos, ops.tanh, ops.sigmoid, ops.atan, ops.softplus, ops.erf)


@st.composite
def formulas(draw: st.DrawFn, depth: int = 3) -> Expr:
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return Symbol(draw(st.sampled_from(LABELS)))
    part = formulas(depth - 1)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return Sum(tuple(draw(part) for _ in range(draw(st.integers(2, 3)))))
    if kind == 1:
        return Sum((draw(part), Negative(draw(part))))
    if kind == 2:
        return Product((draw(part), draw(part)), (Symbol(draw(st.sampled_from(LABELS))),))
    if kind == 3:
        return Product((Number(draw(st.sampled_from(("2", "0.5", "3")))), draw(part)))
    if kind == 4:
        return Product((Power(draw(part), TWO),), (Symbol(draw(st.sampled_from(LABELS))),))
    ratio = Product((draw(part),), (Symbol(draw(st.sampled_from(LABELS))),))
    return Product((Call(draw(st.sampled_from(SMOOTH)), (ratio,)), draw(part)))


class Rewriter:
    """Rewrites a formula exactly, somewhere, at random."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.rules = [
            self.shuffled, self.negated_twice, self.divided_and_multiplied, self.added_and_taken,
            self.spread_out, self.doubled, self.by_other_functions, self.inverted,
        ]  # fmt: skip

    def __call__(self, tree: Expr, times: int) -> Expr:
        for _ in range(times):
            tree = self.somewhere(tree, self.source.choice(self.rules))
        return tree

    def somewhere(self, tree: Expr, rule: Any) -> Expr:
        parts = children(tree)
        if not parts or self.source.random() < 0.3:
            result: Expr = rule(tree)
            return result
        place = self.source.randrange(len(parts))
        changed = self.somewhere(parts[place], rule)
        return with_children(tree, (*parts[:place], changed, *parts[place + 1 :]))

    def symbol(self) -> Symbol:
        return Symbol(self.source.choice(LABELS))

    def shuffled(self, tree: Expr) -> Expr:
        if isinstance(tree, Sum):
            return Sum(tuple(self.source.sample(tree.terms, len(tree.terms))))
        if isinstance(tree, Product):
            return Product(
                tuple(self.source.sample(tree.factors, len(tree.factors))), tree.divisors
            )
        return tree

    def negated_twice(self, tree: Expr) -> Expr:
        return Negative(Negative(tree))

    def divided_and_multiplied(self, tree: Expr) -> Expr:
        symbol = self.symbol()
        return Product((symbol, tree), (symbol,))

    def added_and_taken(self, tree: Expr) -> Expr:
        symbol = self.symbol()
        return Sum((symbol, tree, Negative(symbol)))

    def spread_out(self, tree: Expr) -> Expr:
        if isinstance(tree, Product):
            for place, factor in enumerate(tree.factors):
                if isinstance(factor, Sum):
                    rest = (*tree.factors[:place], *tree.factors[place + 1 :])
                    return Sum(
                        tuple(Product((term, *rest), tree.divisors) for term in factor.terms)
                    )
        return tree

    def doubled(self, tree: Expr) -> Expr:
        if isinstance(tree, Power) and tree.exponent == TWO:
            return Product((tree.base, tree.base))
        return Product((TWO, tree), (TWO,))

    def inverted(self, tree: Expr) -> Expr:
        return Product((ONE,), (Product((ONE,), (tree,)),))

    def by_other_functions(self, tree: Expr) -> Expr:
        match tree:
            case Call(ops.sigmoid, (u,)):
                return Product((ONE,), (Sum((ONE, call(ops.exp, Negative(u)))),))
            case Call(ops.tanh, (u,)):
                up, down = call(ops.exp, u), call(ops.exp, Negative(u))
                return Product((Sum((up, Negative(down))),), (Sum((up, down)),))
            case Call(ops.exp, (u,)):
                return Power(Constant("e"), u)
            case Call(ops.cos, (u,)):
                return call(ops.sin, Sum((u, Product((Constant("pi"),), (TWO,)))))
            case Call(ops.softplus, (u,)):
                return call(ops.log, Sum((ONE, Power(Constant("e"), u))))
        return tree


def slipped(tree: Expr, source: random.Random) -> Expr:
    """One part of a formula replaced by something else."""
    parts = children(tree)
    if parts and source.random() < 0.8:
        place = source.randrange(len(parts))
        changed = slipped(parts[place], source)
        return with_children(tree, (*parts[:place], changed, *parts[place + 1 :]))
    other = Symbol(source.choice(LABELS))
    return source.choice(
        [
            Negative(tree),
            Product((TWO, tree)),
            other,
            Product((tree, tree), (other,)),
            Sum((tree, Product((Number("0.001"), other)))),
            Product((tree, Sum((ONE, Number("1e-15"))))),
        ]
    )


SIZES = st.sampled_from((-250, -100, -12, -1, 0, 1, 12, 100, 250))
SOURCES = st.randoms(use_true_random=False)


def judge_at(size: int, source: random.Random) -> Judge:
    values = {label: source.uniform(0.4, 2.5) * source.choice((-1, 1)) for label in LABELS}
    return Judge(
        {}, {s: number(Fraction(repr(v)) * Fraction(10) ** size) for s, v in values.items()}
    )


@settings(max_examples=150, deadline=None)
@given(formulas(), SIZES, SOURCES, st.integers(1, 8))
def test_any_rewriting_is_the_same(
    tree: Expr, size: int, source: random.Random, times: int
) -> None:
    judge = judge_at(size, source)
    other = Rewriter(source)(tree, times)
    found = judge.compare(tree, other)
    assert found.verdict != "different"
    if found.verdict == "undecided":  # as it divides by nothing, or goes beyond all bounds
        with pytest.raises(ag.ChalkgradError):
            judge.worth(tree + other)


@settings(max_examples=150, deadline=None)
@given(formulas(), SIZES, SOURCES)
def test_any_slip_is_different(tree: Expr, size: int, source: random.Random) -> None:
    judge = judge_at(size, source)
    wrong = slipped(tree, source)
    with mp.workdps(600):
        for _ in range(4):
            at = {s: mp.mpf(source.uniform(0.3, 2)) * mp.mpf(10) ** size for s in LABELS}
            right, other = mp_worth(tree, at), mp_worth(wrong, at)
            assume(not mp.isnan(right) and not mp.isnan(other))
            assume(abs(right - other) > 1e-30 * max(abs(right), abs(other)))
    assert judge.compare(tree, wrong).verdict == "different"


# No absolute floor.


def test_small_is_not_nothing() -> None:
    energy = Judge({"E": Symbol("k") * Symbol("T")}, {"k": Number("1.38e-23"), "T": Number("300")})
    for text, right in (
        ("4.14e-21", "right"),
        ("4.1e-21", "right"),
        ("9e-12", "wrong"),
        ("0", "wrong"),
    ):
        assert energy.compare_number(Symbol("E"), Number(text)).verdict == right
    assert verdict(energy, Symbol("E"), ZERO) == "different"
    square = Judge({"L": w * w})
    for tiny in ("1e-12", "1e-40", "1e-60", "1e-250"):
        assert verdict(square, slope("L", "w"), 2 * w + Number(tiny)) == "different"
    assert verdict(square, slope("L", "w"), 2 * w + ZERO) == "same"
    for power in (
        Power(Number("10"), Negative(Number("100"))),
        call(ops.exp, Negative(Number("300"))),
    ):
        assert verdict(square, slope("L", "w"), 2 * w + power) == "different"


@pytest.mark.parametrize(("layers", "op"), [(25, ops.sigmoid), (140, ops.tanh), (1000, ops.tanh)])
def test_through_many_layers(layers: int, op: Operation) -> None:
    formulas: dict[str, Expr] = {}
    last: Expr = x
    chain: Expr = ONE
    for layer in range(layers):
        weight, output = Symbol(f"w_{{{layer}}}"), Symbol(f"h_{{{layer}}}")
        formulas[output.label] = call(op, weight * last)
        inner = output * (1 - output) if op is ops.sigmoid else 1 - output**2
        chain = chain * (inner * weight if layer else inner * x)
        last = output
    judge = Judge({**formulas, "L": (y - last) ** 2})
    right = -2 * (y - last) * chain
    gradient = slope("L", "w_{0}")
    assert verdict(judge, gradient, right) == "same"
    for wrong in (-right, 7 * right, ZERO, right * (1 + Number("1e-18"))):
        assert verdict(judge, gradient, wrong) == "different"


def test_what_cancels_to_nothing_is_nothing() -> None:
    parts = [call(ops.exp, s) for s in (a, b, c)]
    total = Sum(tuple(parts))
    formulas: dict[str, Expr] = {f"p_{i}": p / total for i, p in enumerate(parts)}
    judge = Judge({**formulas, "S": Sum(tuple(map(Symbol, formulas)))})
    assert verdict(judge, slope("S", "a"), ZERO) == "same"
    assert verdict(judge, slope("S", "a"), x - x) == "same"
    assert verdict(judge, slope("S", "a"), Number("1e-100")) == "different"
    assert verdict(judge, slope("S", "a"), a) == "different"


def test_saturation_is_not_nothing() -> None:
    far = Judge({"p": call(ops.sigmoid, z + 5000)})
    assert verdict(far, slope("p", "z"), ZERO) == "different"
    judge = Judge({"p": call(ops.sigmoid, z)}, {"z": Number("300")})
    p = Symbol("p")
    assert verdict(judge, slope("p", "z"), p * (1 - p)) == "same"
    assert verdict(judge, slope("p", "z"), ZERO) == "different"
    assert judge.compare_number(slope("p", "z"), Number("5.148e-131")).verdict == "right"
    assert judge.compare_number(slope("p", "z"), ZERO).verdict == "wrong"


# Derivatives.


def test_derivatives_by_symbols_that_have_formulas() -> None:
    p = Symbol("p")
    judge = Judge({"z": w * x + b, "p": call(ops.sigmoid, z), "L": (y - p) ** 2})
    assert verdict(judge, slope("L", "w"), -2 * (y - p) * p * (1 - p) * x) == "same"
    assert verdict(judge, slope("L", "w"), slope("L", "p") * slope("p", "z") * x) == "same"
    assert verdict(judge, slope("L", "z"), -2 * (y - p) * p * (1 - p)) == "same"
    assert verdict(judge, slope((y - p) ** 2, "p"), -2 * (y - p)) == "same"
    assert verdict(judge, slope((y - p) ** 2, "w"), slope("L", "w")) == "same"
    assert verdict(judge, slope("L", "w", 2), slope(slope("L", "w"), "w")) == "same"
    twice = 2 * (p * (1 - p) * x) ** 2 - 2 * (y - p) * p * (1 - p) * (1 - 2 * p) * x * x
    assert verdict(judge, slope("L", "w", 2), twice) == "same"
    assert verdict(judge, slope("L", "w", 2), -twice) == "different"
    assert verdict(judge, slope(slope("L", "w"), "b"), slope(slope("L", "b"), "w")) == "same"
    assert verdict(judge, slope("L", "q"), ZERO) == "same"


def test_primes_of_functions() -> None:
    judge, p = Judge({}), call(ops.sigmoid, z)
    first, second = Call(ops.sigmoid, (z,), 1), Call(ops.sigmoid, (z,), 2)
    assert verdict(judge, first, p * (1 - p)) == "same"
    assert verdict(judge, second, p * (1 - p) * (1 - 2 * p)) == "same"
    assert verdict(judge, slope(first, "z"), second) == "same"
    assert verdict(judge, second, p * (1 - p)) == "different"


def test_what_stands_under_a_d_is_cut_from_its_formula() -> None:
    judge = Judge({"x": a + b, "f": x * a})
    assert verdict(judge, slope("f", "x"), a) == "same"
    assert verdict(judge, slope("f", "a"), x + a) == "same"
    assert verdict(judge, slope(b * x, "x"), b) == "same"


def test_formulas_at_a_value() -> None:
    judge = Judge({"f": x**3, "t": x + 1, "g": Symbol("t") ** 2})
    three = Number("3")
    assert verdict(judge, At(slope("f", "x"), x, three), Number("27")) == "same"
    assert verdict(judge, At(Symbol("f"), x, a + 1), (a + 1) ** 3) == "same"
    assert verdict(judge, At(Symbol("g"), x, three), Number("16")) == "same"
    assert verdict(judge, slope(At(Symbol("f"), x, a * a), "a"), 6 * a**5) == "same"


def test_a_definition_by_a_derivative() -> None:
    delta = Symbol("delta")
    judge = Judge(
        {"z": w * x, "L": z**3, "delta": slope("L", "z"), "v": w - Number("0.1") * slope("L", "w")}
    )
    assert verdict(judge, delta, 3 * z * z) == "same"
    assert verdict(judge, slope("L", "w"), delta * x) == "same"
    assert verdict(judge, Symbol("v"), w - Number("0.3") * z * z * x) == "same"


def test_a_branch_not_taken_passes_nothing_on() -> None:
    split = Cases((x * call(ops.log, x), ZERO), (Relation(x, ">", ZERO),))
    judge = Judge({"f": split})
    right = Cases((call(ops.log, x) + 1, ZERO), (Relation(x, ">", ZERO),))
    assert verdict(judge, slope("f", "x"), right) == "same"
    assert verdict(judge, slope("f", "x"), call(ops.log, x) + 1) == "same"  # where it is defined
    assert verdict(judge, slope("f", "x"), ONE) == "different"


def test_kinks_are_looked_at_from_both_sides() -> None:
    judge = Judge({"z": w * x + b, "h": call(ops.relu, z), "L": (y - Symbol("h")) ** 2})
    h = Symbol("h")
    assert verdict(judge, slope("h", "w"), call(ops.step, z) * x) == "same"
    assert verdict(judge, slope("h", "w"), h / w) == "different"
    assert verdict(judge, slope("h", "w"), x) == "different"
    assert verdict(judge, slope("h", "w"), ZERO) == "different"
    assert verdict(judge, call(ops.abs, x), call(ops.sqrt, x * x)) == "same"
    assert verdict(judge, call(ops.abs, x), x) == "different"
    far = Judge({"f": call(ops.maximum, x, Number("25"))})
    assert verdict(far, slope("f", "x"), ZERO) == "different"
    assert verdict(far, slope("f", "x"), ONE) == "different"


def test_numbers_at_a_kink_follow_the_table() -> None:
    values = {"w": Number("0.5"), "x": Number("0.2"), "b": Negative(Number("0.1"))}
    judge = Judge({"z": w * x + b, "h": call(ops.relu, z)}, values)
    assert judge.compare_number(slope("h", "w"), ZERO).verdict == "right"


# Where formulas are defined.


@pytest.mark.parametrize(
    ("formula", "derivative"),
    [
        (call(ops.asin, w * x + b), x / call(ops.sqrt, 1 - (w * x + b) ** 2)),
        (call(ops.acosh, w * x + b), x / call(ops.sqrt, (w * x + b) ** 2 - 1)),
        (call(ops.log, w - x - y - 3), 1 / (w - x - y - 3)),
        (call(ops.sqrt, 1 - w * w - x * x - y * y), -w / call(ops.sqrt, 1 - w * w - x * x - y * y)),
        (call(ops.log, call(ops.asin, w)), 1 / (call(ops.asin, w) * call(ops.sqrt, 1 - w * w))),
        (Power(Sum((w, Negative(Number("20")))), x), x * Power(w - 20, x - 1)),
    ],
)
def test_narrow_domains(formula: Expr, derivative: Expr) -> None:
    judge = Judge({"f": formula})
    assert verdict(judge, slope("f", "w"), derivative) == "same"
    assert verdict(judge, slope("f", "w"), -derivative) == "different"


def test_what_is_defined_nowhere_is_undecided() -> None:
    judge = Judge({"f": x * x})
    found = judge.compare(slope("f", "x"), call(ops.log, -x * x))
    assert found.verdict == "undecided"
    assert "log" in str(found.reason)
    endless = Series("sum", x, "i")
    assert judge.compare(x, endless).verdict == "undecided"
    huge = call(ops.exp, call(ops.exp, call(ops.exp, x * x + 50)))
    assert judge.compare(slope(huge, "x"), x).verdict == "undecided"


def test_what_is_too_far_out_has_no_worth() -> None:
    judge = Judge({}, {"x": Number("3")})
    for power in (Number("1e9"), Negative(Number("1e9"))):
        far = Power(Sum((x, call(ops.sin, x))), power)
        with pytest.raises(ag.RangeError):
            judge.worth(far)
        assert judge.counterexample(far, x) is None
        assert verdict(judge, far, x) == "undecided"


def test_circles_are_an_error() -> None:
    found = Judge({"x": y + 1, "y": x + 1}).compare(x, x + 2)
    assert found.verdict == "undecided"
    assert "itself" in str(found.reason)


# Whose symbols stand for anything.


def test_an_update_rule() -> None:
    eta = Symbol(r"\eta")
    judge = Judge({"L": w**2})
    step = w - eta * slope("L", "w")
    assert verdict(judge, step, -eta * slope("L", "w") + w, opaque=True) == "same"
    assert verdict(judge, step, w + eta * slope("L", "w"), opaque=True) == "different"
    assert verdict(judge, step, w - 2 * eta * w, opaque=True) == "different"
    assert verdict(judge, step, w - 2 * eta * w) == "same"


def test_targets_that_sum_to_one() -> None:
    parts = [call(ops.exp, s) for s in (a, b)]
    total = Sum(tuple(parts))
    p = parts[0] / total
    loss = -(x * call(ops.log, p) + y * call(ops.log, parts[1] / total))
    assert verdict(Judge({"L": loss}), slope("L", "a"), p - x) == "different"
    assert verdict(Judge({"L": loss}, shares=("x", "y")), slope("L", "a"), p - x) == "same"
    assert verdict(Judge({"L": loss}), slope("L", "a"), p - x, where={"y": 1 - x}) == "same"


# A user's own operation.


@ag.operation(lambda x, y: ops.cos(x) * (1 + x) + ops.sin(x))
def wave(x: float) -> float:
    return (1 + x) * math.sin(x)


def test_an_operation_of_ones_own() -> None:
    judge = Judge({"f": call(wave, w * x)})
    right = x * (call(ops.cos, w * x) * (1 + w * x) + call(ops.sin, w * x))
    assert verdict(judge, slope("f", "w"), right) == "same"
    assert verdict(judge, Symbol("f"), (1 + w * x) * call(ops.sin, w * x)) == "same"
    assert (
        verdict(judge, Symbol("f"), (1 + w * x) * call(ops.sin, w * x) * Number("1.0001"))
        == "different"
    )
    assert verdict(judge, slope(slope("f", "w"), "w"), slope(right, "w")) == "same"


# What depends on what, and examples.


def test_what_depends_on_what() -> None:
    judge = Judge(
        {"z": w * x + b, "p": call(ops.sigmoid, z), "q": x * x, "L": (y - Symbol("p")) ** 2}
    )
    assert judge.depends("L", "w")
    assert not judge.depends("z", "L")
    assert not judge.depends("q", "w")
    assert judge.cone(Symbol("p")) == ["w", "x", "b", "z", "p"]
    assert judge.between("L", "w") == ["w", "z", "p", "L"]
    assert judge.users("w", "L") == ["z"]
    assert judge.missing(slope("L", "w")) == ["y", "w", "x", "b"]
    assert judge.is_constant(slope(3 * x, "x"))


def test_a_counterexample_is_seen_to_be_one() -> None:
    values = {"w": Number("18"), "x": Number("80"), "y": Number("3")}
    judge = Judge({"L": (y - w * x) ** 2}, values)
    found = judge.counterexample(slope("L", "w"), 2 * (y - w * x) * x)
    assert found is not None
    assert dict(found.values) == values
    assert (found.claimed, found.actual) == (Negative(Number("229920")), Number("229920"))
    ones = Judge({"L": w * x * y}, dict.fromkeys("wxy", ONE))
    found = ones.counterexample(slope("L", "w"), x * x)
    assert found is not None
    assert found.claimed != found.actual
    assert ones.counterexample(slope("L", "w"), x * x, most=1) is None


def test_verdicts_do_not_depend_on_what_was_asked_before() -> None:
    def fresh() -> Judge:
        return Judge({"L": (y - w * x) ** 2}, {"w": Number("2")})

    used = fresh()
    used.compare(slope("L", "w"), x)
    used.compare(a, b * c)
    truth = slope("L", "x")
    other = fresh()
    assert other.worth(truth, other.point(3)) == used.worth(truth, used.point(3))


def test_trees_of_any_depth() -> None:
    deep: Expr = x
    formulas: dict[str, Expr] = {}
    for place in range(5000):
        formulas[f"h_{{{place}}}"] = deep + w
        deep = Symbol(f"h_{{{place}}}")
    judge = Judge(formulas)
    assert verdict(judge, slope(deep, "w"), Number("5000")) == "same"
    assert verdict(judge, slope(deep, "w"), Number("4999")) == "different"
