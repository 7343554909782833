"""Formula text: every spelling of a label, the grammar, errors that show the place; no crash."""

from __future__ import annotations

import contextlib
import math
import pickle
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import ChalkgradError, Value
from autograd.formulas.reading import Formula, FormulaError, Reader, read_formula, split_links
from autograd.formulas.syntax import Derivative, Negative, Node, Number, Power, Product, Sum, Symbol

LABELS = [
    "W_{11}^1", "W_{21}^1", "W_{11}^2", "W_{21}^2", "O_{11}", "O_{12}", r"\hat{y}", "y", "b_{21}",
    "x_{i1}", "L", "x", "z", "p", "z_1", "z_2", "z_3", "loss", r"\eta", "d",
]  # fmt: skip
NUMBERS = {label: 0.3 + 0.17 * place for place, label in enumerate(LABELS)}
READER = Reader(LABELS, aliases={"0_{11}": "O_{11}", "W'_{12}": "W_{21}^1", "i_q": "x_{i1}"})


def number(text: str) -> float:
    return READER.read(text).evaluate(NUMBERS)


def n(label: str) -> float:
    return NUMBERS[label]


# Labels in all their spellings.


@pytest.mark.parametrize(
    ("label", "spellings"),
    [
        (
            "W_{11}^2",
            ["W_{11}^{2}", "W^2_{11}", "W^{2}_{11}", "W _ {1 1} ^ { 2 }", "W_11^2", "W₁₁²", "W²₁₁",
             "W11^2", r"\mathrm{W}_{11}^2", r"W_{\text{11}}^2", r"W_{1\,1}^2", "𝑊_{11}^2"],
        ),
        (
            r"\hat{y}",
            [r"\hat y", r"\hat{ y }", "ŷ", "y\u0302", r"\widehat{y}", "yhat", "y_hat"],
        ),
        ("b_{21}", ["b_21", "b₂₁", "b21", "b_{2 1}"]),
        ("b_1", ["b_{1}", "b₁", "b1", "b _ 1"]),
        ("b_{1}", ["b_1"]),
        ("x_{i1}", ["x_i1", "xᵢ₁", r"x_{i 1}"]),
        (r"\eta", ["η", "eta", r"{\eta}"]),
        (r"\hat{y}_1", [r"\hat{y_1}", "ŷ₁", "ŷ_1", r"\hat{y}_{1}", "y_hat_1"]),
        ("x^{(1)}_2", ["x_2^{(1)}", "x_2^(1)", r"x^{\left(1\right)}_2"]),
        ("w'", ["w′", r"w^{\prime}", r"w^\prime"]),
        ("W_{new}", [r"W_{\text{new}}", r"W_{\mathrm{new}}", "W_new"]),
        ("loss", [r"\text{loss}", r"\mathrm{loss}", r"\operatorname{loss}"]),
        ("f(x)", ["f (x)", "f( x )"]),
        (r"\mathcal{L}", [r"\mathcal L"]),
        (r"\varepsilon", [r"\epsilon", "ε", "ϵ"]),
    ],
)  # fmt: skip
def test_every_spelling_of_a_label_is_the_label(label: str, spellings: list[str]) -> None:
    for written in [label, *spellings]:
        formula = read_formula(f"2 {written} + 1", [label, "q"])
        assert formula.symbols == (label,), written
        assert formula.evaluate({label: 5.0}) == 11.0, written


def test_a_label_known_in_any_spelling_is_found_in_any_other() -> None:
    spellings = ["W_{11}^2", "W^{2}_{11}", "W₁₁²", "W_11^2"]
    for known in spellings:
        for written in spellings:
            assert read_formula(written, [known]).symbols == (known,)


def test_the_longest_label_wins_and_a_power_follows_it() -> None:
    square = n("W_{11}^2") ** 2
    for text in [
        "W_{11}^2{}^2",
        "(W_{11}^2)^2",
        "{W_{11}^2}^2",
        "W_{11}^2 ^2",
        "W₁₁²^2",
        "W_{11}^2**2",
    ]:
        assert number(text) == pytest.approx(square), text
    assert read_formula("W_{11}^2", ["W_{11}"]).evaluate({"W_{11}": 3.0}) == 9.0
    assert read_formula("x_1 x_{12} x", ["x", "x_1", "x_{12}"]).symbols == ("x_1", "x_{12}", "x")
    assert number("lossx") == pytest.approx(n("loss") * n("x"))
    assert number("x_i1y") == pytest.approx(n("x_{i1}") * n("y"))


