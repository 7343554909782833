r"""The table: each operation once, with its value, its derivatives, its notation and its domain.

A derivative rule is plain arithmetic and operations of this table on the inputs and the result:
`rule(x, y)` for one input, `rule(a, b, y)` for two, `y` being the result. Rules hold no `if` and no
`math.`, so that one rule serves numbers and `Value`s alike, hence derivatives of every order. Kinks
go through `step`, `sign` or `gate` and take PyTorch's convention (relu'(0) = 0, abs'(0) = 0).

The notation is LaTeX with `#1` and `#2` for the inputs, as in a TeX macro.

The native form is how a program computes the value: arithmetic and operations of this table, with
`(a > b).choose(c, d)`, which is c where a > b and else d, and `x.call("erfc")`, a function of C's
library. It is left out where the value is one of `math`'s functions or plain arithmetic.
"""

from __future__ import annotations

import builtins
import math
import operator
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from autograd import uncompiled as cython
from autograd.errors import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    DivisionByZeroError,
    DomainError,
    RangeError,
)
from autograd.reals import real

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # a C class refuses setattr(): ops.pxd has another
    set_on_type = setattr

if TYPE_CHECKING:
    from collections.abc import Callable

    Forward = Callable[..., float]
    Rule = Callable[..., Any]


_LOG_2: Final = math.log(2.0)
_LOG_10: Final = math.log(10.0)
_ROOT_HALF: Final = math.sqrt(0.5)
_GAUSS: Final = 1.0 / math.sqrt(2.0 * math.pi)
_ERF_SLOPE: Final = 2.0 / math.sqrt(math.pi)


def _name_of(op: Operation) -> str:
    return op.name


def _explained(op: Operation) -> str:
    """An operation's docstring: each entry documents itself."""
    needs = f" Needs {op.domain}." if op.domain else ""
    return f"{op.usage}: {op.about}.{needs} Numbers give a float, Values a Value."


