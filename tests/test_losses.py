"""nn/losses.py: each loss is its formula, its gradient the analytic one, and bad input is told."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import (
    ArgumentError,
    ArgumentTypeError,
    DomainError,
    NotANumberError,
    RangeError,
    Value,
    softmax,
    topological_order,
)
from nn import (
    binary_cross_entropy,
    categorical_cross_entropy,
    hinge,
    huber,
    kl_divergence,
    mae,
    mse,
    negative_log_likelihood,
    sparse_cross_entropy,
)

SETTINGS = settings(max_examples=80)
NUMBERS = st.floats(-50, 50)
LOGITS = st.lists(st.floats(-1000, 1000), min_size=1, max_size=6)


def slope(loss, *inputs):
    """The gradients of a loss by its inputs, and the loss."""
    loss.backward()
    return [v.grad for v in inputs]


def leaves(numbers):
    return [Value(x) for x in numbers]


# Losses of numbers


@SETTINGS
@given(NUMBERS, NUMBERS)
def test_losses_of_one_row_are_their_formulas(y_hat, y):
    e = y - y_hat
    for loss, value, gradient in (
        (mse, e * e, -2 * e),
        (mae, abs(e), -np.sign(e)),
        (huber, e * e / 2 if abs(e) <= 1 else abs(e) - 0.5, -e if abs(e) <= 1 else -np.sign(e)),
    ):
        prediction = Value(y_hat)
        result = loss(prediction, y)
        assert result.data == pytest.approx(value, rel=1e-13, abs=1e-13)
        assert slope(result, prediction) == [pytest.approx(gradient, rel=1e-13, abs=1e-13)]
        assert result.label == "L"


@SETTINGS
@given(NUMBERS, st.sampled_from([-1, 1]))
def test_hinge_is_its_formula(score, y):
    prediction = Value(score)
    loss = hinge(prediction, y)
    assert loss.data == max(0.0, 1 - y * score)
    assert slope(loss, prediction) == [-y if 1 - y * score > 0 else 0]


@SETTINGS
@given(st.floats(0.1, 5), NUMBERS)
def test_huber_is_a_parabola_up_to_delta_and_a_line_beyond(delta, e):
    expected = e * e / 2 if abs(e) <= delta else delta * (abs(e) - delta / 2)
    assert huber(e, 0, delta=delta).data == pytest.approx(expected, rel=1e-13, abs=1e-300)


@SETTINGS
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_losses_of_many_rows_are_the_mean(pairs):
    predictions, targets = zip(*pairs, strict=True)
    for loss in (mse, mae, huber):
        each = [loss(p, t).data for p, t in pairs]
        mean = loss(predictions, targets).data
        assert mean == pytest.approx(math.fsum(each) / len(each))
        assert loss(np.array(predictions), np.array(targets)).data == mean


def test_the_notes_example_is_225():
    assert mse(18, 3).data == 225
    assert mse(Value(18), Fraction(3)).data == 225


def test_a_loss_reads_as_its_formula():
    y_hat = Value(18.0, r"\hat{y}")
    labels = {node.label for node in topological_order(mse(y_hat, 3)) if node.label}
    assert labels == {"L", "y", r"\hat{y}"}
    many = mse([y_hat, 5], [3, 4])
    labels = {node.label for node in topological_order(many) if node.label}
    assert labels == {"L", "y_{1}", "y_{2}", r"\hat{y}", r"\hat{y}_{2}"}
    y = Value(3.0, "lpa")
    mse(y_hat, y).backward()
    assert y.grad == -y_hat.grad == -30


# Binary cross-entropy


@SETTINGS
@given(st.floats(1e-9, 1 - 1e-9), st.floats(0, 1))
def test_binary_cross_entropy_is_its_formula(p, y):
    expected = -y * mpmath.log(p) - (1 - y) * mpmath.log(1 - mpmath.mpf(p))
    prediction = Value(p)
    loss = binary_cross_entropy(prediction, y)
    assert loss.data == pytest.approx(float(expected), rel=1e-12)
    assert slope(loss, prediction) == [pytest.approx(-y / p + (1 - y) / (1 - p), rel=1e-6)]


@SETTINGS
@given(st.floats(-1000, 1000), st.sampled_from([0, 0.25, 1]))
def test_binary_cross_entropy_from_logits_is_exact_far_out(z, y):
    with mpmath.workdps(900):
        p = 1 / (1 + mpmath.exp(-mpmath.mpf(z)))
        expected = float(-y * mpmath.log(p) - (1 - y) * mpmath.log(1 - p))
        gradient = float(p - y)
    logit = Value(z)
    loss = binary_cross_entropy(logit, y, from_logits=True)
    assert loss.data == pytest.approx(expected, rel=1e-14, abs=1e-320)
    assert slope(loss, logit) == [pytest.approx(gradient, rel=1e-12, abs=1e-15)]


def test_certain_and_right_costs_nothing():
    assert binary_cross_entropy(1, 1).data == binary_cross_entropy(0, 0).data == 0
    assert binary_cross_entropy([1, 0], [1, 0]).data == 0


# Cross-entropy of classes


@SETTINGS
@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=6), st.data())
def test_sparse_cross_entropy_is_minus_log_of_the_target(weights, data):
    total = math.fsum(weights)
    p = [w / total for w in weights]
    k = data.draw(st.integers(0, len(p) - 1))
    one_hot = [int(j == k) for j in range(len(p))]
    for inputs, loss in (
        (sparse := leaves(p), sparse_cross_entropy(sparse, k)),
        (counted := leaves(p), sparse_cross_entropy(counted, k + 1, first_class=1)),
        (full := leaves(p), categorical_cross_entropy(full, one_hot)),
    ):
        assert loss.data == pytest.approx(-math.log(p[k]), rel=1e-14, abs=1e-15)
        expected = [-1 / p[j] if j == k else 0 for j in range(len(p))]
        assert slope(loss, *inputs) == pytest.approx(expected, rel=1e-14)


@SETTINGS
@given(LOGITS, st.data())
def test_cross_entropy_from_logits_is_exact_far_out(z, data):
    k = data.draw(st.integers(0, len(z) - 1))
    with mpmath.workdps(900):
        powers = [mpmath.exp(mpmath.mpf(x)) for x in z]
        p = [power / mpmath.fsum(powers) for power in powers]
        expected = float(-mpmath.log(p[k]))
        gradient = [float(p[j] - (j == k)) for j in range(len(z))]
    one_hot = [j == k for j in range(len(z))]
    for inputs, loss in (
        (sparse := leaves(z), sparse_cross_entropy(sparse, k, from_logits=True)),
        (full := leaves(z), categorical_cross_entropy(full, one_hot, from_logits=True)),
    ):
        assert loss.label == "L"
        assert loss.data == pytest.approx(expected, rel=1e-14, abs=1e-12)
        assert slope(loss, *inputs) == pytest.approx(gradient, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_only_the_target_enters_the_sparse_graph(classes):
    p = [Value(1 / classes) for _ in range(classes)]
    small = topological_order(sparse_cross_entropy(p, classes - 1))
    assert small[0] is p[-1]
    assert len(small) == 3
    one_hot = [0] * (classes - 1) + [1]
    assert set(p) < set(topological_order(categorical_cross_entropy(p, one_hot)))


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_from_logits_there_is_one_sum_of_exponentials_and_one_subtraction(classes):
    z = leaves([0.5] * classes)
    nodes = topological_order(sparse_cross_entropy(z, 1, from_logits=True))
    names = [node.op.name for node in nodes if node.op is not None and not node.is_leaf]
    assert sorted(set(names)) == ["add", "exp", "log", "neg", "sub"]
    assert names.count("exp") == classes
    assert names.count("add") == classes - 1
    assert len(names) == 2 * classes + 2


@SETTINGS
@given(st.lists(NUMBERS, min_size=1, max_size=5), st.data())
def test_negative_log_likelihood_is_minus_one_number(logs, data):
    k = data.draw(st.integers(0, len(logs) - 1))
    inputs = leaves(logs)
    loss = negative_log_likelihood(inputs, k)
    assert loss.data == -logs[k]
    assert slope(loss, *inputs) == [-1.0 if j == k else 0.0 for j in range(len(logs))]


def test_a_class_of_probability_0_is_legal_unless_it_is_the_target():
    p = leaves([0.0, 0.25, 0.75])
    assert sparse_cross_entropy(p, 1).data == categorical_cross_entropy(p, [0, 1, 0]).data
    for loss in (
        lambda: sparse_cross_entropy(p, 0),
        lambda: categorical_cross_entropy(p, [1, 0, 0]),
        lambda: binary_cross_entropy(0, 1),
        lambda: binary_cross_entropy(1, 0),
    ):
        with pytest.raises(DomainError):
            loss()


def test_labels_may_be_numpys_and_probabilities_any_sequence():
    expected = -math.log(0.4)
    p = np.array([0.1, 0.4, 0.5])
    assert sparse_cross_entropy(p, np.int64(1)).data == expected
    assert sparse_cross_entropy(iter(p), 1).data == expected
    assert categorical_cross_entropy(p, np.eye(3)[1]).data == expected
    assert sparse_cross_entropy(softmax(leaves([1.0, 2.0, 3.0])), 1).data > 0


def test_probabilities_may_be_off_by_a_millionth():
    assert sparse_cross_entropy([0.5, 0.5 + 9e-7], 0).data > 0
    with pytest.raises(ArgumentError, match=r"sum is 1\.000002"):
        sparse_cross_entropy([0.5, 0.500002], 0)


# One row or many, and what is made of them


DISTRIBUTIONS = st.integers(2, 5).flatmap(
    lambda n: st.lists(
        st.lists(st.floats(0.01, 1), min_size=n, max_size=n).map(lambda w: [x / sum(w) for x in w]),
        min_size=1,
        max_size=4,
    )
)


@SETTINGS
@given(DISTRIBUTIONS, st.data())
def test_weighted_smoothed_cross_entropy_is_its_formula(rows, data):
    n = len(rows[0])
    labels = data.draw(st.lists(st.integers(0, n - 1), min_size=len(rows), max_size=len(rows)))
    w = data.draw(st.lists(st.floats(0.1, 3), min_size=n, max_size=n))
    s = data.draw(st.floats(0, 1))
    q = [[w[j] * ((1 - s) * (j == k) + s / n) for j in range(n)] for k in labels]
    each = [-math.fsum(a * math.log(p) for a, p in zip(*pair)) for pair in zip(q, rows)]  # noqa: B905
    options = {"class_weights": w, "label_smoothing": s}
    losses = sparse_cross_entropy(rows, labels, reduction="none", **options)
    assert [loss.data for loss in losses] == pytest.approx(each, rel=1e-12)
    assert [loss.label for loss in losses] == [f"L_{{{i}}}" for i in range(1, len(rows) + 1)]
    total = sparse_cross_entropy(rows, labels, reduction="sum", **options)
    assert total.data == pytest.approx(math.fsum(each), rel=1e-12)
    inputs = [leaves(row) for row in rows]
    mean = sparse_cross_entropy(inputs, labels, **options)
    divisor = math.fsum(w[k] for k in labels)
    assert mean.data == pytest.approx(math.fsum(each) / divisor, rel=1e-12)
    mean.backward()
    for row, weights in zip(inputs, q, strict=True):
        for p, a in zip(row, weights, strict=True):
            assert p.grad == pytest.approx(-a / p.data / divisor, rel=1e-12, abs=1e-300)


@SETTINGS
@given(DISTRIBUTIONS, st.data())
def test_kl_divergence_is_its_formula_and_never_negative(rows, data):
    p, t = rows[0], data.draw(st.permutations(rows[0]))
    expected = math.fsum(a * math.log(a / b) for a, b in zip(t, p, strict=True))
    for inputs, loss, gradient in (
        (x := leaves(p), kl_divergence(x, t), [-a / b for a, b in zip(t, p, strict=True)]),
        (
            z := leaves(map(math.log, p)),
            kl_divergence(z, t, from_logits=True),
            [b - a for a, b in zip(t, p, strict=True)],
        ),
    ):
        assert loss.data == pytest.approx(expected, abs=1e-12)
        assert loss.data > -1e-12
        assert slope(loss, *inputs) == pytest.approx(gradient, rel=1e-9, abs=1e-9)


def test_terms_of_no_probability_are_left_out_of_the_divergence():
    assert kl_divergence([0.5, 0.5, 0.0], [1, 0, 0]).data == math.log(2)
    with pytest.raises(DomainError, match="class 2"):
        kl_divergence([0.5, 0.5, 0.0], [0.5, 0, 0.5])


@SETTINGS
@given(DISTRIBUTIONS, st.data())
def test_cross_entropies_of_a_row_agree(rows, data):
    n = len(rows[0])
    labels = data.draw(st.lists(st.integers(0, n - 1), min_size=len(rows), max_size=len(rows)))
    one_hot = [[int(j == k) for j in range(n)] for k in labels]
    logs = [[math.log(p) for p in row] for row in rows]
    for how in ("mean", "sum"):
        sparse = sparse_cross_entropy(rows, labels, reduction=how).data
        assert categorical_cross_entropy(rows, one_hot, reduction=how).data == sparse
        assert negative_log_likelihood(logs, labels, reduction=how).data == pytest.approx(sparse)
        from_logits = sparse_cross_entropy(logs, labels, from_logits=True, reduction=how)
        assert from_logits.data == pytest.approx(sparse, rel=1e-12, abs=1e-12)


class Unread(list):
    """A list that may be asked for one number, but not gone through."""

    def __iter__(self):
        raise AssertionError("it was read")


@pytest.mark.parametrize("classes", [10, 100_000])
def test_checked_probabilities_are_not_read(classes):
    for row in (Unread([1 / classes] * classes), np.full(classes, 1 / classes)):
        loss = sparse_cross_entropy(row, classes - 1, checked=True)
        assert loss.data == -math.log(1 / classes)
    nodes = topological_order(sparse_cross_entropy([Value(1 / classes)] * classes, 3))
    assert len(nodes) == 3


def test_rows_left_out_cost_nothing_and_have_no_gradient():
    rows = [leaves([0.5, 0.5]), leaves([0.25, 0.75])]
    losses = sparse_cross_entropy(rows, [0, -1], ignore_index=-1, reduction="none")
    assert [loss.data for loss in losses] == [math.log(2), 0]
    mean = sparse_cross_entropy(rows, [0, -1], ignore_index=-1)
    mean.backward()
    assert mean.data == math.log(2)
    assert [p.grad for p in rows[1]] == [0, 0]
    assert sparse_cross_entropy(rows[0], -1, ignore_index=-1, reduction="sum").data == 0


class Frame:
    """What pandas' Series and DataFrame have of an array."""

    def __init__(self, numbers):
        self.numbers = numbers

    def to_numpy(self):
        return np.array(self.numbers)

    def __iter__(self):
        return iter(["not", "these"])