def test_labels_that_differ_only_in_spelling_are_told_apart_as_written() -> None:
    formula = read_formula("x1 - x_1", ["x1", "x_1"])
    assert formula.evaluate({"x1": 5.0, "x_1": 3.0}) == 2.0


def test_a_known_label_comes_before_a_function_and_a_constant() -> None:
    assert read_formula(r"\sigma(2)", [r"\sigma"]).evaluate({r"\sigma": 3.0}) == 6.0
    assert read_formula("e^2", ["e"]).evaluate({"e": 3.0}) == 9.0
    assert read_formula("e^2", ["x"]).evaluate({}) == math.exp(2)
    assert read_formula("exp(x)", ["e", "x", "p"]).evaluate({"x": 0.0}) == 1.0


def test_aliases_stand_for_labels() -> None:
    assert READER.read(r"-2(y - \hat{y}) 0_{11} W'_{12} i_q").symbols == (
        "y", r"\hat{y}", "O_{11}", "W_{21}^1", "x_{i1}",
    )  # fmt: skip
    assert number("0.5 0_{11}") == pytest.approx(0.5 * n("O_{11}"))
    with pytest.raises(FormulaError, match="no known label") as caught:
        Reader(["O_{11}", "x"], aliases={"o": "O_{12}"})
    assert "O_{11}" in str(caught.value)


# Grammar.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("2(3 + 4)5", 70),
        ("-2^2", -4),
        ("2^-1", 0.5),
        ("2^{-1}", 0.5),
        ("2**3", 8),
        ("2^3^2", 512),
        ("2^{1+1}", 4),
        ("--3", 3),
        ("+3", 3),
        ("3 - -2", 5),
        ("3 \u2212 2 \u00b7 4 \u00d7 5 \u00f7 10", -1),
        (r"2 \cdot 3 \times 4 \div 6 \ast 2", 8),
        ("6/2/3", 1),
        ("6/2*3", 9),
        (r"\frac{1}{4}", 0.25),
        (r"\frac12", 0.5),
        (r"\frac1{4}", 0.25),
        (r"\dfrac{3}{\tfrac{1}{2}}", 6),
        (r"\frac{1}{2} 8", 4),
        ("[2(1 + {3 - 1})]", 6),
        (r"\left[2\left(1 + \left\{3 - 1\right\}\right)\right]", 6),
        (r"\bigl(1 + \Big(2\Big)\bigr)", 3),
        ("|2 - 5|", 3),
        ("2|-3||-4|", 24),
        ("||-3| - 5|", 2),
        (r"\left|-3\right| \lvert -2 \rvert", 6),
        (r"\sqrt{16}", 4),
        (r"\sqrt[3]{27}", 3),
        (r"\sqrt 4", 2),
        ("√9", 3),
        ("√(9)", 3),
        ("sqrt(16)", 4),
        ("e^0 + exp(0) + \\exp{0}", 3),
        ("e^{2}", math.exp(2)),
        ("2e", 2 * math.e),
        (r"\ln(e) + \log(e) + ln e", 3),
        (r"\log_2 8 + \log_{10} 1000 + \log_e e", 7),
        ("log2(8) + log10(100)", 5),
        (r"\sin(0) + \cos(0) + tan(0) + \tanh 0", 1),
        (r"\sin^2(1) + \cos^{2}(1)", 1),
        (r"\sin^{-1}(1) - \arcsin 1", 0),
        (r"\sin 2 \cdot 3", 3 * math.sin(2)),
        (r"\sin(2)^2", math.sin(2) ** 2),
        (r"\sigma(0) + sigmoid(0) + σ(0) + \operatorname{sigmoid}(0) + \text{sigmoid}(0)", 2.5),
        (r"\operatorname{ReLU}(-1) + relu(2) + \mathrm{relu}(3)", 5),
        (r"\max(1, 5, 3) + \min\{4, 2\} + max(0, -1)", 7),
        (r"\sigma'(0)", 0.25),
        (r"\tanh'(0) + \tanh^{\prime}(0)", 2),
        ("3²", 9),
        ("10⁻²", 0.01),
        ("1e-3 + 1E3 + .5 + 5.", 1005.501),
        (r"1.2 \times 10^{-7}", 1.2e-7),
        (r"1\,234\,567", 1234567),
        (r"\pi - π", 0),
        (r"\displaystyle 1 \quad + ~ 2 \, .", 3),
        ("$1 + 2$,", 3),
        ("1 + 2;", 3),
        (r"\sum_{j=1}^{3} j", 6),
        (r"\sum_{i=1}^2 \sum_{j=1}^2 i j", 9),
        (r"\sum_{j=1}^{3} j + 10", 16),
        (r"2\sum\limits_{j=1}^{3}(j - 1)", 6),
        ("∑_{k=0}^{2} 2^k", 7),
    ],
)
def test_arithmetic(text: str, expected: float) -> None:
    assert number(text) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_sums_run_over_the_labels_that_there_are() -> None:
    total = sum(math.exp(n(f"z_{j}")) for j in (1, 2, 3))
    for text in [
        r"\sum_{j=1}^{3} e^{z_j}",
        r"\sum_j e^{z_j}",
        r"\sum_{j=1}^{n} e^{z_{j}}",
        "∑_k e^{z_k}",
    ]:
        assert number(text) == pytest.approx(total), text
    assert number(r"\frac{e^{z_1}}{\sum_j e^{z_j}} - 1") == pytest.approx(
        math.exp(n("z_1")) / total - 1
    )
    assert number(r"\sum_{i=1}^{2} W_{i1}^1 z_i") == pytest.approx(
        n("W_{11}^1") * n("z_1") + n("W_{21}^1") * n("z_2")
    )


