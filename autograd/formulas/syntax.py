"""The tree that a formula is read into: what its parts are, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd.errors import DivisionByZeroError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from autograd.ops import Operation
    from autograd.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a formula; `text[start:end]` is where it stands. Equality is of content alone."""

    start: int = field(default=0, compare=False, repr=False)
    end: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number(Part):
    """A number with its digits as written: `Number(0.5, "0.50")`; empty where none were."""

    value: float
    written: str = ""


@dataclass(frozen=True, slots=True)
class Symbol(Part):
    """A known label, in the label's own spelling."""

    label: str


@dataclass(frozen=True, slots=True)
class Negative(Part):
    """-operand."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Sum(Part):
    """The terms added up; a term taken away is a Negative."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Product(Part):
    """The factors multiplied, and divided by the divisors."""

    factors: tuple[Node, ...]
    divisors: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Power(Part):
    """base ^ exponent."""

    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class Call(Part):
    """An operation on its arguments; with `slope` its derivative there, as in `tanh'(z)`."""

    operation: Operation
    arguments: tuple[Node, ...]
    slope: bool = False


@dataclass(frozen=True, slots=True)
class Derivative(Part):
    r"""d(of)/d(wrt): `\frac{\partial L}{\partial W}`, or of an expression."""

    of: Node
    wrt: Symbol


_ONE: Final = Number(1.0, "1")

Node = Number | Symbol | Negative | Sum | Product | Power | Call | Derivative


def children(node: Node) -> tuple[Node, ...]:
    """The parts directly under a part, in order; none under a number, a symbol, a derivative."""
    match node:
        case Negative(operand):
            return (operand,)
        case Sum(terms):
            return terms
        case Product(factors, divisors):
            return factors + divisors
        case Power(base, exponent):
            return (base, exponent)
        case Call(_, arguments):
            return arguments
    return ()


def with_children(node: Node, parts: tuple[Node, ...]) -> Node:
    """The same part with others under it, as many as `children` gave."""
    match node:
        case Negative():
            return replace(node, operand=parts[0])
        case Sum():
            return replace(node, terms=parts)
        case Product(factors, _):
            count = len(factors)
            return replace(node, factors=parts[:count], divisors=parts[count:])
        case Power():
            return replace(node, base=parts[0], exponent=parts[1])
        case Call():
            return replace(node, arguments=parts)
    return node


def walk(node: Node) -> Iterator[Node]:
    """A part and every part in it, from left to right; what a derivative is of and by as well."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        inner = (part.of, part.wrt) if isinstance(part, Derivative) else children(part)
        waiting.extend(reversed(inner))


def latex(node: Node) -> str:
    r"""A tree written out.

    >>> difference = Sum((Symbol("y"), Negative(Symbol(r"\hat{y}"))))
    >>> print(latex(Negative(Product((Number(2.0), difference), (Symbol("n"),)))))
    -\frac{2 (y - \hat{y})}{n}
    """
    match node:
        case Number(value, written):
            return written or f"{value:.6g}"
        case Symbol(label):
            return label
        case Negative(operand):
            return f"-{_factor(operand)}"
        case Sum(terms):
            first, *rest = map(latex, terms)
            return first + "".join(
                f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in rest
            )
        case Product(factors, divisors):
            above = _in_a_row(factors)
            return rf"\frac{{{above}}}{{{_in_a_row(divisors)}}}" if divisors else above
        case Power(base, exponent):
            simple = isinstance(base, Symbol) and "^" not in base.label
            return f"{latex(base) if simple else f'({latex(base)})'}^{{{latex(exponent)}}}"
        case Call():
            return _called(node)
        case Derivative(of, wrt):
            if isinstance(of, Symbol):
                return rf"\frac{{\partial {of.label}}}{{\partial {wrt.label}}}"
            return rf"\frac{{\partial}}{{\partial {wrt.label}}} {_factor(of)}"


def _called(call: Call) -> str:
    inputs = [latex(argument) for argument in call.arguments]
    if call.slope or len(inputs) != call.operation.arity:
        name = rf"\operatorname{{{call.operation.name}}}".replace("_", r"\_")
        return f"{name}{chr(39) if call.slope else ''}({', '.join(inputs)})"
    text = call.operation.latex
    for number, each in enumerate(inputs, start=1):
        text = text.replace(f"#{number}", each)
    return text


def _in_a_row(factors: tuple[Node, ...]) -> str:
    if len(factors) == 1:
        return latex(factors[0])
    text = _factor(factors[0])
    for factor in factors[1:]:
        further = _factor(factor)
        text += (r" \cdot " if further[0].isdigit() or further[0] == "." else " ") + further
    return text


def _factor(node: Node) -> str:
    text = latex(node)
    return f"({text})" if isinstance(node, Sum | Negative) else text


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the leaves of trees are worth - floats, Values or balls - and so what a tree is worth.

    The arithmetic is the table's own, so it raises what the operations raise.

    >>> doubled = Meaning(symbol=lambda s: 10.0, number=lambda n: n.value, derivative=lambda d: 0.0)
    >>> doubled.of(Product((Number(2.0), Symbol("x"))))
    20.0
    """

    symbol: Callable[[Symbol], Any]
    number: Callable[[Number], Any]
    derivative: Callable[[Derivative], Any]

    def of(self, node: Node) -> Any:
        """The worth of a tree."""
        match node:
            case Number():
                return self.number(node)
            case Symbol():
                return self.symbol(node)
            case Derivative():
                return self.derivative(node)
            case Negative(operand):
                return ops.neg(self.of(operand))
            case Sum(terms):
                return self._added(terms)
            case Product(factors, divisors):
                return self._multiplied(factors, divisors)
            case Power(base, exponent):
                return ops.pow(self.of(base), self.of(exponent))
            case Call(operation, arguments, slope):
                return self._called(operation, [self.of(part) for part in arguments], slope)

    def _added(self, terms: tuple[Node, ...]) -> Any:
        total = self.of(terms[0])
        for term in terms[1:]:
            # `a - b` is a difference, not the sum of a and -b: Values keep what was written.
            if isinstance(term, Negative):
                total = ops.sub(total, self.of(term.operand))
            else:
                total = ops.add(total, self.of(term))
        return total

    def _multiplied(self, factors: tuple[Node, ...], divisors: tuple[Node, ...]) -> Any:
        result = self.of(factors[0])
        for factor in factors[1:]:
            result = ops.mul(result, self.of(factor))
        for divisor in divisors:
            result = ops.div(result, self.of(divisor))
        return result

    def _called(self, operation: Operation, arguments: list[Any], slope: bool) -> Any:
        if slope:
            return _slope(operation, arguments[0])
        if operation.arity == 1:
            return operation(arguments[0])
        result = operation(arguments[0], *arguments[1:2])
        for argument in arguments[2:]:  # max(a, b, c)
            result = operation(result, argument)
        return result