@cython.final
@cython.cclass
class Operation:
    """One entry of the table: called with numbers it gives a float, with Values a Value.

    Made by the decorator `operation`, which explains the attributes.
    """

    def __init__(
        self,
        forward: Forward,
        rules: tuple[Rule, ...],
        name: str,
        latex: str,
        symbol: str,
        domain: str,
        default: float | None,
        about: str,
        native: Rule | None = None,
    ) -> None:
        self.forward = forward
        self.rules = rules
        self.arity = len(rules)
        self.flat = all(rule is _flat for rule in rules)  # the derivative is 0 wherever it is
        self.name = name
        self.latex = latex
        self.symbol = symbol
        self.domain = domain
        self.default = default
        self.about = about
        self.native = native

    def __call__(self, a: Any, b: Any = None) -> Any:
        """The operation's value: recorded as a node where an input is a Value, else a float."""
        if b is None:
            if self.arity == 1:
                if type(a) is float and a == a:
                    return self.evaluate(a)
                if hasattr(a, "_record"):
                    return a._record(self, a)
            b = self.default
        if (b is None) != (self.arity == 1):
            takes, given = ("two inputs", "one") if b is None else ("one input", "two")
            raise ArgumentTypeError(f"{self.name} takes {takes}, not {given}", hint=self.usage)
        if hasattr(a, "_record"):
            return a._record(self, a, b)
        if hasattr(b, "_record"):
            return b._record(self, a, b)
        where = f"to {self.name}"
        return self.evaluate(real(a, where), 0.0 if b is None else real(b, where))

    def evaluate(self, a: float, b: float = 0.0) -> float:
        """The value at numbers; raises DomainError, DivisionByZeroError or RangeError."""
        kind: type[ChalkgradError] | None = None  # a name is looked up only where it is needed
        cause: Exception | None = None
        try:
            y: float = self.forward(a) if self.arity == 1 else self.forward(a, b)
            if y - y == 0.0 or (y == y and (a - a != 0.0 or b - b != 0.0)):
                return y  # finite; or infinite, where an input is
            if y == y:
                kind = RangeError
        except ZeroDivisionError as error:
            kind, cause = DivisionByZeroError, error
        except OverflowError as error:
            kind, cause = RangeError, error
        except ValueError as error:
            kind, cause = DomainError, error
        if TABLE.get(self.name) is self:
            cause = None  # Python's library says nothing that the error does not
        raise self.failure(kind or DomainError, a, b) from cause

    def partial(self, which: int, a: float, b: float, y: float) -> float:
        """d(result)/d(input number `which`) at numbers; nan where there is none."""
        try:
            slope = self.rules[0](a, y) if self.arity == 1 else self.rules[which](a, b, y)
            return slope if type(slope) is float else float(slope)
        except (ArithmeticError, ValueError):
            return math.nan

    def failure(
        self, kind: type[ChalkgradError], a: float, b: float, names: tuple[str, str] = ("", "")
    ) -> ChalkgradError:
        """The error for a value that does not exist; `names` are the inputs' labels."""
        first, second = (f"{a:.6g}", f"{b:.6g}") if kind is RangeError else (repr(a), repr(b))
        call = self._call(first, second)
        if any(names):
            call += f", that is {self._call(names[0] or first, names[1] or second)},"
        if kind is RangeError:
            return kind(
                f"{call} is larger than the largest float, 1.8e308",
                hint="scale the inputs, take a smaller learning rate, or use a form that stays "
                "small: softmax, logsumexp, softplus, log1p",
            )
        needs = f"{self.name} needs {self.domain}" if self.domain else f"check {self.usage}"
        if kind is DivisionByZeroError:
            return kind(f"{call} divides by zero", hint=needs)
        return kind(f"{call} is not a real number", hint=needs)

    def _call(self, a: str, b: str) -> str:
        if self.arity == 1:
            return f"{self.name}({a})"
        return f"{a} {self.symbol} {b}" if self.symbol else f"{self.name}({a}, {b})"

    @property
    def usage(self) -> str:
        """How the operation is called: `tanh(x)`, `hypot(a, b)`."""
        if self.arity == 1:
            return f"{self.name}(x)"
        return f"{self.name}(a, b)" if self.default is None else f"{self.name}(a, b={self.default})"

    if not cython.compiled:
        __name__ = property(_name_of)
        __doc__ = property(_explained)

    def __repr__(self) -> str:
        return f"<operation {self.usage}>"

    def __copy__(self) -> Operation:
        return self  # there is one of each: nodes compare operations by identity

    def __deepcopy__(self, memo: object) -> Operation:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        home = __name__ if TABLE.get(self.name) is self else self.forward.__module__
        if getattr(import_module(home), self.name, None) is not self:
            from pickle import PicklingError  # noqa: PLC0415  # slow to import, for an error only

            raise PicklingError(
                f"the operation {self.name} is not to be found as {home}.{self.name}\n"
                "hint: define it at the top of a module, under its own name"
            )
        return _find, (home, self.name)


if cython.compiled:  # a C class can have these properties, but not in its body
    set_on_type(Operation, "__name__", property(_name_of))
    set_on_type(Operation, "__doc__", property(_explained))


def _find(module: str, name: str) -> object:
    return getattr(import_module(module), name)


def operation(
    *derivatives: Rule,
    name: str = "",
    latex: str = "",
    symbol: str = "",
    domain: str = "",
    default: float | None = None,
    about: str = "",
    native: Rule | None = None,
) -> Callable[[Forward], Operation]:
    r"""Decorator: a function of one or two floats becomes an operation.

    `derivatives` holds a rule for each input: `rule(x, y)` for one, `rule(a, b, y)` for two inputs,
    straight-line code as the top of this file says. `name` is the function's own unless given;
    `latex` the notation with `#1` and `#2` for the inputs; `symbol` an infix sign such as `+`;
    `domain` what the inputs must satisfy, in words; `default` the second input where it may be left
    out; `about` one line of explanation, the function's docstring unless given; `native` the value
    as programs compute it, where the function itself will not do (see the top of this file).

    Raises ArgumentError unless there are one or two rules.

    >>> from autograd import Value, operation, sin, cos
    >>> @operation(lambda x, y: cos(x) * (1 + x) + sin(x), latex=r"(1 + #1) \sin(#1)")
    ... def wave(x):
    ...     import math
    ...     return (1 + x) * math.sin(x)
    >>> x = Value(0.0)
    >>> wave(x).backward()
    >>> x.grad
    1.0
    """
    if not 1 <= len(derivatives) <= 2:
        raise ArgumentError(
            f"operation() was given {len(derivatives)} derivative rules",
            hint="give one rule for each input, and one or two inputs",
        )
    inputs = "#1" if len(derivatives) == 1 else "#1, #2"

    def enter(forward: Forward) -> Operation:
        own = name or forward.__name__
        return Operation(
            forward,
            derivatives,
            own,
            latex or rf"\operatorname{{{own}}}({inputs})".replace("_", r"\_"),
            symbol,
            domain,
            default,
            about or (forward.__doc__ or own).strip().partition("\n")[0].rstrip("."),
            native,
        )

    return enter