def test_rows_may_be_numpys_and_pandas():
    rows, labels = [[0.1, 0.4, 0.5], [0.2, 0.2, 0.6]], [1, 2]
    expected = sparse_cross_entropy(rows, labels).data
    for kind in (np.array, Frame, iter):
        assert sparse_cross_entropy(kind(rows), kind(labels)).data == expected
        assert mse(kind(rows[0]), kind(rows[1])).data == mse(*rows).data
        assert kl_divergence(kind(rows[0]), kind(rows[1])).data == kl_divergence(*rows).data
    assert mse(np.array(18.0), np.array(3)).data == mse(np.array(18.0), 3).data == 225
    assert sparse_cross_entropy(rows[0], np.array(1)).data == -math.log(0.4)


@pytest.mark.parametrize("loss", [mse, mae, huber, hinge, binary_cross_entropy])
def test_the_mean_is_the_sum_over_how_many_and_of_one_row_all_are_one(loss):
    predictions, targets = [0.25, 0.5, 0.75], [1, 1, 1]
    each = [x.data for x in loss(predictions, targets, reduction="none")]
    assert loss(predictions, targets, reduction="sum").data == sum(each)
    assert loss(predictions, targets).data == sum(each) / 3
    for how in ("mean", "sum", "none"):
        assert loss(0.25, 1, reduction=how).data == each[0]
        assert loss(0.25, 1, reduction=how).label == "L"


