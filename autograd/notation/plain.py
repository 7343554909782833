r"""Formula text in one spelling of each sign, so that `W₁₁² · ŷ` is `W_{11}^{2}*\hat{y}`.

What is lowered stands before what is raised. Space is left out unless it parts letters or numbers;
a tab stands for wide space, a line's end for `\\`, and `&` parts columns. `\text{new}` stands for
words in any upright font.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.notation import signs

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_MARKS: Final = 4  # over one letter
_LONGEST: Final = 40  # signs of a script
_MARKS: Final = "".join(signs.MARKS)
_FONTS: Final = rf"\\(?:{'|'.join(signs.WORD_FONTS)})"
_HALF: Final = r"\s*(?:\.|(?:\||\\r?vert)\s*_)"  # after \left and \right
_UNSEEN: Final = (
    r"displaystyle|textstyle|limits|nolimits|middle|mathstrut|[bB]igg?[lrm]?"
    rf"|(?:left|right)(?![A-Za-z])(?!{_HALF})"
)
_COMMANDS: Final = {letter: f"\\{name}" for name, letter in signs.GREEK.items()} | {
    "ℓ": r"\ell", "ℏ": r"\hbar",
}  # fmt: skip
_WORD: Final = r"(?:[A-Za-z][A-Za-z0-9 ]{0,40}|[0-9][0-9 ]{0,8})(?:\\_[A-Za-z0-9]{1,40}){0,3}"
_NO_WORD: Final = rf"(?!(?:{'|'.join(signs.CONDITIONS)})\s+\w)"  # \text{if x > 0}
_LEXEME: Final = re.compile(
    rf"""(?P<word>[A-Za-z]+(?![{_MARKS}])) | (?P<digits>[0-9]+(?!\\,[0-9]{{3}}))
    | (?P<letter>[^\W\d_][{_MARKS}]*) | (?P<thousands>[0-9]{{1,3}}(?:\\,[0-9]{{3}})+(?![0-9]))
    | \\(?P<half>left|right)\s*\. | \\(?P<point>right)(?={_HALF})\s*(?:\||\\r?vert)
    | (?P<space>(?:[\s$~]|(?<![_^])\{{\s*\}}|\\(?:[,;:!>\ ]|(?:{_UNSEEN})(?![A-Za-z])))+)
    | (?P<row>\\\\(?:\s*\[[^\]]{{0,9}}\])?)
    | \\(?P<wide>enspace|enskip|thinspace|quad|qquad)(?![A-Za-z])
    | \\[hm]?(?:space|skip|kern)[\s*{{]*(?P<width>[0-9]*\.?[0-9]+)\s*(?P<unit>[a-z]{{2}})\s*\}}?
    | (?P<primes>\^\s*(?:\{{(?:\s|\\prime|['′’])+\}}|\\prime(?![A-Za-z])|['′’]))
    | {_FONTS}\s*\{{\s*{_NO_WORD}(?P<text>{_WORD})\s*\}}
    | {_FONTS}\s+(?P<upright>[A-Za-z])(?![A-Za-z]) | \{{\s*\\rm\s+(?P<roman>[A-Za-z]+)\s*\}}
    | (?<![A-Za-z}}_^])\{{\s*(?P<named>{"|".join(signs.OPERATOR_NAMES)})\s*\}}
    | (?P<sign>\\(?:[A-Za-z]+|[{{}}|])|\*\*|[<>!=]=|\.\.\.|.)""",
    re.DOTALL | re.VERBOSE,
)


Piece = tuple[str, int, int]  # some signs, and their place


class Plain(NamedTuple):
    """Text, and what it is in plain signs, with the place of each of them in the text."""

    written: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where the signs from `start` to `end` stand in the text."""
        begin = self.starts[start]
        return begin, max(self.ends[start:end], default=begin)


@lru_cache(maxsize=4096)
def plain(written: str) -> Plain:
    r"""Formula text in plain signs.

    >>> plain(r"\dfrac{\partial L}{\partial ŷ} \times x²").text
    '\\frac{∂L}{∂\\hat{y}}*x^{2}'
    """
    pieces = [("", 0, 0)]
    raised, spaced, halves = "", False, 0
    for found in _LEXEME.finditer(written):
        start, end = found.span()
        sign, script = _sign(found)
        if not sign:
            spaced = True
            continue
        if found["half"] == "left":  # \left. dy/dx \right|_{x = 3} is {dy/dx}|_{x = 3}
            halves += 1
        elif found["point"]:
            halves, sign = (halves - 1, "}|") if halves else (0, "|")
        if script and script == raised and not spaced:  # more of what is raised
            before, start, _ = pieces.pop()
            sign = before[:-1] + sign[2:]
        elif _is_parted(pieces, sign, spaced=spaced):
            pieces.append((" ", start, start))
        pieces.append((sign, start, end))
        raised, spaced = script, False
    _put_lowered_first(pieces)
    starts: list[int] = []
    ends: list[int] = []
    for sign, start, end in pieces:
        is_same = len(sign) == end - start
        starts += range(start, end) if is_same else [start] * len(sign)
        ends += range(start + 1, end + 1) if is_same else [end] * len(sign)
    starts.append(len(written))
    return Plain(written, "".join(piece[0] for piece in pieces), starts, ends)


def _put_lowered_first(pieces: list[Piece]) -> None:
    """Puts what is lowered before what is raised: x^2_1 and w'_1 are x_1^2 and w_1'."""
    for at in range(len(pieces) - 2, 1, -1):
        before, sign = pieces[at - 1][0], pieces[at][0]
        is_base = before[-1:].isalnum() and before[-1:] != "e"  # e^z_1 is a power of z_1
        if sign[0] in "^'" and (is_base or before[-1:] == "}"):
            middle = _script_end(pieces, at)
            end = _script_end(pieces, middle) if pieces[middle : middle + 1] else middle
            if middle < end and pieces[middle][0][0] == "_":
                pieces[at:end] = pieces[middle:end] + pieces[at:middle]


def _script_end(pieces: list[Piece], at: int) -> int:
    """Where a script ends that begins at a piece: a group, a letter or a number; else its begin."""
    sign = pieces[at][0]
    if sign[0] == "'" or (sign[0] in "_^" and len(sign) > 1):
        return at + 1
    argument = pieces[at + 1][0] if sign in ("_", "^") and at + 1 < len(pieces) else ""
    if argument == "{":
        depth = 0
        for end in range(at + 1, min(len(pieces), at + _LONGEST)):
            depth += (pieces[end][0] == "{") - (pieces[end][0] == "}")
            if depth == 0:
                return end + 1
    is_single = argument.isdigit() or (argument.isalpha() and len(argument) == 1)
    return at + 2 if is_single else at


def _is_parted(pieces: list[Piece], sign: str, *, spaced: bool) -> bool:
    r"""Whether a space has to part a sign from those before it: x y, 2 3, \eta x, 1e -3."""
    before, after = pieces[-1][0][-1:], sign[0]
    if not (after.isalnum() or after in ".+-") or not before:
        return False
    if before == "\\":
        return True
    if pieces[-1][0][0] == "\\" and before.isalpha():
        return after.isalpha()
    if after in "+-":
        return spaced and before in "eE" and pieces[-2][0][-1:].isdigit()
    return spaced and (before.isalnum() or before == ".")


def _sign(found: re.Match[str]) -> tuple[str, str]:
    """What was found in plain signs, nothing for space; and which script it is, `_` or `^`."""
    kind, written = found.lastgroup, found[0]
    match kind:
        case "word" | "digits":
            return written, ""
        case "letter":
            return _letter(written)
        case "space":
            return "", ""
        case "thousands":
            return written.replace("\\,", ""), ""
        case "half":
            return ("{" if found["half"] == "left" else "\\right."), ""
        case "point":
            return "|", ""
        case "row":
            return "\n", ""
        case "wide":
            return "\t" * (signs.SPACES[found["wide"]] >= signs.WIDE), ""
        case "unit":
            width = float(found["width"]) * signs.UNITS.get(found["unit"], 0.0)
            return "\t" * (width >= signs.WIDE), ""
        case "primes":
            return "'" * len(re.findall(r"\\prime|['′’]", written)), ""
        case "text" | "upright" | "roman" | "named":
            return rf"\text{{{found[kind].replace(' ', '')}}}", ""
    if script := script_of(written):
        return rf"{script[0]}{{{script[1]}}}", script[0]
    return signs.PLAIN.get(written, written), ""


@lru_cache(maxsize=4096)
def _letter(written: str) -> tuple[str, str]:
    r"""A letter with its accents composed or following: `\hat{y}` for ŷ, `\eta` for η; ² too."""
    char, marks = written[0], written[1:]
    if script := script_of(char):
        return rf"{script[0]}{{{script[1]}}}", script[0]
    if not char.isalpha():
        return written, ""
    if unicodedata.decomposition(char).startswith("<") and char not in _COMMANDS:
        char = unicodedata.normalize("NFKC", char)  # the same letter in another print
    composed = unicodedata.normalize("NFD", char)
    if set(composed[1:]) <= set(_MARKS):
        char, marks = composed[0], composed[1:] + marks
    letter = _COMMANDS.get(char, char)
    for mark in marks[:_MOST_MARKS]:
        letter = rf"\{signs.MARKS[mark]}{{{letter}}}"
    return letter, ""


def script_of(char: str) -> tuple[str, str] | None:
    """Which script a raised or lowered character is, and of what: ('^', '2') for ²."""
    kind, _, code = unicodedata.decomposition(char).partition(" ") if len(char) == 1 else ("",) * 3
    if kind not in ("<sub>", "<super>") or " " in code:
        return None
    held = chr(int(code, 16))
    return ("_" if kind == "<sub>" else "^"), signs.PLAIN.get(held, _letter(held)[0])