def test_what_paper_leaves_open_has_all_its_readings() -> None:
    values = {
        text: [formula.evaluate(NUMBERS) for formula in READER.readings(text)]
        for text in ("1/2x", r"\log xy", "x y + 1", r"1/2 \log 2 x")
    }
    x, y = n("x"), n("y")
    assert values["1/2x"] == pytest.approx([x / 2, 1 / (2 * x)])
    assert values[r"\log xy"] == pytest.approx([math.log(x * y), math.log(x) * y])
    assert values["x y + 1"] == pytest.approx([x * y + 1])
    assert len(values[r"1/2 \log 2 x"]) == 4
    label_e = Reader(["e", "x"]).readings("e^x")
    assert [f.evaluate({"e": 2.0, "x": 3.0}) for f in label_e] == [8.0, math.exp(3.0)]


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{\partial L}{\partial W_{11}^2}", r"\frac{dL}{dW_{11}^2}", "dL/dW_{11}^2",
        "∂L/∂W₁₁²", r"\partial L / \partial W_{11}^2", r"\dfrac{\partial L}{\partial W^2_{11}}",
        r"\frac{\mathrm{d}L}{\mathrm{d}W_{11}^2}", r"\frac{\partial{}L}{\partial{}W_{11}^2}",
    ],
)  # fmt: skip
def test_a_derivative_is_one_term(text: str) -> None:
    formula = READER.read(f"2 {text} + 1")
    assert formula.derivatives == (Derivative(Symbol("L"), Symbol("W_{11}^2")),)
    assert formula.evaluate({}, lambda part: 10.0) == 21.0
    assert formula.written(formula.derivatives[0]) == text


def test_chain_rule_products_and_operators() -> None:
    chain = r"\frac{\partial L}{\partial \hat{y}} \times \frac{\partial \hat{y}}{\partial O_{11}}"
    of = [(part.of, part.wrt) for part in READER.read(chain).derivatives]
    assert of == [(Symbol("L"), Symbol(r"\hat{y}")), (Symbol(r"\hat{y}"), Symbol("O_{11}"))]
    square = Power(Sum((Symbol("y"), Negative(Symbol(r"\hat{y}")))), Number(2.0, "2"))
    for text in [
        r"\frac{\partial}{\partial \hat{y}} (y - \hat{y})^2",
        r"\frac{\partial (y - \hat{y})^2}{\partial \hat{y}}",
        r"d/dŷ (y - ŷ)^2",
    ]:
        assert READER.read(text).tree == Derivative(square, Symbol(r"\hat{y}"))
    product = READER.read(r"\frac{d}{dx} 2x \cdot y").tree
    assert product == Product(
        (Derivative(Product((Number(2.0, "2"), Symbol("x"))), Symbol("x")), Symbol("y"))
    )


