"""The page reader: every formula found, with its line, whatever marks it stands between."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.marking.frontmatter import PageError, front_matter, read_settings
from autograd.marking.page import read_page
from autograd.marking.prose import formulas_in_line

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
        "=== Weights ===",
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
    known = {"loss"} & set(line.split())
    assert [line[start:end] for start, end in formulas_in_line(line, known)] == expected


def test_a_plain_formula_may_go_on_in_the_next_line() -> None:
    assert found("L = (y - p)^2\n    + 0.1 w^2\n  = 3") == [
        (1, ["L", "(y - p)^2 + 0.1 w^2"]), (3, ["", "3"])
    ]  # fmt: skip
    assert found("a = b\n- c = d") == [(1, ["a", "b"]), (2, ["c", "d"])]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("aur dy/dx = 2x", ["dy/dx = 2x"]),
        ("isliye dy/dx = 2x hai, toh y = 3", ["dy/dx = 2x", "y = 3"]),
        ("matlab loss = rate * x", ["= rate * x"]),
        ("对x求导得 dy/dx = 2x", ["dy/dx = 2x"]),
        ("значит y = 3 и x = 2", ["y = 3", "x = 2"]),
        ("Q1) y = 3", ["y = 3"]),
        ("1a) y = 3", ["y = 3"]),
        ("(iv) y = 3", ["y = 3"]),
        ("w = 1   x = 2   y = 5", ["w = 1", "x = 2", "y = 5"]),
        ("w = 1\tx = 2", ["w = 1", "x = 2"]),
        ("dL/dw  = 2 (p - y)  = 3", ["dL/dw  = 2 (p - y)  = 3"]),
        ("da/dw = x if z > 0", ["da/dw = x"]),
        ("dy/dx ~ 13", ["dy/dx ~ 13"]),
        ("dL/dw = dL/dz . dz/dw", ["dL/dw = dL/dz . dz/dw"]),
        ("| y | = 3 |", ["= 3"]),
        ("L = |y - p|", ["L = |y - p|"]),
        ("w = 2  # the weight, b = 1", ["w = 2", "b = 1"]),
        ("k = 1, 2, ..., K for all", ["k = 1, 2"]),
        ("y = wx + b", ["y = wx + b"]),
    ],
)
def test_words_of_any_language_are_no_factors(line: str, expected: list[str]) -> None:
    assert [line[start:end] for start, end in formulas_in_line(line, set("wxyb"))] == expected


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("| $f = x$ | $f = 2$ |\n| $y = 3$ | $y = 4$ |", ["x", "3", "2", "4"]),
        ("| $f = x$ | $y = 2$ |\n| $f = 3$ | $y = 4$ |", ["x", "2", "3", "4"]),
    ],
)
def test_things_side_by_side_in_a_table_are_read_by_columns(text: str, order: list[str]) -> None:
    assert [sides[-1] for _, sides in found(text)] == order


# What the page says around a formula.


def settings(text: str) -> list[str]:
    return [statement.setting for statement in read_page(text).statements]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$a = b$$", "display"),
        ("Hence\n\\[a = b\\]\nholds.", "display"),
        ("```math\na = b\n```", "display"),
        ("a = b", "display"),
        ("- $a = b$.", "display"),
        ("$a = b$ is the error.", "line"),
        ("3. a = b by the rule.", "line"),
        ("Step 3: a = b", "line"),
        ("Here $a = b$ holds.", "inline"),
        ("so a = b", "inline"),
    ],
)
def test_a_formula_knows_its_setting(text: str, expected: str) -> None:
    assert settings(text) == [expected]


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("If $a = b$, stop.", "if"),
        ("It holds when $a = 1$ and $a = b$.", "when"),
        ("Let $x = 1$ and $a = b$.", "let"),
        ("with $x$ the input and $a = b$.", "with"),
        ("Suppose that\n\n$$a = b$$\n", "suppose"),
        ("as $a \\to 0$", "as"),
        ("It can be written as $a = b$.", ""),
        ("If $x = 1$ then $a = b$.", ""),
        ("If $x = 1$, $a = b$.", ""),
        ("Let us see. Now $a = b$.", ""),
        ("For the second layer, $a = b$.", ""),
        ("So $a = b$.", ""),
        ("A page with an end.\n\n$$a = b$$", ""),
    ],
)
def test_a_condition_or_a_choice_is_no_fact(text: str, cue: str) -> None:
    assert read_page(text).statements[-1].cue == cue


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("$a = x$ if $z > 0$, and so on", "z > 0"),
        ("da/dw = x if z > 0", "z > 0"),
        ("da/dw = x when z > 0. Then", "z > 0"),
        ("$$a = x, \\quad z > 0$$", "z > 0"),
        ("$a = x$ for $(x, y) > 0$", "(x, y) > 0"),
        ("$a = 0$ otherwise.", "otherwise"),
        ("$a = x$, where $z > 0$", ""),
    ],
)
def test_a_condition_after_a_formula(text: str, condition: str) -> None:
    assert read_page(text).statements[0].condition == condition


def test_words_around_a_formula_are_those_of_its_sentence() -> None:
    page = read_page("It ends. Now the loss\nis $L = 1$ and $b = 2$ here. It begins.")
    assert [(s.before.split(), s.after) for s in page.statements] == [
        (["Now", "the", "loss", "is"], "and $b = 2$ here"),
        (["Now", "the", "loss", "is", "\ufffc", "and"], "here"),
    ]


def test_examples_exercises_and_rules_begin_units() -> None:
    text = "a = 1\n**Example 2.**\nb = 2\n\n3. c = 3\n\n---\nd = 4\n# E\ne = 5\nQ1) f = 6"
    assert [s.unit for s in read_page(text).statements] == [0, 1, 2, 3, 4, 5]


# What stands for something else.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} $\pd{a}{b} = c$",
         [r"\frac{\partial a}{\partial b}", "c"]),
        (r"\def\pd#1#2{#1/#2} $\pd ab = \pd{\pd{c}{d}}{e}$", ["a/b", "c/d/e"]),
        (r"\renewcommand\L{\mathcal{L}} \newcommand{\LL}{\L_2} $\LL = 1$", [r"\mathcal{L}_2", "1"]),
        (r"\DeclareMathOperator{\relu}{ReLU} $a = \relu(z)$", ["a", r"\operatorname{ReLU}(z)"]),
        ("a<sub>1</sub> = <b>b</b>&nbsp;&minus; c<sup>2</sup>", ["a_{1}", "b − c^{2}"]),
        ("> $$\n> a = b\n> + c\n> $$", ["a", "b + c"]),
    ],
)  # fmt: skip
def test_commands_entities_and_tags_are_written_out(text: str, expected: list[str]) -> None:
    ((_, equation),) = found(text)
    assert equation == expected


def test_commands_keep_the_lines() -> None:
    text = "\\newcommand{\\pd}[2]{\\frac{#1}{#2}}\n\n$\\pd{a}{\nb} = c$\n\n$d = 1$"
    assert [line for line, _ in found(text)] == [3, 6]


@pytest.mark.parametrize(
    "text",
    [
        r"\newcommand{\a}{\b\b} \newcommand{\b}{\a\a} $x = \a$",
        "\\newcommand{\\a}[1]{" + "#1" * 900 + "} $" + "\\a{" * 30 + "x" + "}" * 30 + "$",
        r"\newcommand{\a}[1]{#1 \a{ $\a{",
    ],
)
def test_commands_that_never_end_do(text: str) -> None:
    with suppress(PageError):
        read_page(text)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("<pre>\na = b\n</pre>", [(1, 3, "code")]),
        ("\\begin{asy}\na = b;\n\\end{asy}", [(1, 3, "code")]),
        ("\\begin{verbatim}\na = b\n\\end{verbatim}", [(1, 3, "code")]),
        ("    import numpy as np\n    a = b\n", [(1, 2, "code")]),
        ("text\nx = np.dot(a, b)\nmore text", [(2, 2, "code")]),
        ("In [3]:\n", [(1, 1, "code")]),
        (
            "\\documentclass{a}\n\\title{a = b}\n\\begin{document}\n% a = b",
            [(1, 2, "the preamble")],
        ),
    ],
)
def test_code_is_passed_over(text: str, passed: list[tuple[int, int, str]]) -> None:
    page = read_page(text)
    assert [(p.first, p.last, p.what) for p in page.passed] == passed
    assert page.statements == ()


@pytest.mark.parametrize(
    "piece",
    ["$", "$$", "\\[", "\\(", "(", "[", "{", "a = (", "$a$ ", "`", "\\begin{align}", "a ", "= ",
     "_{", "<!--", "```\n", "\n", "a, ", "& ", "\\\\", "\\text{if ", "<pre", "x  = 1 ", "> ", "| ",
     "\\a{"],
)  # fmt: skip
def test_a_page_of_one_piece_again_and_again_is_read_or_refused_in_time(piece: str) -> None:
    begin = time.process_time()
    with suppress(PageError):  # a book is refused, and that at once
        read_page(piece * (60_000 // len(piece)))
    assert time.process_time() - begin < 20, (
        "quadratic ones took minutes; linear ones take one second"
    )


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