# Values that Python's library does not give, or not to the last digit, or that must be fast.


def _pow(a: float, b: float) -> float:
    if a == 0.0 and b < 0.0:
        raise ZeroDivisionError
    return a * a if b == 2.0 else math.pow(a, b)  # C's pow is slow, and not always right there


def _native_pow(a: Any, b: Any) -> Any:
    if b.constant in (0.0, 1.0, 2.0):  # C's pow is exact at 0 and 1
        return (1.0, a, a * a)[int(b.constant)]
    power = a.call("pow", b)
    return b.equals(2.0).choose(a * a, power) if b.constant is None else power


def _pick(condition: Any, a: Any, b: Any) -> Any:
    return (a if condition else b) if isinstance(condition, bool) else condition.choose(a, b)


def _hypot(a: Any, b: Any) -> Any:
    """Sqrt(a^2 + b^2), as the C library of GNU has it, to the same digit on every machine."""
    a, b = abs(a), abs(b)
    large, small = _pick(b > a, b, a), _pick(b > a, a, b)
    scale = _pick(large > 2.0**511, 2.0**-600, _pick(small < 2.0**-459, 2.0**600, 1.0))
    x, y = large * scale, small * scale
    root = sqrt(x * x + y * y)
    near, far = root - y, root - x
    rest = _pick(
        root > 2.0 * y,
        2.0 * far * (x - 2.0 * y) + ((4.0 * far - y) * y + far * far),
        x * (2.0 * near - x) + (near - 2.0 * (x - y)) * near,
    )
    corrected = root - rest / (2.0 * _pick(root > 0.0, root, 1.0))
    return _pick(small > large * 2.0**-54, corrected / scale, large + small)


def _relu(x: float) -> float:
    return x if x > 0.0 else 0.0


def _compare(a: float, b: float) -> float:
    return float(a > b) - float(a < b)


def _step(x: float) -> float:
    return 1.0 if x > 0.0 else 0.0


def _flat(*_: Any) -> float:
    return 0.0  # the derivative of what jumps, and is constant in between


def _bell(x: Any) -> Any:
    return _GAUSS * exp(-0.5 * x * x)


def _gelu(x: float) -> float:
    return 0.5 * x * math.erfc(-x * _ROOT_HALF)


def _round(x: float) -> float:
    return float(builtins.round(x)) if math.isfinite(x) else x


def _floor(x: float) -> float:
    return float(math.floor(x)) if math.isfinite(x) else x


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def _silu(x: float) -> float:
    if x >= 0.0:
        return x / (1.0 + math.exp(-x))
    half = math.exp(0.5 * x)  # multiplied in twice, so that tiny results keep their digits
    return x * half / (1.0 + half * half) * half


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-math.fabs(x)))


# The inverses go through |x| - 1 or 1 - x, not through 1 / x, which has no digits left near 1.


def _asec(x: float) -> float:
    angle = math.atan(math.sqrt(math.fabs(x) - 1.0) * math.sqrt(math.fabs(x) + 1.0))
    return angle if x > 0.0 else math.pi - angle


def _acsc(x: float) -> float:
    root = math.sqrt(math.fabs(x) - 1.0) * math.sqrt(math.fabs(x) + 1.0)
    return math.copysign(math.atan2(1.0, root), x)


def _sech(x: float) -> float:
    e = math.exp(-math.fabs(x))
    return 2.0 * e / (1.0 + e * e)


def _csch(x: float) -> float:
    size = math.fabs(x)
    return math.copysign(2.0 * math.exp(-size) / -math.expm1(-2.0 * size), x)


