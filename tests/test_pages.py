"""The page reader: every formula found, with its line, whatever marks it stands between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.marking.frontmatter import PageError, front_matter, read_settings
from autograd.marking.page import read_page
from autograd.marking.prose import Vocabulary, formulas_in_line

Found = list[tuple[int, list[str]]]


def found(text: str) -> Found:
    """The line of each statement, and its sides."""
    return [
        (statement.line, [side.text for side in statement.sides])
        for statement in read_page(text).statements
    ]


# Marks.


@pytest.mark.parametrize(
    "text",
    [
        "$a = b$",
        "$$a = b$$",
        "$$\na = b\n$$",
        r"\(a = b\)",
        r"\[a = b\]",
        r"\\(a = b\\)",
        "\\begin{align}\na &= b\n\\end{align}",
        "\\begin{equation*}\n  a = b \\label{eq:one}\n\\end{equation*}",
        "$$\\begin{aligned} a &= b \\end{aligned}$$",
        "\\begin{eqnarray} a & = & b \\nonumber \\end{eqnarray}",
        "```math\na = b\n```",
        "`a = b`",
        "a = b",
        "    a = b",
        "- a = b.",
        "3. a = b",
        "> a = b;",
        "**a = b**",
        "Hence a = b, of course.",
        "Hence $a$ = $b$.",
        "Hence $a$ = b.",
        "| one | a = b |",
        r"$\boxed{a = b}$",
        r"$\color{red} a = \textcolor{blue}{b} \tag{3}$",
        r"$a \stackrel{(1)}{=} \underbrace{b}_{\text{the bias}}$",
        "a = b   (3)",
        "\ufeffa = b\r\n",
        "# Heading with a = b",
        r"\item a = b",
    ],
)
def test_a_formula_is_found_between_any_marks(text: str) -> None:
    ((_, equation),) = found(text)
    assert equation == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "No formula at all, not even 5 of them.",
        "It costs $5, or $6 with tax.",
        "```python\na = b\n```",
        "~~~\na = b\n~~~",
        "<!-- a = b\n c = d -->",
        '<img src="a.png" width=3>',
        "[link](page?a=b) and https://example.org/?a=b",
        "Title\n=====\n\n-----",
        "`code` without an equation",
        "I think, therefore I am; so it is.",
        r"\usepackage[a=b]{package}",
    ],
)
def test_what_is_no_formula_is_passed_over(text: str) -> None:
    assert found(text) == []


def test_code_and_comments_are_said_to_be_passed_over() -> None:
    page = read_page("a = b\n```\nc = d\n```\n<!-- e\n= f -->\n")
    assert [(p.first, p.last, p.what) for p in page.passed] == [
        (2, 4, "code"), (5, 6, "a comment")
    ]  # fmt: skip


def test_lines_are_those_of_the_page() -> None:
    text = "---\ntitle: x\n---\n\nText with $a = 1$\nand $b\n= 2$.\n\n$$\nc = 3\n= 4\n$$\nd = 5\n"
    assert [w.line for w in read_page(text).statements] == [5, 6, 10, 13]
    lines = [[side.line for side in w.sides] for w in read_page(text).statements]
    assert lines == [[5, 5], [6, 7], [10, 10, 11], [13, 13]]


def test_headings_begin_sections() -> None:
    text = "a = 1\n# One\nb = 2\nTwo\n===\nc = 3\n\\section{Three}\nd = 4"
    assert [written.section for written in read_page(text).statements] == [0, 1, 2, 3]


def test_marks_that_are_never_closed_hide_nothing() -> None:
    assert found("$$ a = b") == [(1, ["a", "b"])]
    assert found("\\begin{align}\na &= b") == [(2, ["a", "b"])]
    assert found("so $a = b\n\nc = d") == [(1, ["a", "b"]), (3, ["c", "d"])]


@given(st.lists(st.sampled_from(["x_{1} = 2", "text and words", "$y = 3$", "", "- z = 4"])))
def test_every_equation_is_found_on_its_line(lines: list[str]) -> None:
    expected = [number for number, line in enumerate(lines, start=1) if "=" in line]
    assert [line for line, _ in found("\n".join(lines))] == expected


def test_a_page_may_not_be_a_library() -> None:
    with pytest.raises(PageError, match="mark it in parts"):
        read_page("x" * 1_000_001)


# Formulas in lines of text.


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("With w = 0.5 and b = -1 we start.", ["w = 0.5", "b = -1"]),
        ("W = 1, b = 0", ["W = 1", "b = 0"]),
        ("Step 1: W = 1", ["W = 1"]),
        ("so (by the chain rule) dL/dw = x (for all w).", ["dL/dw = x"]),
        ("loss = (target - prediction)**2", ["loss = (target - prediction)**2"]),
        ("the learning rate = 0.1", ["= 0.1"]),
        ("max(0, z) = relu(z)", ["max(0, z) = relu(z)"]),
        ("f(x, y) = x y", ["f(x, y) = x y"]),
        ("we get dL/dw ≈ 3.5. Now b = 2!", ["dL/dw ≈ 3.5", "b = 2"]),
        ("a) first, w = 3", ["w = 3"]),
        ("don't say it's w = 3", ["w = 3"]),
        ("it is w = 3 - the weight", ["w = 3"]),
        ("w -> 1", ["w -> 1"]),
    ],
)
def test_formulas_in_text(line: str, expected: list[str]) -> None:
    known = Vocabulary(frozenset({"loss"} & set(line.split())))
    assert [line[start:end] for start, end in formulas_in_line(line, known)] == expected


def test_a_plain_formula_may_go_on_in_the_next_line() -> None:
    assert found("L = (y - p)^2\n    + 0.1 w^2\n  = 3") == [
        (1, ["L", "(y - p)^2 + 0.1 w^2"]), (3, ["", "3"])
    ]  # fmt: skip
    assert found("a = b\n- c = d") == [(1, ["a", "b"]), (2, ["c", "d"])]


# What is said beforehand.


def test_front_matter_is_read_and_other_keys_are_left_alone() -> None:
    text, lines = front_matter("---\ntitle: Notes: part 2\naliases:\n  'a b': c\n---\nx = 1")
    assert lines == 5
    assert dict(read_settings(text).aliases) == {"a b": "c"}


def test_settings_are_merged() -> None:
    one = read_settings("aliases:\n  a: b\ngiven:\n- x = 1\n")
    two = read_settings("# remark\ngiven:\n  - y = 2\naliases:\n  a: c\n")
    both = one.merged(two)
    assert dict(both.aliases) == {"a": "c"}
    assert [said.text for said in both.given] == ["x = 1", "y = 2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aliasses:\n", "did you mean `aliases:`"),
        ("other:\n  - 3", "the keys are"),
        ("given:\n  y = 3\n", "a dash and a definition"),
        ("aliases: a\n", "lines of their own"),
        ("  a: b\n", "begin with"),
    ],
)
def test_bad_settings_are_refused(text: str, message: str) -> None:
    with pytest.raises(PageError, match=message):
        read_settings(text, name="a file")
