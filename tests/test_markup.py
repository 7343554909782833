"""LaTeX of labels and formulas as text and as MathML, whatever a label may hold."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.notation import to_latex, to_mathml, to_unicode


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ("W_{11}^2", "W₁₁²"),
        ("W^2_{11}", "W₁₁²"),
        (r"\hat{y}", "ŷ"),
        (r"\hat y", "ŷ"),
        (r"\hat{y}_{12}", "ŷ₁₂"),
        (r"\bar{x}", "x̄"),
        (r"\tilde{W}_{ij}^l", "W̃ᵢⱼˡ"),
        (r"\hat{xy}", "hat(xy)"),
        (r"\sigma(z_1)", "σ(z₁)"),
        (r"\eta", "η"),
        (r"\partial L", "∂L"),
        (r"\partialfoo", r"\partialfoo"),
        (r"\frac{\partial L}{\partial W_{ab}}", "∂L/∂W_{ab}"),
        (r"\frac{a + b}{c}", "(a + b)/c"),
        (r"\frac{a b}{c d}", "a b/(c d)"),
        (r"\frac{1}{2c}", "1/(2c)"),
        (r"\frac{1}{\tanh(a + b)}", "1/tanh(a + b)"),
        (r"\frac{1}{\left(a + b\right)}", "1/(a + b)"),
        (r"\frac{1}{\left(a + b\right)^2}", "1/(a + b)²"),
        (r"\frac{1}{(a + b)^2}", "1/(a + b)²"),
        (r"\frac{1}{\log_2(x)}", "1/log₂(x)"),
        (r"\frac{1}{\tanh(x)^2}", "1/tanh(x)²"),
        (r"\frac{1}{\sqrt{x}(a + b)^2}", "1/(√x(a + b)²)"),
        (r"\frac{1}{a(b + c)}", "1/(a(b + c))"),
        (r"\frac{1}{(a + b)(c + d)}", "1/((a + b)(c + d))"),
        (r"\frac{1}{\hat{y}_1}", "1/ŷ₁"),
        (r"\frac{a}{\frac{b}{c}}", "a/(b/c)"),
        (r"\frac{(a + b)(c + d)}{e}", "(a + b)(c + d)/e"),
        (r"\sqrt{2 \pi}", "√(2 π)"),
        (r"\frac{1}{x^2}", "1/x²"),
        (r"\frac12", "1/2"),
        (r"e^{-z}", "e⁻ᶻ"),
        (r"e^{W_{11}^2 x}", "e^(W₁₁² x)"),
        ("x_q", "x_q"),
        ("x_{qq}", "x_{qq}"),
        ("x^q", "x^q"),
        (r"x_{\text{new}}", "x_new"),
        (r"{W_{11}^2}_{\text{new}}", "W₁₁²_new"),
        (r"1.2{\cdot}10^{-7}", "1.2·10⁻⁷"),
        (r"a \cdot b", "a · b"),
        (r"\sqrt{x}", "√x"),
        (r"\sqrt{x + y}", "√(x + y)"),
        (r"\left|x\right|", "|x|"),
        (r"\lfloor x \rceil", "⌊ x ⌉"),
        ("W'_{12}", "W₁₂′"),
        ("x'^2", "x′²"),
        ("x_1_2", "x_1_2"),
        (r"\text{50\%}", "50%"),
        (r"\mathcal{L}", "L"),
        ("x_11", "x₁₁"),
        ("y_hat", "ŷ"),
        ("theta_12", "θ₁₂"),
        ("W_{11}^2_{old}", "W₁₁²_old"),
        (r"\frac{1}{2}(t - o)^2", "(1/2)(t − o)²"),
    ],
)
def test_latex_as_text(latex, text):
    assert to_unicode(latex) == text


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("W_{11}^2", "W_{11}^2"),
        ("ŷ", r"\hat{y}"),
        ("ŷ₁", r"\hat{y}_1"),
        ("W₁₁²", "W_{11}^2"),
        ("Wᵢⱼ⁽²⁾", "W_{ij}^{(2)}"),
        ("σx", r"\sigma x"),
        ("θ₁", r"\theta_1"),
        ("x′", "x'"),
        ("∂L", r"\text{∂L}"),
        ("W_11^2", "W_{11}^2"),
        ("x_i1", "x_{i1}"),
        ("y_pred", r"y_{\text{pred}}"),
        ("y_hat", r"\hat{y}"),
        ("y_hat_12", r"\hat{y}_{12}"),
        ("y_hat_i", r"\hat{y}_i"),
        ("theta_hat", r"\hat{\theta}"),
        ("theta_12", r"\theta_{12}"),
        ("W_{11}^2_{old}", r"{W_{11}^2}_{\text{old}}"),
        ("thetas", "thetas"),
        ("my loss", r"\text{my loss}"),
        ("50%", r"\text{50\%}"),
        ("a_b_c", r"\text{a\_b\_c}"),
        ("{", r"\text{\{}"),
        ("x^2'", "x^{2'}"),
        ("損失", r"\text{損失}"),
        ("a\nb", r"\text{a b}"),
        ("\\left(x", r"\text{/left(x}"),
    ],
)
def test_labels_as_latex(label, latex):
    assert to_latex(label) == latex


LETTERS = "".join(chr(c) for c in range(0x3B1, 0x3CA)) + "abcxyzLWO"
SYMBOLS = st.builds(
    "{}{}{}".format,
    st.sampled_from([*LETTERS, "ŷ", "x̄", "p̂"]),
    st.text("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ", max_size=3),
    st.text("⁰¹²³⁽⁾ˡᵀ", max_size=2),
)


@given(SYMBOLS)
def test_symbols_typed_in_unicode_come_back(symbol):
    assert to_unicode(to_latex(symbol)) == symbol.replace("ο", to_unicode(to_latex("ο")))


PIECES = st.sampled_from(
    [*"abxyW01+-=()[]{}^_'|%&#$~<>\" \n", "\\", r"\frac", r"\hat", r"\left", r"\right", r"\sqrt",
     r"\text{", r"\partial ", r"\cdot", "ŷ", "₁", "²", "\u0302", "損", "\x00"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=20))
def test_any_label_can_be_shown(label):
    latex = to_latex(label)
    assert to_latex(latex) == latex
    assert "\n" not in to_unicode(latex)
    for text in (label, latex):
        ET.fromstring(f"<math>{to_mathml(text)}</math>")


def test_labels_nested_without_end():
    deep = ("{" * 10_000 + "}" * 10_000, "x^{" * 10_000, r"\hat{" * 5000 + "}" * 5000)
    for label in (*deep, "(" * 10_000 + ")" * 10_000):
        assert to_latex(label).startswith(r"\text{")
        assert to_unicode(label) == label
        assert to_mathml(label).startswith("<mtext>")


@pytest.mark.parametrize(
    ("latex", "mathml"),
    [
        ("x", "<mi>x</mi>"),
        ("-2", '<mrow><mo form="prefix">−</mo><mn>2</mn></mrow>'),
        (r"\frac{a}{2}", "<mfrac><mi>a</mi><mn>2</mn></mfrac>"),
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        ("W_1^2", "<msubsup><mi>W</mi><mn>1</mn><mn>2</mn></msubsup>"),
        (r"2 \tanh", '<mrow><mn>2</mn><mspace width="0.17em"/><mi>tanh</mi></mrow>'),
        ("a<b", "<mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>"),
    ],
)  # fmt: skip
def test_latex_as_mathml(latex, mathml):
    assert to_mathml(latex) == mathml


def test_a_minus_sign_after_a_bracket_is_a_prefix_and_the_bracket_does_not_grow():
    assert to_mathml("a(-b)^2") == (
        '<mrow><mi>a</mi><msup><mrow><mo stretchy="false">(</mo><mrow><mo form="prefix">−</mo>'
        '<mi>b</mi></mrow><mo stretchy="false">)</mo></mrow><mn>2</mn></msup></mrow>'
    )
