"""Whole pages marked: the notes, the scan, and pages with one planted slip each or none."""

from __future__ import annotations

import math
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Entry, PageError, Report, grade
from autograd.marking.page import read_page

if TYPE_CHECKING:
    import random

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "tests" / "pages"
NOTES = ROOT / "demos" / "notes"
EXPECTED = tomllib.loads((PAGES / "expected.toml").read_text(encoding="utf-8"))
FILES = sorted(file for file in PAGES.iterdir() if file.suffix in (".md", ".txt", ".tex"))


def marked(file: Path, settings_file: Path | None = None) -> Report:
    said = settings_file.read_text(encoding="utf-8") if settings_file else ""
    return grade(file.read_text(encoding="utf-8"), settings=said)


def claims(text: str) -> list[Entry]:
    return [entry for entry in grade(text).entries if entry.kind == "claim"]


def verdicts(text: str) -> list[str]:
    return [entry.verdict for entry in claims(text)]


def wrong(text: str) -> Entry:
    (entry,) = grade(text).wrong
    return entry


# The pages of this folder.


def test_half_of_the_pages_have_a_slip() -> None:
    slips = len(EXPECTED["slips"])
    assert len(FILES) >= 45
    assert abs(slips - (len(FILES) - slips)) <= 4


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_page_is_marked_as_planted(file: Path) -> None:
    report = marked(file)
    planted = EXPECTED["slips"].get(file.name)
    assert [entry.line for entry in report.wrong] == (planted or [])[:1]
    assert not [entry for entry in report.entries if entry.verdict == "unread"]
    carried = [entry.line for entry in report.entries if entry.verdict == "carried"]
    assert carried == EXPECTED["carried"].get(file.name, [])
    assert report.count("right") >= 1
    if planted:
        assert report.wrong[0].slip == planted[1]
        assert report.wrong[0].answer


def test_figures_that_the_readme_gives() -> None:
    planted = EXPECTED["slips"]
    reports = {name: marked(PAGES / name) for name in planted}
    found = [name for name, (line, _) in planted.items() if reports[name].wrong[0].line == line]
    named = [name for name in found if reports[name].wrong[0].slip == planted[name][1]]
    assert (len(planted), len(found), len(named)) == (25, 25, 25)


# The notes.


def test_clean_notes_have_one_wrong_line() -> None:
    report = marked(NOTES / "backpropagation.md")
    (entry,) = report.wrong
    assert entry.right == r"-2(y - \hat{y})\, W_{21}^2"
    assert (entry.slip, entry.answer) == ("wrong-index", r"-2(y - \hat{y}) W_{11}^2")
    assert "W₂₁²" in entry.message
    assert "W₁₁²" in entry.message
    assert {entry.verdict for entry in report.entries} == {"", "right", "wrong"}
    assert report.count("right") == 53


def test_the_notes_state_every_derivative_of_the_table() -> None:
    text = (NOTES / "backpropagation.md").read_text(encoding="utf-8")
    stated = {entry.left for entry in grade(text).entries if not entry.continues}
    hidden = [("W_{11}^1", "W_{21}^1", "b_{11}"), ("W_{12}^1", "W_{22}^1", "b_{12}")]
    for symbol in ("\\hat{y}", "W_{11}^2", "W_{21}^2", "b_{21}", *hidden[0], *hidden[1]):
        assert rf"\frac{{\partial L}}{{\partial {symbol}}}" in stated
    for j, symbols in enumerate(hidden, start=1):
        assert rf"\frac{{\partial \hat{{y}}}}{{\partial O_{{1{j}}}}}" in stated
        for symbol in symbols:
            assert rf"\frac{{\partial O_{{1{j}}}}}{{\partial {symbol}}}" in stated


def test_sparse_cross_entropy_is_all_right() -> None:
    report = marked(NOTES / "sparse-cross-entropy.md")
    assert {entry.verdict for entry in report.entries} == {"", "right"}
    assert report.count("right") == 25