def _asech(x: float) -> float:
    return math.log1p(math.sqrt((1.0 - x) * (1.0 + x))) - math.log(x)


def _acsch(x: float) -> float:
    if math.fabs(x) >= 1.0:
        return math.asinh(1.0 / x)
    size = math.log1p(math.sqrt(1.0 + x * x)) - math.log(math.fabs(x))
    return math.copysign(size, x)


def _acoth(x: float) -> float:
    return math.copysign(0.5 * math.log1p(2.0 / (math.fabs(x) - 1.0)), x)


# Native forms of what is worked out in pieces above.


def _native_silu(x: Any) -> Any:
    half = exp(0.5 * x)
    return (x < 0.0).choose(x * half / (1.0 + half * half) * half, x / (1.0 + exp(-x)))


def _native_asec(x: Any) -> Any:
    angle = atan(sqrt(abs(x) - 1.0) * sqrt(abs(x) + 1.0))
    return (x > 0.0).choose(angle, math.pi - angle)


def _native_acsc(x: Any) -> Any:
    root = sqrt(abs(x) - 1.0) * sqrt(abs(x) + 1.0)
    return root.called("atan2", 1.0).call("copysign", x)


def _native_sech(x: Any) -> Any:
    e = exp(-abs(x))
    return 2.0 * e / (1.0 + e * e)


def _native_csch(x: Any) -> Any:
    size = abs(x)
    return (2.0 * exp(-size) / -expm1(-2.0 * size)).call("copysign", x)


def _native_asech(x: Any) -> Any:
    return log1p(sqrt((1.0 - x) * (1.0 + x))) - log(x)


def _native_acsch(x: Any) -> Any:
    size = log1p(sqrt(1.0 + x * x)) - log(abs(x))
    return (abs(x) < 1.0).choose(size.call("copysign", x), asinh(1.0 / x))


def _native_acoth(x: Any) -> Any:
    return (0.5 * log1p(2.0 / (abs(x) - 1.0))).call("copysign", x)


# The table reads across: name = operation(derivative by each input, notation)(value). Where the
# value is a function of Python's, its docstring says what it is. `+ - * / neg **` and relu stand in
# value.py once more, for speed; a test holds the two equal.
# fmt: off

add: Final[Operation] = operation(lambda a, b, y: 1.0, lambda a, b, y: 1.0,
    symbol="+", latex="#1 + #2")(operator.add)
sub: Final[Operation] = operation(lambda a, b, y: 1.0, lambda a, b, y: -1.0,
    symbol="-", latex="#1 - #2")(operator.sub)
mul: Final[Operation] = operation(lambda a, b, y: b, lambda a, b, y: a,
    symbol="*", latex=r"#1 \cdot #2")(operator.mul)
div: Final[Operation] = operation(lambda a, b, y: 1 / b, lambda a, b, y: -y / b,
    name="div", symbol="/", latex=r"\frac{#1}{#2}", domain="b != 0")(operator.truediv)
# 1 - |sign a| is 1 at zero and 0 elsewhere: 0 ** 0 has the derivatives 0, as x ** 0 has. The gate
# leaves nothing of it where the exponent is another plain number.
pow: Final[Operation] = operation(
    lambda a, b, y: b * pow(a, b - 1 + gate(1 - abs(sign(b)), 1 - abs(sign(a)))),
    lambda a, b, y: y * log(a + (1 - abs(sign(a)))), symbol="**", latex="#1^{#2}",
    name="pow", about="a to the power b",
    domain="a > 0, or a = 0 and b >= 0, or a < 0 and a whole b", native=_native_pow)(_pow)
neg: Final[Operation] = operation(lambda x, y: -1.0, symbol="-", latex="-#1")(operator.neg)
reciprocal: Final[Operation] = operation(lambda x, y: -y * y, name="reciprocal", about="1 / x",
    latex=r"\frac{1}{#1}", domain="x != 0")(lambda x: 1.0 / x)
square: Final[Operation] = operation(lambda x, y: 2 * x, name="square", about="x^2",
    latex="#1^2")(lambda x: x * x)
cube: Final[Operation] = operation(lambda x, y: 3 * square(x), name="cube", about="x^3",
    latex="#1^3")(lambda x: x * x * x)