P = [0.1, 0.4, 0.5]


@pytest.mark.parametrize(
    ("compute", "error", "says"),
    [
        (lambda: sparse_cross_entropy(P, 3), ArgumentError, "no class 3.* run from 0 to 2"),
        (lambda: sparse_cross_entropy(P, -1), ArgumentError, "no class -1"),
        (lambda: sparse_cross_entropy(P, 0, first_class=1), ArgumentError, "from 1 to 3"),
        (lambda: sparse_cross_entropy(P, 3, from_logits=True), ArgumentError, "no class 3"),
        (lambda: sparse_cross_entropy(P, 1.0), ArgumentTypeError, r"1.0 \(float\)"),
        (lambda: sparse_cross_entropy(P, True), ArgumentTypeError, r"True \(bool\)"),
        (lambda: sparse_cross_entropy(P, np.True_), ArgumentTypeError, "bool"),
        (lambda: sparse_cross_entropy(P, "1"), ArgumentTypeError, "str"),
        (lambda: sparse_cross_entropy(P, Value(1)), ArgumentTypeError, "Value"),
        (lambda: sparse_cross_entropy([], 0), ArgumentError, "no classes"),
        (lambda: sparse_cross_entropy(Value(0.5), 0), ArgumentTypeError, "single number"),
        (lambda: sparse_cross_entropy([1.5, -0.5], 0), ArgumentError, "number 1 is 1.5"),
        (lambda: sparse_cross_entropy([0.5, -0.5, 1], 0), ArgumentError, "number 2 is -0.5"),
        (lambda: sparse_cross_entropy([0.5, math.nan], 0), ArgumentError, "number 2 is nan"),
        (lambda: sparse_cross_entropy([0.5, 0.4], 0), ArgumentError, "sum is 0.9"),
        (lambda: sparse_cross_entropy(["0.5", 0.5], 1), ArgumentTypeError, "given a str"),
        (lambda: categorical_cross_entropy(P, [1, 1, 0]), ArgumentError, "not one-hot"),
        (lambda: categorical_cross_entropy(P, [0, 0, 0]), ArgumentError, "not one-hot"),
        (lambda: categorical_cross_entropy(P, [0.2, 0.8, 0]), ArgumentError, "not one-hot"),
        (lambda: categorical_cross_entropy(P, [1, 0, 0.5]), ArgumentError, "not one-hot"),
        (lambda: categorical_cross_entropy(P, [0, 1]), ArgumentError, "2 numbers.*3 classes"),
        (lambda: categorical_cross_entropy([0.5, 0.4], [0, 1]), ArgumentError, "sum is 0.9"),
        (lambda: binary_cross_entropy(1.5, 1), ArgumentError, "probability 1.5"),
        (lambda: binary_cross_entropy(0.5, 2), ArgumentError, "target 2"),
        (lambda: hinge(0.5, 0), ArgumentError, "target 0"),
        (lambda: huber(1, 0, delta=0), ArgumentError, "delta = 0"),
        (lambda: huber(1, 0, delta=math.nan), ArgumentError, "delta = nan"),
        (lambda: hinge(1, 1, margin="wide"), ArgumentError, "margin = 'wide'"),
        (lambda: sparse_cross_entropy(P, 1, class_weights=0.5), ArgumentError, "1 class_weights"),
        (lambda: sparse_cross_entropy([P, P], 1), ArgumentError, "several rows .* single target"),
        (lambda: kl_divergence([P, P], P), ArgumentError, "several rows .* single target"),
        (lambda: kl_divergence([P, P], [P]), ArgumentError, r"kl_divergence\(\) was given 2 pred"),
        (lambda: hinge(1, 1, margin=0), ArgumentError, "margin = 0"),
        (lambda: mse(1, 2, reduction="avg"), ArgumentError, "reduction is 'avg'"),
        (lambda: sparse_cross_entropy(P, 1, label_smoothing=2), ArgumentError, "smoothing is 2"),
        (lambda: sparse_cross_entropy(P, 1, class_weights=[1]), ArgumentError, "1 class_weights"),
        (lambda: sparse_cross_entropy(P, 1, class_weights=[1, -1, 1]), ArgumentError, "is -1"),
        (lambda: sparse_cross_entropy(P, 1, class_weights=[1, 0, 1]), ArgumentError, "no loss"),
        (lambda: sparse_cross_entropy([P], [5], ignore_index=5), ArgumentError, "no loss"),
        (lambda: sparse_cross_entropy([P, P], [1]), ArgumentError, "2 predictions and 1 targets"),
        (lambda: negative_log_likelihood([-1.0, -0.5], 2), ArgumentError, "no class 2"),
        (lambda: kl_divergence(P, [0.5, 0.5]), ArgumentError, "2 probabilities.*3 classes"),
        (lambda: kl_divergence(P, [0.5, 0.5, 0.5]), ArgumentError, "sum is 1.5"),
        (lambda: mse([1, 2], [1]), ArgumentError, "2 predictions and 1 targets"),
        (lambda: mse([], []), ArgumentError, "0 predictions"),
        (lambda: mse([1, 2], 1), ArgumentTypeError, "several numbers as y_hat"),
        (lambda: mse(1, [1, 2]), ArgumentTypeError, "several numbers as y "),
        (lambda: mse("1", 1), ArgumentTypeError, "several"),
        (lambda: mse(None, 1), NotANumberError, "NoneType"),
        (lambda: mse(1e200, 0), RangeError, "larger than the largest float"),
    ],
)
def test_bad_input_says_what_and_why(compute, error, says):
    with pytest.raises(error, match=says) as caught:
        compute()
    assert "\nhint: " in str(caught.value)