def test_a_letter_d_may_still_be_a_label() -> None:
    assert number("d x / y") == pytest.approx(n("d") * n("x") / n("y"))
    assert number(r"\frac{d + x}{y}") == pytest.approx((n("d") + n("x")) / n("y"))
    assert number(r"\frac{d x}{y}") == pytest.approx(n("d") * n("x") / n("y"))


def test_parts_say_where_they_stand() -> None:
    text = r"-2(y - \hat{y})\, O_{11}"
    formula = READER.read(text)
    assert isinstance(formula.tree, Negative)
    product = formula.tree.operand
    assert isinstance(product, Product)
    assert [formula.written(part) for part in product.factors] == ["2", r"y - \hat{y}", "O_{11}"]


def test_numbers_keep_their_digits() -> None:
    tree = READER.read("0.50").tree
    assert isinstance(tree, Number)
    assert (tree.value, tree.written) == (0.5, "0.50")


# What a formula is good for.


def test_building_gives_the_graph_that_was_written() -> None:
    y, y_hat = Value(3.0, "y"), Value(18.0, r"\hat{y}")
    loss = READER.read(r"(y - \hat{y})^2").build({"y": y, r"\hat{y}": y_hat})
    loss.backward()
    assert (loss.data, y_hat.grad) == (225.0, 30.0)
    assert [node.op.name for node in ag.topological_order(loss)] == [
        "leaf", "leaf", "sub", "constant", "pow",
    ]  # fmt: skip
    w = Value(2.0, "x")
    slope = READER.read(r"\frac{\partial}{\partial x} x^3").build({"x": w})
    assert slope.data == 12.0
    assert READER.read("1 + 2").build({}).is_constant


def test_evaluating_needs_every_label_and_obeys_the_domain() -> None:
    with pytest.raises(FormulaError, match="has no value"):
        READER.read("2x").evaluate({})
    with pytest.raises(FormulaError, match="derivative"):
        READER.read("dL/dx").evaluate(NUMBERS)
    with pytest.raises(ag.DomainError):
        READER.read(r"\log(-1)").evaluate({})
    with pytest.raises(ag.DivisionByZeroError):
        READER.read("1/(1 - 1)").evaluate({})
    with pytest.raises(ag.DivisionByZeroError):
        READER.read(r"\operatorname{sqrt}'(0)").evaluate({})


def test_operations_of_ones_own_can_be_read() -> None:
    @ag.operation(lambda x, y: 3 * ag.square(x))
    def wave(x: float) -> float:
        return x**3

    assert Reader(["x"], functions=[wave]).read("wave(x) + wave'(x)").evaluate({"x": 2.0}) == 20.0


def test_new_symbols_are_labels_of_their_own_where_allowed() -> None:
    reader = Reader(["W_{11}^2"], new_symbols=True)
    found = reader.read(r"W_{11}^2 O_{11} + b_1^2 + loss - \hat{y} \alpha + w_{new} + w'").symbols
    assert found == (
        "W_{11}^2", "O_{11}", "b_1", "loss", r"\hat{y}", r"\alpha", "w_{new}", "w'",
    )  # fmt: skip


def test_links_of_a_chain() -> None:
    text = r"\frac{\partial L}{\partial W} = \sum_{j=1}^{3} x_j (a = b) \approx 0.5 ≈ 0.50"
    sides = [text[start:end].strip() for start, end in split_links(text)]
    assert sides == [
        r"\frac{\partial L}{\partial W}", r"\sum_{j=1}^{3} x_j (a = b)", "0.5", "0.50",
    ]  # fmt: skip
    assert split_links("x") == [(0, 1)]


