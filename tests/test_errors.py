"""autograd/errors.py: one family, each member also the matching builtin, each with its hint."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import autograd
from autograd import (
    ArgumentError,
    ArgumentTypeError,
    ChalkgradError,
    DivisionByZeroError,
    DomainError,
    GradientError,
    GradientMismatchError,
    GraphError,
    NotANumberError,
    RangeError,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILY = {
    DomainError: ValueError,
    DivisionByZeroError: ZeroDivisionError,
    RangeError: OverflowError,
    NotANumberError: TypeError,
    ArgumentError: ValueError,
    ArgumentTypeError: TypeError,
    GradientError: ArithmeticError,
    GraphError: RuntimeError,
    GradientMismatchError: AssertionError,
}

every_member = pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)


@every_member
def test_each_is_chalkgrads_and_the_builtin_one_would_catch(kind: type[ChalkgradError]) -> None:
    assert issubclass(kind, ChalkgradError)
    assert issubclass(kind, FAMILY[kind])
    assert getattr(autograd, kind.__name__) is kind
    assert (kind.__doc__ or "").strip()


@pytest.mark.parametrize("kind", [ChalkgradError, *FAMILY], ids=lambda kind: kind.__name__)
def test_message_and_hint_can_be_read_apart_and_together(kind: type[ChalkgradError]) -> None:
    error = kind("the sky is green", hint="look again")
    assert (error.message, error.hint) == ("the sky is green", "look again")
    assert str(error) == "the sky is green\nhint: look again"
    assert str(kind("the sky is green")) == "the sky is green"


@pytest.mark.parametrize("kind", [ChalkgradError, *FAMILY], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_errors_copy_and_pickle_whole(
    kind: type[ChalkgradError], duplicate: Callable[[Any], Any]
) -> None:
    """As they must to come back from the processes of a pool."""
    twin = duplicate(kind("the sky is green", hint="look again"))
    assert type(twin) is kind
    assert (twin.message, twin.hint) == ("the sky is green", "look again")
    assert str(twin) == "the sky is green\nhint: look again"


def attempts() -> dict[str, tuple[Callable[[], object], type[ChalkgradError], str]]:
    """Mistakes of users: what they do, what is raised, and what its message must say."""
    x = Value(-2.0, r"\theta")
    zero = Value(0.0, "z")
    wrong: Any = None
    wrong_text: Any = "3"
    wrong_label: Any = 3
    return {
        "text in arithmetic": (lambda: x + wrong_text, NotANumberError, "'3'"),
        "complex number": (lambda: x * 1j, NotANumberError, "complex"),
        "list in arithmetic": (lambda: x * [1.0], NotANumberError, "list"),
        "no number": (lambda: Value(wrong), NotANumberError, "NoneType"),
        "a gap in an array": (lambda: Value(np.ma.masked), NotANumberError, "masked"),
        "a span of time": (lambda: Value(np.timedelta64(3, "s")), NotANumberError, "timedelta64"),
        "Value of a Value": (lambda: Value(x), NotANumberError, "-2.0"),
        "nan": (lambda: Value(float("nan"), "v"), DomainError, "nan"),
        "log of a negative number": (x.log, DomainError, r"log(-2.0), that is log(\theta),"),
        "root of a negative number": (lambda: x**0.5, DomainError, r"that is \theta ** 0.5,"),
        "division by zero": (lambda: x / zero, DivisionByZeroError, r"that is \theta / z,"),
        "overflow": ((x * -500).exp, RangeError, "exp(1000)"),
        "infinite gradient": (lambda: zero.sqrt().backward(), GradientError, "z = 0.0"),
        "backward of a constant": (lambda: x.detach().backward(), GraphError, r"\theta = -2.0"),
        "copy of a result": (lambda: copy.copy(x * 2), GraphError, "the result of mul, -4.0"),
        "a label that is no text": (lambda: Value(1.0, wrong_label), ArgumentTypeError, "int"),
        "an operation's inputs": (lambda: autograd.tanh(x, x), ArgumentTypeError, "takes one"),
        "a hook that is none": (lambda: x.on_gradient(wrong), ArgumentTypeError, "NoneType"),
        "an operation without rules": (autograd.operation, ArgumentError, "0"),
        "mean of nothing": (lambda: autograd.mean([]), ArgumentError, "mean()"),
        "softmax of nothing": (lambda: autograd.softmax([]), ArgumentError, "softmax()"),
        "dot of unequal lengths": (lambda: autograd.dot([x], []), ArgumentError, "1 and 0"),
        "crossed bounds": (lambda: autograd.clip(x, 1, 0), ArgumentError, "1 and 0"),
        "argnums": (lambda: autograd.grad(abs, 1)(1.0), ArgumentError, "argument 1"),
        "several results": (lambda: autograd.grad(lambda x: [x])(1.0), ArgumentError, "list"),
        "order of a check": (
            lambda: autograd.check_grads(abs, 1.0, order=0), ArgumentError, "order=0",
        ),
        "a wrong derivative": (
            lambda: autograd.check_grads(lambda x: x.detach() * x, 1.0),
            GradientMismatchError, "argument 0",
        ),
    }  # fmt: skip


@pytest.mark.parametrize("mistake", attempts())
def test_every_mistake_is_explained_with_a_hint(mistake: str) -> None:
    attempt, kind, said = attempts()[mistake]
    with pytest.raises(ChalkgradError) as caught:
        attempt()
    error = caught.value
    assert type(error) is kind
    assert said in error.message
    assert error.hint
    assert str(error) == f"{error.message}\nhint: {error.hint}"
    assert not error.message.endswith(".")


@pytest.mark.parametrize("mistake", attempts())
def test_every_mistake_can_be_sent_from_another_process(mistake: str) -> None:
    attempt, kind, _ = attempts()[mistake]
    with pytest.raises(ChalkgradError) as caught:
        attempt()
    twin = pickle.loads(pickle.dumps(caught.value))
    assert type(twin) is kind
    assert str(twin) == str(caught.value)