def test_scanned_notes_are_read_and_judged() -> None:
    file = PAGES / "scan" / "backprop-notes.txt"
    report = marked(file, NOTES / "scan.aliases")
    source = file.read_text(encoding="utf-8").split("\n")
    stating = {
        number
        for number, line in enumerate(source, start=1)
        if "\\frac{\\partial" in line and "=" in line
    }
    judged = {e.line for e in report.entries if e.kind == "claim" and e.verdict != "unread"}
    assert len(stating) == 25
    assert stating <= judged  # four of five were asked for
    assert [entry.line for entry in report.wrong] == [105]
    assert (report.wrong[0].slip, report.count("carried")) == ("wrong-index", 0)
    # What was not judged is listed, with a reason.
    unread = [entry for entry in report.entries if entry.verdict == "unread"]
    assert all(entry.reason for entry in unread)
    assert {entry.line for entry in unread} == {12, 18, 53}
    assert {line for line, _ in report.mentions} == {10, 49, 74, 80, 115, 142}


# Networks of any shape, by formulas worked out for them here.

ACTIVATIONS = {
    "tanh": ("\\tanh({u})", "(1 - {h}^2)"),
    "sigmoid": ("\\sigma({u})", "{h} (1 - {h})"),
    "exponential": ("e^{{{u}}}", "{h}"),
    "square": ("{u}^2", "2 {u}"),
}


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, list[str], str]]]:
    """Definitions of a network with a hidden layer, and its derivatives: each a symbol with the
    factors of dL/d(it) and another symbol of the same kind."""
    inputs, hidden = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    function, slope = ACTIVATIONS[draw(st.sampled_from(sorted(ACTIVATIONS)))]
    lines, claimed = [], []
    for j in range(1, hidden + 1):
        terms = [f"W_{{{j}{k}}} x_{k}" for k in range(1, inputs + 1)]
        lines.append(f"$u_{j} = {' + '.join(terms)} + b_{j}$")
        lines.append(f"$h_{j} = {function.format(u=f'u_{j}')}$")
    lines.append(f"$p = {' + '.join(f'v_{j} h_{j}' for j in range(1, hidden + 1))}$")
    lines.append("$L = (p - y)^2$")
    for j in range(1, hidden + 1):
        other = j % hidden + 1
        inner = slope.format(h=f"h_{j}", u=f"u_{j}")
        back = ["2 (p - y)", f"v_{j}", inner]
        claimed.append((f"v_{j}", ["2 (p - y)", f"h_{j}"], f"h_{other}"))
        claimed.append((f"b_{j}", back, ""))
        claimed += [
            (f"W_{{{j}{k}}}", [*back, f"x_{k}"], f"x_{k % inputs + 1}")
            for k in range(1, inputs + 1)
        ]
    return lines, claimed


def stated(symbol: str, factors: list[str]) -> str:
    return f"$\\frac{{\\partial L}}{{\\partial {symbol}}} = {' '.join(factors)}$"


@settings(max_examples=10)
@given(networks(), st.randoms(use_true_random=False))
def test_right_derivatives_of_any_network_are_right(
    network: tuple[list[str], list[tuple[str, list[str], str]]], source: random.Random
) -> None:
    lines, claimed = network
    page = [stated(symbol, source.sample(factors, len(factors))) for symbol, factors, _ in claimed]
    report = grade("\n".join([*lines, *page]))
    assert {entry.verdict for entry in report.entries if entry.kind == "claim"} == {"right"}
    assert report.count("right") == len(claimed)


@settings(max_examples=20)
@given(networks(), st.data())
def test_one_slip_in_any_network_is_found_and_named(
    network: tuple[list[str], list[tuple[str, list[str], str]]], data: st.DataObject
) -> None:
    lines, claimed = network
    page = [*lines, *(stated(symbol, factors) for symbol, factors, _ in claimed)]
    which = data.draw(st.integers(0, len(claimed) - 1))
    symbol, factors, sibling = claimed[which]
    kind = data.draw(st.sampled_from(["sign", "lost-factor", "factor-two", "wrong-index"]))
    if kind == "wrong-index" and not sibling:
        kind = "sign"
    if kind == "sign":
        factors = ["-2 (p - y)", *factors[1:]]
    elif kind == "factor-two":
        factors = ["(p - y)", *factors[1:]]
    elif kind == "lost-factor":
        factors = factors[:-1] if sibling else [factors[0], factors[2]]
    else:
        factors = [*factors[:-1], sibling]
    page[len(lines) + which] = stated(symbol, factors)
    report = grade("\n".join(page))
    assert [entry.line for entry in report.wrong] == [len(lines) + which + 1]
    entry = report.wrong[0]
    assert (entry.slip or entry.message) != ""
    if entry.slip:
        assert entry.slip in (kind, "turned-round", "transposed")


