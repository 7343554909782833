"""How long claims about large pages take to be judged, and how that grows.

    python -m tests.benchmarks.judging

A page is a network of tanh layers, each symbol with a formula; the claims are the chain rule, one
for every weight, bias and output. On a chain the first claim pays for the whole of it.
"""

from __future__ import annotations

import time
from itertools import cycle, islice

from autograd import ops
from autograd.marking.judge import Judge
from autograd.notation import Call, Derivative, Expr, Sum, Symbol

Claim = tuple[Expr, Expr]
Page = tuple[dict[str, Expr], list[Claim]]


def network(layers: int, width: int = 3) -> Page:
    """The formulas of a network, and right claims about every derivative in it."""
    formulas: dict[str, Expr] = {}
    claims: list[Claim] = []
    units = range(width)
    last = [Symbol(f"x_{i}") for i in units]
    for layer in range(layers):
        for j in units:
            z, h = Symbol(f"z_{{{layer},{j}}}"), Symbol(f"h_{{{layer},{j}}}")
            weights = [Symbol(f"w_{{{layer},{i}{j}}}") for i in units]
            terms = (w * x for w, x in zip(weights, last, strict=True))
            formulas[z.label] = Sum((*terms, Symbol(f"b_{{{layer},{j}}}")))
            formulas[h.label] = Call(ops.tanh, (z,))
            claims.append((Derivative(h, z), 1 - h**2))
            claims += ((_slope(w), _slope(z) * x) for w, x in zip(weights, last, strict=True))
        last = [Symbol(f"h_{{{layer},{j}}}") for j in units]
    squares = ((Symbol(f"y_{j}") - last[j]) ** 2 for j in units)
    formulas["L"] = Sum(tuple(squares))
    return formulas, claims


def _slope(wrt: Symbol) -> Derivative:
    return Derivative(Symbol("L"), wrt)


def seconds(page: Page, count: int, *, wrong: bool = False) -> float:
    """The time that `count` claims about a page take a judge who sees it for the first time."""
    formulas, claims = page
    start = time.perf_counter()
    judge = Judge(formulas)
    for truth, claim in islice(cycle(claims), count):
        verdict = judge.compare(truth, -claim if wrong else claim).verdict
        assert verdict == ("different" if wrong else "same")
    return time.perf_counter() - start


def main() -> None:
    """Prints the table."""
    page = network(50)
    print(f"page of {len(page[0])} definitions (the aim: 1,000 claims in 2 s)")
    for count in (250, 500, 1000, 2000):
        right, wrong = seconds(page, count), seconds(page, count, wrong=True)
        print(f"  {count:5} claims   right {right:6.3f} s   wrong {wrong:6.3f} s")
    print(
        "one claim in ten thousandths of a second, by the size of the page (the aim: 500 at 5,000)"
    )
    for layers in (100, 200, 400, 800):
        page = network(layers)
        took = seconds(page, 100) / 100
        print(f"  {len(page[0]):5} definitions, 100 claims   {took * 1e4:6.1f}")


if __name__ == "__main__":
    main()