sqrt: Final[Operation] = operation(lambda x, y: 0.5 / y,
    latex=r"\sqrt{#1}", domain="x >= 0")(math.sqrt)
cbrt: Final[Operation] = operation(lambda x, y: 1 / (3 * square(y)), name="cbrt",
    about="the cube root, of negative numbers too")(math.cbrt)
hypot: Final[Operation] = operation(lambda a, b, y: a / y, lambda a, b, y: b / y,
    name="hypot", about="sqrt(a^2 + b^2)", latex=r"\sqrt{#1^2 + #2^2}", native=_hypot)(_hypot)

exp: Final[Operation] = operation(lambda x, y: y, latex="e^{#1}")(math.exp)
expm1: Final[Operation] = operation(lambda x, y: exp(x), latex="(e^{#1} - 1)")(math.expm1)
log: Final[Operation] = operation(lambda x, y: 1 / x, about="the natural logarithm",
    latex=r"\log(#1)", domain="x > 0")(math.log)
log1p: Final[Operation] = operation(lambda x, y: 1 / (1 + x), about="log(1 + x), exact for small x",
    latex=r"\log(1 + #1)", domain="x > -1")(math.log1p)
log2: Final[Operation] = operation(lambda x, y: 1 / (x * _LOG_2),
    latex=r"\log_2(#1)", domain="x > 0")(math.log2)
log10: Final[Operation] = operation(lambda x, y: 1 / (x * _LOG_10),
    latex=r"\log_{10}(#1)", domain="x > 0")(math.log10)

sin: Final[Operation] = operation(lambda x, y: cos(x), latex=r"\sin(#1)")(math.sin)
cos: Final[Operation] = operation(lambda x, y: -sin(x), latex=r"\cos(#1)")(math.cos)
tan: Final[Operation] = operation(lambda x, y: 1 + y * y, latex=r"\tan(#1)")(math.tan)
sec: Final[Operation] = operation(lambda x, y: y * tan(x), name="sec",
    about="1 / cos(x)", latex=r"\sec(#1)",
    native=lambda x: 1.0 / cos(x))(lambda x: 1.0 / math.cos(x))
csc: Final[Operation] = operation(lambda x, y: -y * cot(x), name="csc",
    about="1 / sin(x)", latex=r"\csc(#1)", domain="sin(x) != 0",
    native=lambda x: 1.0 / sin(x))(lambda x: 1.0 / math.sin(x))
cot: Final[Operation] = operation(lambda x, y: -square(csc(x)), name="cot",
    about="1 / tan(x)", latex=r"\cot(#1)", domain="sin(x) != 0",
    native=lambda x: 1.0 / tan(x))(lambda x: 1.0 / math.tan(x))
asin: Final[Operation] = operation(lambda x, y: 1 / sqrt((1 - x) * (1 + x)),
    latex=r"\arcsin(#1)", domain="-1 <= x <= 1")(math.asin)
acos: Final[Operation] = operation(lambda x, y: -1 / sqrt((1 - x) * (1 + x)),
    latex=r"\arccos(#1)", domain="-1 <= x <= 1")(math.acos)
atan: Final[Operation] = operation(lambda x, y: 1 / (1 + x * x), latex=r"\arctan(#1)")(math.atan)
atan2: Final[Operation] = operation(lambda a, b, y: b / hypot(a, b) / hypot(a, b),
    lambda a, b, y: -a / hypot(a, b) / hypot(a, b),
    about="the angle of the point (b, a), from -pi to pi")(math.atan2)
asec: Final[Operation] = operation(lambda x, y: 1 / (abs(x) * sqrt((x - 1) * (x + 1))),
    name="asec", about="the angle from 0 to pi of which x is the secant",
    latex=r"\operatorname{arcsec}(#1)", domain="|x| >= 1",
    native=_native_asec)(_asec)
acsc: Final[Operation] = operation(lambda x, y: -1 / (abs(x) * sqrt((x - 1) * (x + 1))),
    name="acsc", about="the angle from -pi/2 to pi/2 of which x is the cosecant",
    latex=r"\operatorname{arccsc}(#1)", domain="|x| >= 1",
    native=_native_acsc)(_acsc)