NUMBERS = st.floats(-3, 3).filter(lambda x: abs(x) > 0.05).map(lambda x: round(x, 2))


@settings(max_examples=25)
@given(w=NUMBERS, x=NUMBERS, b=NUMBERS, y=NUMBERS, digits=st.integers(3, 6))
def test_numbers_are_right_to_the_digits_given(
    w: float, x: float, b: float, y: float, digits: int
) -> None:
    a = math.tanh(w * x + b)
    true = 2 * (a - y) * (1 - a * a) * x
    unit = 10.0**-digits
    page = (
        f"z = w x + b, a = tanh(z), L = (a - y)^2\nw = {w}, x = {x}, b = {b}, y = {y}\ndL/dw = {{}}"
    )
    shown = f"{true:.{digits}f}"
    if float(shown) == 0.0:
        return
    assert verdicts(page.format(shown)) == ["right"]
    assert verdicts(page.format(f"{true + 3 * unit:.{digits}f}")) == ["wrong"]
    assert verdicts(page.format(f"{true:.{digits}f}5")) in (["right"], ["wrong"])


# What a page may say.


def test_definitions_values_and_claims_are_told_apart() -> None:
    report = grade("p = w x + b\nw = 2, x = 3, b = 1\np = 7\np = 8\ndp/dw = 3\nw = 5\np = 16")
    assert [entry.kind[:3] + entry.verdict[:1] for entry in report.entries] == [
        "def", "val", "val", "val", "clar", "claw", "clar", "val", "clar",
    ]  # fmt: skip


def test_definitions_may_come_after_the_claims() -> None:
    assert verdicts("dL/dw = 2 w x\nL = w^2 x") == ["right"]


def test_each_link_of_a_chain_is_marked() -> None:
    text = "L = (y - p)^2\ny = 3, p = 18\ndL/dp = -2(y - p) = -2(3 - 18) = 20 = 30 = 3 * 10"
    assert verdicts(text) == ["right", "right", "wrong", "right", "right"]
    assert verdicts("(3 - 18)^2 = 225, 2 + 2 = 5") == ["right", "wrong"]


def test_arithmetic_slips_are_named() -> None:
    entry = wrong("$L = (y - p)^2$, $y = 3$, $p = 18$\n\n$dL/dp = -2(3 - 18) = 15$")
    assert (entry.slip, entry.answer) == ("arithmetic", "30")


def test_an_error_is_carried_forward() -> None:
    text = (
        "z = w x, a = tanh(z), L = (a - y)^2\n"
        "da/dz = 1 - a\n"
        "dL/dz = 2 (a - y) (1 - a)\n"
        "dL/dw = dL/dz x = 2 (a - y) (1 - a) x\n"
        "dL/dx = 2 (a - y) (1 - a)"
    )
    found = claims(text)
    assert [(e.verdict, e.because) for e in found] == [
        ("wrong", 0), ("carried", 2), ("right", 0), ("carried", 2), ("wrong", 0),
    ]  # fmt: skip


def test_wrong_numbers_are_carried_forward() -> None:
    text = (
        "p = w x, L = (p - y)^2\nw = 2, x = 3, y = 1\n"
        "p = 7\nL = 36\ndL/dw = 2(p - y) x = 36\nL = 25"
    )
    assert [(e.verdict, e.because) for e in claims(text)] == [
        ("wrong", 0), ("carried", 3), ("right", 0), ("carried", 3), ("right", 0),
    ]  # fmt: skip


