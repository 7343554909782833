"""notation/labels.py and signs.py: one symbol in its spellings; every sign stands once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import TABLE
from autograd.notation import spelling_of
from autograd.notation.labels import Labels, Spelling, new_spellings_at, spellings_of
from autograd.notation.signs import (
    ACCENTS,
    GREEK,
    LETTERS,
    OTHER_NAMES,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    names_of,
)

SCRIPTS = ("", "1", "11", "ij", "new", "i1", "t+1", "(1)", r"\eta", r"\eta i")


@given(
    st.sampled_from(["W", "y", r"\eta", r"\hat{y}", r"\mathbf{x}", "loss", r"\Delta w"]),
    st.sampled_from(SCRIPTS),
    st.sampled_from(SCRIPTS),
)
def test_a_spelling_written_out_is_read_as_itself(base: str, sub: str, sup: str) -> None:
    spelling = Spelling(base, sub, sup)
    assert spelling_of(spelling.label) == spelling


@pytest.mark.parametrize("letter", sorted({*GREEK.values(), "ℓ", "ℏ"}))
def test_letters_and_their_commands_are_one(letter: str) -> None:
    command = next(rf"\{name}" for name, shown in LETTERS.items() if shown == letter)
    assert spelling_of(letter) == spelling_of(command)
    assert spelling_of(f"{letter}₁") == spelling_of(f"{command}_1")


@pytest.mark.parametrize("accent", ACCENTS)
def test_accents_over_a_letter_and_their_commands_are_one(accent: str) -> None:
    assert spelling_of(f"y{ACCENTS[accent].combining}_1") == spelling_of(rf"\{accent}{{y}}_1")


def test_raised_and_lowered_characters_are_scripts() -> None:
    for char, lowered in SUBSCRIPTS.items():
        if char.isascii() and char.isalnum():
            assert spelling_of(f"W{lowered}") == Spelling("W", char)
    for char, raised in SUPERSCRIPTS.items():
        if char.isascii() and char.isalnum():
            assert spelling_of(f"W{raised}") == Spelling("W", "", char)


def test_a_change_is_one_symbol_unless_delta_is_known() -> None:
    assert spelling_of("Δw₅") == spelling_of(r"\Delta w_5") == Spelling(r"\Delta w", "5")
    assert Labels([r"\Delta w_5"]).find("Δw_5") == r"\Delta w_5"
    assert Labels([r"\Delta", "w_5"]).match(r"\Delta w_5", 0) == (r"\Delta", 6)


@pytest.mark.parametrize(
    ("label", "is_name"),
    [("x", True), ("x^2", False), ("x^n", False), ("w'", True), ("w^{new}", True), ("w^{+}", True),
     ("x^{(1)}_2", True), ("w^*", True), ("e^{-2}", False), ("0_{11}", False), ("w_{t+1}", True)],
)  # fmt: skip
def test_names_are_told_from_powers(label: str, is_name: bool) -> None:
    assert spelling_of(label).is_name == is_name


def test_new_symbols_take_a_token_in_tex_and_a_word_in_plain_text() -> None:
    def longest(text: str, *, tex: bool) -> str:
        return new_spellings_at(text, 0, tex=tex)[0][0].label

    assert longest("w_new", tex=True) == "w_n"
    assert longest("w_new", tex=False) == "w_{new}"
    assert longest("x_12y", tex=True) == longest("x_12y", tex=False) == "x_{12}"
    assert longest("y_klog(p)", tex=False) == "y_k"
    assert longest("y_hat", tex=False) == r"\hat{y}"


def test_labels_with_an_index_stand_for_those_with_its_numbers() -> None:
    labels = Labels(["W_{12}^2", "x_{i1}", "h_{10}"])
    assert labels.is_indexed(Spelling("W", "jk", "2"), {"j", "k"})
    assert labels.is_indexed(Spelling("h", "t"), {"t"})
    assert not labels.is_indexed(Spelling("W", "jk", "1"), {"j", "k"})
    assert not labels.is_indexed(Spelling("x", "i1"), {"j"})
    assert labels.index_numbers() == [0, 1, 2, 10, 12]


def test_what_is_no_symbol_is_found_as_it_is_written() -> None:
    labels = Labels(["f(x)", "f"])
    assert labels.match("f(x)+1", 0) == ("f(x)", 4)
    assert labels.find("f( x )") == "f(x)"
    assert spellings_of("f(x)") == []
    assert Labels(["O_{11}", "x"]).nearest("O_{12}") == ("O_{11}",)


def test_other_names_are_names_of_operations_and_no_name_has_two() -> None:
    assert set(OTHER_NAMES.values()) <= TABLE.keys()
    named: dict[str, str] = {}
    for operation in TABLE.values():
        for name in names_of(operation):
            if name.lstrip("\\") not in ("max", "min"):  # at_least is written as a maximum
                assert named.setdefault(name, operation.name) == operation.name