acot: Final[Operation] = operation(lambda x, y: -1 / (1 + x * x), name="acot",
    about="the angle from 0 to pi of which x is the cotangent",
    latex=r"\operatorname{arccot}(#1)",
    native=lambda x: x.called("atan2", 1.0))(lambda x: math.atan2(1.0, x))
sinh: Final[Operation] = operation(lambda x, y: cosh(x), latex=r"\sinh(#1)")(math.sinh)
cosh: Final[Operation] = operation(lambda x, y: sinh(x), latex=r"\cosh(#1)")(math.cosh)
tanh: Final[Operation] = operation(lambda x, y: 1 - y * y, latex=r"\tanh(#1)")(math.tanh)
sech: Final[Operation] = operation(lambda x, y: -y * tanh(x), name="sech",
    about="1 / cosh(x)", latex=r"\operatorname{sech}(#1)",
    native=_native_sech)(_sech)
csch: Final[Operation] = operation(lambda x, y: -y * coth(x), name="csch",
    about="1 / sinh(x)", latex=r"\operatorname{csch}(#1)", domain="x != 0",
    native=_native_csch)(_csch)
coth: Final[Operation] = operation(lambda x, y: -square(csch(x)), name="coth",
    about="1 / tanh(x)", latex=r"\coth(#1)", domain="x != 0",
    native=lambda x: 1.0 / tanh(x))(lambda x: 1.0 / math.tanh(x))
asinh: Final[Operation] = operation(lambda x, y: 1 / sqrt(1 + x * x),
    latex=r"\operatorname{arsinh}(#1)")(math.asinh)
acosh: Final[Operation] = operation(lambda x, y: 1 / sqrt((x - 1) * (x + 1)),
    latex=r"\operatorname{arcosh}(#1)", domain="x >= 1")(math.acosh)
atanh: Final[Operation] = operation(lambda x, y: 1 / ((1 - x) * (1 + x)),
    latex=r"\operatorname{artanh}(#1)", domain="-1 < x < 1")(math.atanh)
asech: Final[Operation] = operation(lambda x, y: -1 / (x * sqrt((1 - x) * (1 + x))),
    name="asech", about="the number that is not negative of which x is the sech",
    latex=r"\operatorname{arsech}(#1)", domain="0 < x <= 1",
    native=_native_asech)(_asech)
acsch: Final[Operation] = operation(lambda x, y: -1 / (abs(x) * sqrt(1 + x * x)), name="acsch",
    about="the number of which x is the csch", latex=r"\operatorname{arcsch}(#1)",
    domain="x != 0",
    native=_native_acsch)(_acsch)
acoth: Final[Operation] = operation(lambda x, y: 1 / ((1 - x) * (1 + x)), name="acoth",
    about="the number of which x is the coth", latex=r"\operatorname{arcoth}(#1)",
    domain="|x| > 1",
    native=_native_acoth)(_acoth)

sigmoid: Final[Operation] = operation(lambda x, y: y * (1 - y), name="sigmoid",
    about="1 / (1 + e^-x)", latex=r"\sigma(#1)",
    native=lambda x: (x < 0.0).choose(exp(-abs(x)), 1.0) / (1.0 + exp(-abs(x))))(_sigmoid)
softplus: Final[Operation] = operation(lambda x, y: sigmoid(x), name="softplus",
    about="log(1 + e^x)", latex=r"\log(1 + e^{#1})",
    native=lambda x: (x < 0.0).choose(0.0, x) + log1p(exp(-abs(x))))(_softplus)
relu: Final[Operation] = operation(lambda x, y: step(x),
    name="relu", about="x where x > 0, else 0; at 0 the derivative is 0",
    native=lambda x: (x > 0.0).choose(x, 0.0))(_relu)
leaky_relu: Final[Operation] = operation(lambda a, b, y: step(a) + b * (1 - step(a)),
    lambda a, b, y: a * (1 - step(a)), default=0.01, name="leaky_relu",
    about="a where a > 0, else a b; at 0 its derivative is b",
    native=lambda a, b: (a > 0.0).choose(a, a * b))(lambda a, b: a if a > 0 else a * b)
elu: Final[Operation] = operation(lambda x, y: exp(minimum(x, 0.0)),
    name="elu", about="x where x > 0, else e^x - 1",
    native=lambda x: (x > 0.0).choose(x, expm1(x)))(lambda x: x if x > 0.0 else math.expm1(x))