# Rows of several numbers


@SETTINGS
@given(st.integers(1, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_rows_of_several_numbers_are_one_long_row(rows, columns, draw):
    def table(numbers):
        return [[numbers() for _ in range(columns)] for _ in range(rows)]

    p = table(lambda: draw.uniform(0.01, 0.99))
    t = table(lambda: draw.choice([-1.0, 1.0]))
    flat = [x for row in t for x in row]
    for loss in (mse, mae, huber, hinge):
        for how in ("mean", "sum"):
            one, many = ([Value(x) for row in p for x in row] for _ in range(2))
            nested = [many[i * columns : (i + 1) * columns] for i in range(rows)]
            expected, found = loss(one, flat, reduction=how), loss(nested, t, reduction=how)
            expected.backward()
            found.backward()
            assert found.data == expected.data
            assert [x.grad for x in many] == [x.grad for x in one]
        each = loss(p, t, reduction="none")
        assert [[x.data for x in row] for row in each] == [
            [loss(a, b).data for a, b in zip(*pair, strict=True)] for pair in zip(p, t, strict=True)
        ]
        assert loss(np.array(p), np.array(t)).data == loss(p, t).data
    labels = {node.label for node in topological_order(mse(p, t))}
    assert {rf"\hat{{y}}_{{{rows},{columns}}}", f"y_{{{rows},{columns}}}", "L"} <= labels


@pytest.mark.parametrize(
    ("prediction", "target", "error", "says"),
    [
        ([[1, 2], [3]], [[1, 2], [3, 4]], ArgumentError, "1 predictions and 2 targets in row 2"),
        ([[1, 2], 3], [[1, 2], [3, 4]], ArgumentTypeError, "row 2 of y, and a single one"),
        ([[1, 2]], [1], ArgumentTypeError, "row 1 of y_hat, and a single one"),
        ([[1, 2]], [[1, 2], [3, 4]], ArgumentError, "1 predictions and 2 targets"),
        ([[]], [[]], ArgumentError, "0 predictions and 0 targets in row 1"),
        ([[[1]]], [[[1]]], ArgumentError, "rows within row 1"),
    ],
)
def test_rows_that_do_not_fit(prediction, target, error, says):
    with pytest.raises(error, match=says):
        mse(prediction, target)