# Errors.


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("", "no formula", ""),
        ("  ", "no formula", ""),
        ("2(x + w)", "w is not a known label", "w"),
        ("W_{13}^2 x", "W_{13}^2 is not a known label", "W_{13}^2"),
        ("taxi x", "taxi is not a known label", "taxi"),
        ("x2", "x2 is not a known label", "x2"),
        ("z_4 x", "z_4 is not a known label", "z_4"),
        ("2 + ", "ends", ""),
        ("(x", "never closed", "("),
        ("(x]", "is closed by", "]"),
        ("x)", "closes nothing", ")"),
        ("x + * y", "cannot stand here", "*"),
        ("2 3", "side by side", "3"),
        ("1,000", "comma", ","),
        ("2{,}5", "comma", ","),
        ("(x, y)", "comma", ","),
        ("x = y", "'=' cannot stand", "="),
        (r"\int x", r"\int is not read", r"\int"),
        (r"\sum x", "without an index", r"\sum"),
        (r"\sum_j x", "over which j", r"\sum"),
        (r"\sum_{j=1}^{99999} x", "99999 terms", r"\sum"),
        (r"\frac{\partial^2 L}{\partial x^2}", "second derivative", "^"),
        (r"\frac{\partial L}{\partial q}", "q is not a known label", "q"),
        (r"∂x", "∂ stands without", "∂"),
        ("x^{2}^3", "needs brackets", "^"),
        ("tanh(x, y)", "tanh with 2 inputs", "tanh"),
        (r"\log_3 x", "log with a script", r"\log"),
        ("1e999", "larger than the largest float", "1e999"),
        ("x % y", "'%' cannot stand", "%"),
    ],
)
def test_errors_name_the_place(text: str, problem: str, place: str) -> None:
    with pytest.raises(FormulaError) as caught:
        READER.read(text)
    error = caught.value
    assert problem in error.problem
    assert text[error.start : error.end] == place
    message = str(error).splitlines()
    caret = next(line for line in message if "^" in line and set(line) <= {" ", "^"})
    assert text.strip() in str(error)
    assert caret.count("^") == max(1, len(place))
    assert isinstance(error, ChalkgradError)
    assert isinstance(error, ValueError)


def test_the_nearest_labels_are_named() -> None:
    with pytest.raises(FormulaError) as caught:
        READER.read("W_{12}^2")
    assert caught.value.unknown == "W_{12}^2"
    assert "W_{11}^2" in caught.value.nearest
    assert "W_{11}^2" in caught.value.hint
    with pytest.raises(FormulaError, match="no labels are known"):
        Reader([]).read("x")


def test_errors_in_long_text_show_the_surroundings_and_pickle() -> None:
    with pytest.raises(FormulaError) as caught:
        READER.read("x + " * 100 + "q" + " + x" * 100)
    error = caught.value
    line, caret = str(error).splitlines()[1:3]
    assert line[caret.index("^")] == "q"
    assert len(line) < 100
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.start, again.nearest) == (str(error), error.start, error.nearest)


def test_text_must_be_text() -> None:
    for wrong in (None, 3, b"x", ["x"]):
        with pytest.raises(TypeError, match="must be text"):
            READER.read(wrong)  # type: ignore[arg-type]


# It survives anything.

PIECES = [
    *LABELS, *"+-*/^_(){}[]|.,'= \\", r"\frac", r"\frac{", r"\sum_{j=1}^{3}", r"\sum_j", "e^",
    r"\partial", "d", "dL/dx", r"\frac{\partial", r"\sqrt", r"\left(", r"\right)", "1", "0.5",
    "2e3", r"\,", r"\hat", "z_j", "j", r"\sigma", "exp", "log", "max", "²", "₁", "−", "ŷ",
    r"\text{", r"\mathrm{d}", r"\log_2", "$", "&", "\x00", "é", "𝑊",
    r"\sin^{-1}", "\n", "\u0302", "10^{", "ᵀ",
]  # fmt: skip
SEEDS = [
    r"-2(y - \hat{y}) W_{11}^2 x_{i1}",
    r"\frac{\partial L}{\partial \hat{y}} \times \frac{\partial \hat{y}}{\partial O_{11}}",
    r"\frac{e^{z_1}}{\sum_{j=1}^{3} e^{z_j}} - 1",
    r"\sigma'(z)\left(1-\tanh^2 x\right)/2z + \sqrt[3]{|x|}",
]