silu: Final[Operation] = operation(lambda x, y: sigmoid(x) * (1 + x * sigmoid(-x)),
    name="silu", about="x sigmoid(x)",
    native=_native_silu)(_silu)
gelu: Final[Operation] = operation(lambda x, y: 0.5 * (1 + erf(x * _ROOT_HALF)) + x * _bell(x),
    name="gelu", about="x P(Z < x) for a standard normal Z",
    native=lambda x: 0.5 * x * (-x * _ROOT_HALF).call("erfc"))(_gelu)
erf: Final[Operation] = operation(lambda x, y: _ERF_SLOPE * exp(-x * x))(math.erf)
softsign: Final[Operation] = operation(lambda x, y: square(reciprocal(1 + abs(x))),
    name="softsign", about="x / (1 + |x|)",
    native=lambda x: x / (1.0 + abs(x)))(lambda x: x / (1.0 + math.fabs(x)))

abs: Final[Operation] = operation(lambda x, y: sign(x), latex=r"\left|#1\right|",
    name="abs", about="|x|; at 0 the derivative is 0")(math.fabs)
sign: Final[Operation] = operation(_flat, name="sign",
    about="-1, 0 or 1; the derivative is 0",
    native=lambda x: (x > 0.0).choose(1.0, (x < 0.0).choose(-1.0, 0.0)))(
    lambda x: math.copysign(1.0, x) if x else 0.0)
step: Final[Operation] = operation(_flat, name="step",
    about="1 where x > 0, else 0; the derivative is 0",
    native=lambda x: (x > 0.0).choose(1.0, 0.0))(_step)
floor: Final[Operation] = operation(_flat, name="floor", latex=r"\lfloor #1 \rfloor",
    about="the largest whole number up to x; the derivative is 0",
    native=lambda x: x.call("floor") + 0.0)(_floor)
round: Final[Operation] = operation(_flat, name="round", latex=r"\lfloor #1 \rceil",
    about="the nearest whole number, of two the even; the derivative is 0",
    native=lambda x: x.call("rint") + 0.0)(_round)
compare: Final[Operation] = operation(_flat, _flat, name="compare",
    about="1, 0 or -1 where a is above, at or below b; the derivative is 0",
    native=lambda a, b: (a > b).choose(1.0, (a < b).choose(-1.0, 0.0)))(_compare)
maximum: Final[Operation] = operation(lambda a, b, y: 0.5 + 0.5 * compare(a, b),
    lambda a, b, y: 0.5 - 0.5 * compare(a, b), name="maximum", latex=r"\max(#1, #2)",
    about="the larger; of equal ones each has half the derivative",
    native=lambda a, b: (b > a).choose(b, a))(max)
minimum: Final[Operation] = operation(lambda a, b, y: 0.5 - 0.5 * compare(a, b),
    lambda a, b, y: 0.5 + 0.5 * compare(a, b), name="minimum", latex=r"\min(#1, #2)",
    about="the smaller; of equal ones each has half the derivative",
    native=lambda a, b: (b < a).choose(b, a))(min)
at_least: Final[Operation] = operation(lambda a, b, y: 1 - step(compare(b, a)),
    lambda a, b, y: step(compare(b, a)),
    name="at_least", latex=r"\max(#1, #2)", about="a, but no less than b; if equal, a counts",
    native=lambda a, b: (b > a).choose(b, a))(max)
at_most: Final[Operation] = operation(lambda a, b, y: 1 - step(compare(a, b)),
    lambda a, b, y: step(compare(a, b)),
    name="at_most", latex=r"\min(#1, #2)", about="a, but no more than b; if equal, a counts",
    native=lambda a, b: (b < a).choose(b, a))(min)
gate: Final[Operation] = operation(lambda a, b, y: 0.0, lambda a, b, y: step(a),
    name="gate", about="b where a > 0, else 0",
    native=lambda a, b: (a > 0.0).choose(b, 0.0))(lambda a, b: b if a > 0.0 else 0.0)
# fmt: on

TABLE: Final[dict[str, Operation]] = {
    entry.name: entry
    for entry in vars(sys.modules[__name__]).values()
    if isinstance(entry, Operation)
}
"""The operations above by name."""