def test_a_heading_begins_another_network() -> None:
    text = "# One\na = tanh(z)\nda/dz = 1 - a^2\n# Two\na = \\sigma(z)\nda/dz = a(1 - a)"
    assert verdicts(text) == ["right", "right"]
    # Without one, the second equation for a symbol is a claim about it.
    assert verdicts("L = (y - p)^2\nL = y^2 - 2 y p + p^2\nL = y^2 + 2 y p + p^2") == [
        "right",
        "wrong",
    ]


def test_values_hold_from_their_line_on() -> None:
    assert verdicts("p = 2 x\nx = 1\np = 2\nx = 5\np = 10\np = 2") == ["right", "right", "wrong"]


def test_one_value_for_all_weights() -> None:
    text = "$p = W_{11}^1 a + W_{21}^1 b$ with $W = 0.5$, $a = b = 2$: $p = 2$."
    assert verdicts(text) == ["right"]


@pytest.mark.parametrize(
    "line",
    [
        "$w_{new} = w_{old} - \\eta \\frac{\\partial L}{\\partial w_{old}}$",
        "w_new = w - eta dL/dw = 2 - 0.1 * 12 = 0.8",
        "$w^{new} = w - \\eta \\cdot 2(p - y) x$",
        "w' = w - eta * dL/dw",
        "w := w - eta * dL/dw",
        "$w \\leftarrow w - \\eta \\frac{dL}{dw} = 0.8$",
        "$w_{t+1} = w_t - \\eta \\frac{dL}{dw_t}$",
        "w_new = w - 0.1 * dL/dw = 0.8",
        "w_new = 2 - 1.2 = 0.8",
        "$W_{new} = W_{old} - \\eta \\frac{\\partial L}{\\partial W_{old}}$",
    ],
)
def test_updates(line: str) -> None:
    page = "p = w x, L = (p - y)^2\nw = 2, x = 3, y = 4, eta = 0.1\n\n"
    assert set(verdicts(page + line)) == {"right"}
    turned = line.replace("- ", "+ ") if "1.2" not in line else "w_new = 2 + 1.2"
    assert verdicts(page + turned)[0] == "wrong"


def test_an_update_by_another_derivative() -> None:
    text = "p = w x + b, L = p^2\n$w_{new} = w - \\eta \\frac{\\partial L}{\\partial b}$"
    assert wrong(text).slip == "wrong-index"


def test_after_an_update_in_place_the_symbol_has_the_new_number() -> None:
    text = "p = w x, L = p^2\nw = 2, x = 1, eta = 0.25\nw <- w - eta * dL/dw = 1\n"
    assert set(verdicts(text + "p = 1\ndL/dw = 2")) == {"right"}


def test_all_parameters_step_at_once() -> None:
    text = (
        "p = m x + c, L = (y - p)^2\nm = 1, c = 0, x = 2, y = 5\n"
        "m = m - 0.01 * (-12) = 1.12\nc = c - 0.01 * (-6) = 0.06\np = 1.12 * 2 + 0.06 = 2.3\n"
    )
    assert set(verdicts(text)) == {"right"}
    assert verdicts(text.replace("(-6)", "(-5.52)"))[2] == "wrong"  # with m already updated


def test_symbols_set_equal_are_one() -> None:
    assert verdicts("iq = 80\nx_1 = iq\nz = w iq\ndz/dw = x_1") == ["right"]
    assert verdicts("L = (y - p)^2\nso y = p is not meant") == ["unread"]  # both stand in L


def test_functions_with_arguments() -> None:
    text = "f(x) = x^3 + 2x\nf'(x) = 3x^2 + 2\ndf/dx = 3x^2\nx = 1\nf(x) = 3"
    assert verdicts(text) == ["right", "wrong", "right"]
    (entry,) = [e for e in grade("y = f(u), dy/du = 1").entries if e.kind == "claim"]
    assert entry.verdict == "unread"


def test_dw_alone_is_the_derivative_of_the_loss() -> None:
    text = "z = w x + b\na = sigmoid(z)\nL = -y log(a) - (1 - y) log(1 - a)\n"
    assert verdicts(text + "dz = a - y\ndw = x dz\ndb = dz") == ["right", "right", "right"]
    assert verdicts(text + "dz = y - a")[0] == "wrong"