def _slope(operation: Operation, x: Any) -> Any:
    y = operation(x)
    if not isinstance(x, float):
        return operation.rules[0](x, y)
    slope = operation.partial(0, x, 0.0, y)
    if slope - slope != 0.0:
        raise operation.failure(DivisionByZeroError, x, 0.0)
    return slope


# From a graph to a tree.


def tree_of(root: Value, called: Mapping[Value, str], *, most: int) -> Node | None:
    """A Value's formula, the nodes in `called` being symbols; None for more than `most` parts.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> print(latex(tree_of(1 - x * x, {x: "x"}, most=100)))
    1 - x x
    """
    trees: dict[Value, Node] = {}
    sizes: dict[Value, int] = {}
    waiting = [root]
    while waiting:
        node = waiting[-1]
        if node in trees:
            waiting.pop()
        elif node in called:
            trees[node], sizes[node] = Symbol(called[node]), 1
        elif node.is_leaf:
            trees[node], sizes[node] = constant(node.data), 1
        elif missing := [parent for parent in node.parents if parent not in trees]:
            waiting.extend(missing)
        else:
            trees[node] = _combined(node, [trees[parent] for parent in node.parents])
            sizes[node] = 1 + sum(sizes[parent] for parent in node.parents)
            if sizes[node] > most:
                return None
    return trees[root]


def constant(data: float) -> Node:
    """A number as a tree, a negative one as a Negative."""
    number = Number(abs(data), f"{abs(data):.12g}")
    return Negative(number) if data < 0 else number


def _combined(node: Value, inputs: list[Node]) -> Node:
    op, first = node.op, inputs[0]
    if op is ops.add:
        return Sum(_terms(first) + _terms(inputs[1]))
    if op is ops.sub:
        return Sum((*_terms(first), _negative(inputs[1])))
    if op is ops.neg:
        return _negative(first)
    if op is ops.mul:
        return _multiplied(first, inputs[1])
    if op is ops.div or op is ops.reciprocal:
        above = _ONE if op is ops.reciprocal else first
        return _divided(above, inputs[-1])
    if op is ops.pow:
        return Power(first, inputs[1])
    if op is ops.square or op is ops.cube:
        return Power(first, Number(2.0, "2") if op is ops.square else Number(3.0, "3"))
    return Call(op, tuple(inputs))


def _terms(node: Node) -> tuple[Node, ...]:
    return node.terms if isinstance(node, Sum) else (node,)


def _negative(node: Node) -> Node:
    return node.operand if isinstance(node, Negative) else Negative(node)


def _multiplied(a: Node, b: Node) -> Node:
    (above, below), (more, less) = _fraction(a), _fraction(b)
    return _signed(Product(above + more, below + less), a, b)


def _divided(a: Node, b: Node) -> Node:
    (above, below), (more, less) = _fraction(a), _fraction(b)
    return _signed(Product(above + less, below + more), a, b)


def _fraction(node: Node) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """What is multiplied and what is divided by, signs aside."""
    node = node.operand if isinstance(node, Negative) else node
    return (node.factors, node.divisors) if isinstance(node, Product) else ((node,), ())


def _signed(node: Node, a: Node, b: Node) -> Node:
    return Negative(node) if isinstance(a, Negative) != isinstance(b, Negative) else node