def random_text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 25)))
    if kind < 0.5:
        highest = rng.choice([0x7F, 0x3000, 0x10FFFF])
        return "".join(chr(rng.randint(0, highest)) for _ in range(rng.randint(0, 30)))
    text = list(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(text) + 1)
        change = rng.random()
        if change < 0.4:
            text[place : place + 1] = []
        elif change < 0.8:
            text[place:place] = [rng.choice(PIECES)]
        else:
            text[place:place] = text[place : place + rng.randint(1, 8)]
    return "".join(text)


def survives(count: int, seed: int) -> None:
    rng = random.Random(seed)
    open_reader = Reader(LABELS, new_symbols=True)
    read = 0
    for _ in range(count):
        text = random_text(rng)
        for reader in (READER, open_reader):
            for formula in readings(reader, text):
                read += 1
                with contextlib.suppress(ChalkgradError):
                    assert math.isfinite(formula.evaluate(NUMBERS, lambda part: 0.5)), text
    assert read > count / 50


def readings(reader: Reader, text: str) -> tuple[Formula, ...]:
    """The readings of a text; none where it is refused in a sentence that shows the place."""
    try:
        return reader.readings(text)
    except FormulaError as error:
        message, start = str(error), error.start
    assert "^" in message
    assert 0 <= start <= len(text)
    return ()


def test_random_text_is_read_or_refused() -> None:
    survives(3_000, seed=1)


@pytest.mark.slow
def test_a_hundred_thousand_random_texts_are_read_or_refused() -> None:
    survives(100_000, seed=2)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    readings(READER, text)


@pytest.mark.parametrize(
    "opening",
    ["(", "[", "{", "|", r"\left(", r"\frac{", r"\frac", r"\sqrt{", r"\sqrt", "e^", "e^{", "x^",
     "sin", "-(", r"\sin ", r"\sin(", r"\hat{", "x_{", r"\sum_{j=1}^{2}", r"\sum_{j=1}^{2}(", "2(",
     "max(x, ", r"\frac{\partial (", r"\text{", "\\frac{\\partial}{\\partial x}("],
)  # fmt: skip
def test_ten_thousand_levels_are_refused(opening: str) -> None:
    for text in (opening * 10_000, opening * 10_000 + "x" + ")" * 10_000):
        with pytest.raises(FormulaError):
            READER.read(text)


@pytest.mark.parametrize(
    "piece",
    ["x + ", "-2(y - \\hat{y}) W_{11}^2 + ", "x/", "xy", "x y ", "- ", "{}", "x \\cdot ", "+ ",
     "x . ", "q", "W_{13} ", "|x|", "(x)", "x", "\u0302", "'", "\\, "],
)  # fmt: skip
def test_long_text_takes_work_in_proportion(piece: str) -> None:
    def calls(count: int) -> int:
        total = 0

        def counted(*_: object) -> None:
            nonlocal total
            total += 1

        text = piece * count + "x"
        sys.setprofile(counted)
        try:
            readings(READER, text)
        finally:
            sys.setprofile(None)
        return total

    assert calls(800) < 10 * calls(100) + 1000  # eight times the text; a quadratic reader needs 64


# Any tree, written out and read again, is the same tree.

LEAVES = st.one_of(
    st.sampled_from(LABELS).map(Symbol),
    st.integers(1, 99).map(lambda k: Number(float(k), str(k))),
)


def trees(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        several.map(Sum),
        st.builds(Product, several, st.lists(inner, max_size=1).map(tuple)),
        st.builds(Negative, inner),
        st.builds(Power, inner, inner),
    )


def written(node: Node) -> str:
    match node:
        case Number():
            return node.written
        case Symbol(label):
            return label
        case Negative(operand):
            return f"-({written(operand)})"
        case Sum(terms):
            return " + ".join(f"({written(term)})" for term in terms)
        case Product(factors, divisors):
            above = r" \cdot ".join(f"({written(factor)})" for factor in factors)
            return above + "".join(f" / ({written(divisor)})" for divisor in divisors)
        case Power(base, exponent):
            return f"({written(base)})^{{{written(exponent)}}}"
    raise AssertionError(node)


@given(st.recursive(LEAVES, trees, max_leaves=8))
def test_a_tree_written_out_is_read_as_itself(tree: Node) -> None:
    assert READER.read(written(tree)).tree == tree