def test_numbers_put_in_for_some_symbols() -> None:
    text = "p = w x, L = (y - p)^2\nw = 4, x = 5, y = 7\ndL/dw = "
    assert verdicts(text + "-2(7 - 20) x") == ["right"]
    assert verdicts(text + "-2(7 - 21) x") == ["wrong"]
    # A lost factor is not excused by its being 1.
    assert verdicts("p = w x, L = (y - p)^2\nx = 1, y = 2, w = 3\ndL/dw = -2(y - p)") == ["wrong"]


def test_numbers_cut_off_or_worked_with_rounded_are_right() -> None:
    page = "p = w x, L = p^2\nw = 1.23, x = 2.71\n"
    (cut,) = claims(page + "p = 3.33")
    assert (cut.verdict, cut.reason) == ("right", "")
    (cut,) = claims(page + "dL/dw = 18.06")  # 18.0665...
    assert (cut.verdict, cut.reason) == ("right", "cut off, not rounded")
    first, rounded = claims(page + "p = 3.3\nL = 10.89")  # 3.3333 and 11.11
    assert (first.verdict, rounded.verdict) == ("right", "right")
    assert rounded.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dL/dw = 3", "L has no definition on this page"),
        ("L = p^2, dL/dw = 3 w", "w stands in no definition on this page"),
        ("L = p^2, q = w x, dL/dw = 2 p x", "L does not depend on w"),
        ("p = w x, p = 5", "w, x have no number here"),
        ("$a = \\begin{cases} z \\\\ 0 \\end{cases}$\n\nda/dz = 1", "in line 1 is not read"),
        ("p = w x\ndp/dw = \\phi x", r"\phi stands in no definition"),
        ("p = w x, w = 0,5", "a comma between digits"),
        ("w_new = w - dL/dw", "by which loss and learning rate"),
        ("x = 1 / 0, y = 2", "divides by zero"),
        ("p = log(x), x = -1, dp/dx = -1", "is not a real number"),
        ("$W^T x = 3$", "a transpose"),
        ("= 5", "nothing stands before it"),
        ("x + = 3", "ends where a number or a symbol should follow"),
    ],
)
def test_what_is_not_judged_has_a_reason(text: str, reason: str) -> None:
    unread = [entry for entry in grade(text).entries if entry.verdict == "unread"]
    reasons = [entry.reason.replace("$", "") for entry in unread]
    assert any(reason in given for given in reasons), reasons
    assert not grade(text).wrong


def test_a_claim_by_itself_is_judged_where_the_chain_is_not() -> None:
    found = claims("dL/dp = d/dp (y - p)^2 = -2(y - p) = 2(y - p)")
    assert [entry.verdict for entry in found] == ["unread", "right", "wrong"]


def test_formulas_without_an_equation_are_mentioned() -> None:
    report = grade("The weight $w_1$ of $p = w_1 x$.")
    assert report.mentions == ((1, "w_1"),)
    assert [entry.kind for entry in report.entries] == ["definition"]


def test_settings_beside_the_page() -> None:
    said = "aliases:\n  q: \\hat{y}\ngiven:\n  - L = (y - \\hat{y})^2\n"
    report = grade("dL/dq = -2(y - q)", settings=said)
    assert [entry.verdict for entry in report.entries] == ["right"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no formula"),
        ("Just words, and a price of $5.", "no formula"),
        ("---\nalias:\n  a: b\n---\nx = 1", "front matter, line 2: 'alias' is no key"),
        ("---\naliases:\n  nonsense\n---\nx = 1", "front matter, line 3"),
        ("---\naliases:\n  a: b\n  a: c\n---\nx = 1", "to stand for b and for c"),
        ("---\ngiven: y = 3\n---\nx = 1", "lines of their own"),
        ("---\ngiven:\n  - y = 3 +\n---\nx = 1", "front matter, line 3: 'y = 3 +' cannot be used"),
        ("---\ngiven:\n  - 3 = 3\n---\nx = 1", "it does not begin with a symbol"),
        ("---\ngiven:\n  - y\n---\nx = 1", "it is no equation"),
    ],
)
def test_pages_that_cannot_be_used(text: str, message: str) -> None:
    with pytest.raises(PageError, match="hint: ") as raised:
        grade(text)
    assert message in str(raised.value)


def test_bad_settings_name_their_file_and_line() -> None:
    with pytest.raises(PageError, match=r"my\.aliases, line 2: 'b' belongs to nothing"):
        grade("x = 1", settings="\n  b\n", settings_name="my.aliases")


# Nothing a page says makes it fall over.

TEXT = st.text(
    st.one_of(
        st.sampled_from("$$$==\\{}()^_&#*-+/.,:;|'`\"<> \n\n\n012wxyLp\u2202\u0302\u00b2"),
        st.characters(),
    ),
    max_size=120,
)
PIECES = st.lists(
    st.sampled_from(
        [r"\frac{", r"\partial ", "}{", "}", "=", "w", "x_{1}", "L", "dL/dw", r"\\", "&", "$$",
         "\n", "(", ")", "2", "-", "+", r"\begin{align}", r"\end{align}", r"\text{", "^2",
         r"\sum_{j=1}^3", r"\left", r"\right", "|", ", ", r"\hat{y}", "_new", ":=", r"\boxed{",
         "0.5", "new", "dw", "f(x)", "'", "# ", "```", "---"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=100)
@given(st.one_of(TEXT, PIECES))
def test_any_text_is_marked_or_refused(text: str) -> None:
    try:
        report = grade(text)
    except PageError:
        return
    for entry in report.entries:
        assert entry.verdict or entry.kind != "claim"
        assert entry.reason or entry.verdict != "unread"
        assert entry.because or entry.verdict != "carried"
        assert 1 <= entry.line <= text.count("\n") + text.count("\r") + 1


@settings(max_examples=25)
@given(st.sampled_from(FILES), st.data())
def test_damaged_pages_are_marked_or_refused(file: Path, data: st.DataObject) -> None:
    text = file.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 20))
        text = text[:at] + data.draw(TEXT)[:5] + text[at + length :]
    with suppress(PageError):
        grade(text)


def test_a_page_can_be_long() -> None:
    text = "\n".join(f"a_{{{i + 1}}} = 0.5 a_{{{i}}} + 1" for i in range(150))
    report = grade(text + "\nda_{150}/da_{149} = 0.5")
    assert report.count("right") == 1


def test_pages_are_not_run() -> None:
    report = grade("x = __import__('os').getcwd()\nlambda: print(3) = y\neval('2') = 2")
    assert {entry.verdict for entry in report.entries} == {"unread"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_equation_is_passed_over(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    signs = sum(len(found.signs) for found in read_page(text).statements)
    assert signs == sum(1 + entry.right.count(" = ") for entry in grade(text).entries)


def test_only_text_is_marked() -> None:
    with pytest.raises(TypeError, match="a page must be text, not bytes"):
        grade(b"x = 1")  # type: ignore[arg-type]


# Decimals, and index notation.

LINE = (
    "$z = w x + b$, $L = (y - z)^2$ with $w = 0.5$, $x = 2$, $b = 0.1$, $y = 1.5$, $\\eta = 0.1$."
)
SOFTMAX = r"$p_i = \frac{e^{z_i}}{\sum_{k=1}^{3} e^{z_k}}$, $L = -\sum_{i=1}^{3} y_i \log p_i$."


@pytest.mark.parametrize(
    ("claim", "verdicts"),
    [
        (r"z = 0.5 \cdot 2 + 0.1 = 1.1", "right right"),
        (r"z = 0.5 \cdot 2 - 0.1 = 0.9", "wrong carried"),
        (r"z = 0.5 \cdot 2 + 0.2 = 1.2", "wrong carried"),
        (r"z = 0.6 \cdot 2 + 0.1 = 1.3", "wrong carried"),
        (r"dL/dw = -2(1.5 - 1.1) \cdot 2 = -1.6", "right right"),
        (r"dL/dw = -2(1.5 - 1.2) \cdot 2 = -1.2", "wrong carried"),
        (r"dL/dw = 2(1.5 - 1.1) \cdot 2 = 1.6", "wrong carried"),
        (r"w_{new} = 0.5 - 0.1 \cdot (-1.6) = 0.66", "right right"),
        (r"w_{new} = 0.5 - 0.1 \cdot 1.6 = 0.34", "wrong carried"),
        (r"b_{new} = 0.1 - 0.1 \cdot 0.8 = 0.02", "wrong carried"),
    ],
)
def test_a_decimal_that_the_page_gives_stands_for_itself(claim: str, verdicts: str) -> None:
    report = grade(f"{LINE}\n\n$${claim}$$\n")
    found = [entry.verdict for entry in report.entries if entry.kind == "claim"]
    assert found == verdicts.split()


def test_a_rounded_decimal_stands_for_what_it_was() -> None:
    page = "p = w x\nw = 0.731\nx = 0.42\nL = p^2\ndL/dw = 2 * 0.31 * 0.42 = 0.26\n"
    assert [entry.verdict for entry in grade(page).entries][-2:] == ["right", "right"]


@pytest.mark.parametrize(
    ("claim", "verdict", "said"),
    [
        (r"\frac{\partial L}{\partial p_i} = -\frac{y_i}{p_i}", "right", ""),
        (r"\frac{\partial L}{\partial p_2} = -\frac{y_2}{p_2}", "right", ""),
        (r"\frac{\partial L}{\partial p_2} = -\frac{y_1}{p_2}", "wrong", ""),
        (r"\frac{\partial p_i}{\partial z_i} = p_i (1 - p_i)", "right", ""),
        (r"\frac{\partial p_i}{\partial z_i} = p_i (1 + p_i)", "wrong", ""),
        (r"\frac{\partial p_1}{\partial z_2} = -p_1 p_2", "right", ""),
        (r"\frac{\partial p_i}{\partial z_j} = -p_i p_j", "right", r"where $i \ne j$"),
        (r"\frac{\partial p_i}{\partial z_j} = p_i p_j", "wrong", ""),
        (r"\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)", "right", ""),
        (r"\frac{\partial p_i}{\partial z_j} = p_j (\delta_{ij} + p_i)", "wrong", ""),
        (r"\frac{\partial p_i}{\partial z_j} = p_i z_k - p_j", "unread", "$i$, $j$, $k$"),
        (r"\frac{\partial L}{\partial z_i} = p_i \sum_{k=1}^{3} y_k - y_i", "right", ""),
        (r"\frac{\partial L}{\partial z_i} = p_i - y_i", "right", "where $y_1 + y_2 + y_3 = 1$"),
        (r"\frac{\partial L}{\partial z_3} = p_3 - y_3", "right", "where $y_1 + y_2 + y_3 = 1$"),
        (r"\frac{\partial L}{\partial z_i} = y_i - p_i", "wrong", ""),
        (r"\frac{\partial L}{\partial z_2} = p_2 - y_1", "wrong", ""),
    ],
)
def test_an_index_stands_for_each_of_its_numbers(claim: str, verdict: str, said: str) -> None:
    entry = grade(f"{SOFTMAX}\n\n$${claim}$$\n").entries[-1]
    assert entry.verdict == verdict
    assert said in entry.reason
    assert bool(entry.at) == (verdict == "wrong" and "_i" in claim)


def test_an_index_without_numbers_is_part_of_a_name() -> None:
    report = grade("p_i = w x_i, dp_i/dw = x_i, dp_i/dx_i = w, dp_i/dw = w")
    assert [e.verdict for e in report.entries if e.kind == "claim"] == ["right", "right", "wrong"]


LOGISTIC = r"""
$p = \sigma(z)$, $z = w x + b$, $L = -(y \ln p + (1-y) \ln(1-p))$ with $w=0.5, x=2, b=0.1, y=1$.

"""


@pytest.mark.parametrize(
    ("claim", "verdict", "said"),
    [
        (r"L = -\ln p", "right", "where $y = 1$"),
        (r"\frac{\partial L}{\partial p} = -\frac1p", "right", "where $y = 1$"),
        (r"\frac{\partial L}{\partial p} = -\frac{1}{1 - p}", "wrong", ""),
        (r"\frac{\partial L}{\partial z} = p - y", "right", ""),
        (r"\frac{\partial L}{\partial w} = p - y", "wrong", ""),
    ],
)
def test_what_is_right_for_the_pages_target_is_right(claim: str, verdict: str, said: str) -> None:
    entry = grade(f"{LOGISTIC}$${claim}$$\n").entries[-1]
    assert (entry.verdict, entry.reason) == (verdict, said)


def test_numbers_of_weights_do_not_excuse_a_lost_factor() -> None:
    report = grade("p = v h, h = w x, v = 1, w = 1, x = 1, dp/dw = x, dp/dw = v x")
    assert [e.verdict for e in report.entries if e.kind == "claim"] == ["wrong", "right"]


def test_a_delta_at_the_end_of_a_chain_is_a_name() -> None:
    claims = r"$$\frac{dL}{dz} = p - y = \delta$$ $$dL/dw = \delta x$$ $$dL/db = \delta x$$"
    entries = grade(LOGISTIC + claims).entries
    assert [e.verdict for e in entries if e.kind == "claim"] == ["right", "right", "right", "wrong"]
    assert entries[-1].answer == r"\delta"


def test_a_plus_above_a_parameter_means_the_new_one() -> None:
    page = r"$L = (y - w x)^2$, $\eta = 0.1$, $w = 0.5$, $x = 2$, $y = 1.5$" + "\n\n"
    claims = r"$$w^{+} = w - \eta \frac{dL}{dw} = 0.7$$ $$w^{+} = w + \eta \frac{dL}{dw}$$"
    found = [entry.verdict for entry in grade(page + claims).entries if entry.kind == "claim"]
    assert found == ["right", "right", "wrong"]


def test_indices_in_pairs_and_deltas_of_a_family() -> None:
    page = SOFTMAX + r" $z_j = \sum_{m=1}^{2} w_{jm} x_m$" + "\n\n"
    claims = [
        (r"\frac{\partial L}{\partial z_j} = p_j - y_j = \delta_j", ["right", "right"]),
        (r"\frac{\partial L}{\partial w_{jm}} = \delta_j x_m", ["right"]),
        (r"\frac{\partial L}{\partial w_{21}} = \delta_2 x_1", ["right"]),
        (r"\frac{\partial L}{\partial w_{21}} = \delta_1 x_2", ["wrong"]),
        (r"\frac{\partial p_i}{\partial z_1} = p_i(\delta_{i1} - p_1)", ["right"]),
        (r"\frac{\partial p_i}{\partial z_2} = p_i(\delta_{i1} - p_2)", ["wrong"]),
        (r"\frac{\partial L}{\partial w_{jm}} = \delta_m x_j", ["wrong"]),
    ]
    report = grade(page + "\n".join(f"$${claim}$$" for claim, _ in claims))
    found = [entry.verdict for entry in report.entries if entry.kind == "claim"]
    assert found == [verdict for _, verdicts in claims for verdict in verdicts]


def test_no_sign_of_a_page_acts_on_a_terminal() -> None:
    acting = "\x1b[2K\x07\x7f\x9b31m\u202e"
    text = f"$p = w x$\n\n$dp/dw = w{acting}$\n\nword{acting}s $p {acting}= w$\n\n$\\a{acting}$\n"
    told = str(grade(text))
    assert [sign for sign in told if not sign.isprintable() and sign != "\n"] == []
    assert "␛[2K" in told


def test_a_number_is_not_explained_by_one_that_is_as_small():
    report = grade("E = k T\nk = 1.38e-23\nT = 300\nE = 0\n")
    assert [entry.line for entry in report.wrong] == [4]
    assert not report.wrong[0].slip


def test_a_list_of_numbers_is_a_value():
    (first, *_) = grade("p = [0.7, 0.2, 0.1]\nL = -log(p_1)\n").entries
    assert (first.kind, first.verdict, str(first.reason)) == ("value", "", "")
