r"""Typeset mathematics: boxes, made from LaTeX or by the layout, set as LaTeX, text or MathML.

Of LaTeX only the mathematics that labels and formulas hold is read: letters, numbers, signs, Greek,
`_` and `^`, `\frac`, `\sqrt`, accents such as `\hat`, fonts such as `\text`, names of functions.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.notation.signs import (
    ACCENTS,
    FRACTIONS,
    LETTER_FONTS,
    LETTERS,
    OPERATOR_NAMES,
    OTHER_ACCENTS,
    SIGNS,
    SPACES,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    WORD_FONTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEEPEST: Final = 40  # braces nested deeper than this are no notation
_LONGEST: Final = 100_000  # characters; what is longer is no formula
_PAIRS: Final = {"(": ")", "[": "]", "⌊": "⌋⌉", "⌈": "⌉", "⟨": "⟩"}
_CLOSING: Final = ")]⌋⌉⟩"
_DELIMITERS: Final = ("{", "}", "lfloor", "rfloor", "lceil", "rceil", "langle", "rangle")


class Box(NamedTuple):
    """A piece of mathematics.

    `kind` is, with `text` and the `latex` it was or is to be written as: letter, number, sign,
    fence (a bracket as tall as what it encloses), word (upright: a function's name or text), space,
    or hole (`#1`, for an input of an operation). With `parts`: row; group (opening, inside,
    closing); unit (a symbol or a call, which needs no brackets anywhere; `latex` may say how it is
    written); fraction (numerator, denominator) and derivative, the same of ∂s; root; accent (named
    by `text`); scripts (base, below, above: NOTHING where there is none); at (what, where); cases
    (value, condition, value, condition, ...).
    """

    kind: str
    text: str = ""
    parts: tuple[Box, ...] = ()
    latex: str = ""


NOTHING: Final = Box("row")


class MalformedError(ValueError):
    """The text is not the LaTeX of a formula."""


# From LaTeX.

# The space after \partial belongs to it: \partial L is one symbol's change.
_TOKEN: Final = re.compile(
    r"\\partial(?![A-Za-z])\s*|\\[A-Za-z]+|\\.|#[12]|\d+(?:\.\d+)?|\s+|.", re.DOTALL
)


@lru_cache(maxsize=4096)
def parsed(latex: str) -> Box:
    """LaTeX as boxes; raises MalformedError."""
    if len(latex) > _LONGEST:
        raise MalformedError("it is too long")
    reader = _Reader(_TOKEN.findall(latex))
    box = reader.row("")
    if not reader.at_end:
        raise MalformedError("} without {")
    return box


class _Reader:
    """Reads tokens into boxes; raises MalformedError for what is not the LaTeX of a formula."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._next == len(self._tokens)

    def row(self, closing: str) -> Box:
        """Pieces up to the token `closing` (which is taken), or to the end where it is empty."""
        self._descend()
        parts: list[Box] = []
        opened: list[int] = []  # where in `parts` brackets are open
        while not self.at_end and self._tokens[self._next] not in ("}", r"\right"):
            mark = self._take()
            if mark in "_^'":
                base = parts.pop() if parts and parts[-1].kind != "space" else NOTHING
                if opened and opened[-1] == len(parts):
                    opened.pop()
                parts.append(self._scripts(base, mark))
                continue
            parts.append(self._piece(mark))
            if parts[-1].kind == "sign" and parts[-1].text in _PAIRS:
                opened.append(len(parts) - 1)
            elif opened and parts[-1].text in _PAIRS[parts[opened[-1]].text]:
                _close(parts, opened.pop())
        if closing and self._take() != closing:
            raise MalformedError(f"no {closing}")
        self._depth -= 1
        return row(parts)

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise MalformedError("nested too deeply")

    def _take(self) -> str:
        if self.at_end:
            raise MalformedError("it ends too early")
        self._next += 1
        return self._tokens[self._next - 1]

    def _piece(self, mark: str) -> Box:
        if mark == "{":
            inner = self.row("}")  # a second script may follow the braces, so they stay
            if inner.kind == "sign":  # in braces it is no operator: 1.2{\cdot}10^3 is one number
                return Box("number", inner.text, latex=f"{{{inner.latex}}}")
            return Box("row", parts=(inner,)) if inner.kind == "scripts" else inner
        if mark.startswith("\\"):
            return self._command(mark[1:].rstrip(), mark)
        if mark.startswith("#") and len(mark) == 2:
            return Box("hole", mark[1])
        if mark == "~" or not mark.strip(" "):
            return Box("space", " ", latex=mark)
        if mark[0].isdigit():
            return Box("number", mark, latex=mark)
        if mark in "%#&$" or not mark.isprintable():
            raise MalformedError(f"bare {mark!r}")
        if mark.isalpha():
            return Box("letter", mark, latex=mark)
        return Box("sign", "−" if mark == "-" else mark, latex=mark)

    def _command(self, name: str, mark: str) -> Box:
        if name in LETTERS:
            return Box("letter", LETTERS[name], latex=mark)
        if name in SIGNS:
            return Box("sign", SIGNS[name], latex=mark)
        if name in OPERATOR_NAMES:
            return Box("word", name, latex=mark)
        if name in SPACES:
            width = SPACES[name]
            return Box("space", " " * max(1, round(2 * width)) if width > 0 else "", latex=mark)
        if name in FRACTIONS:
            return fraction(self._argument(), self._argument())
        if name == "sqrt":
            return Box("root", parts=(self._argument(),))
        if name in ACCENTS or name in OTHER_ACCENTS:
            return Box("accent", OTHER_ACCENTS.get(name, name), (self._argument(),))
        if name in ("mathbb", "mathcal", "mathscr"):
            return self._argument()
        if name in WORD_FONTS or name in LETTER_FONTS:
            return self._word(mark)
        if name == "left":
            return Box("group", parts=(self._fence(), self.row(r"\right"), self._fence()))
        if not name.isalpha():
            raise MalformedError(f"\\{name}")
        return Box("word", f"\\{name}", latex=mark)

    def _fence(self) -> Box:
        mark = self._take()
        if mark == ".":
            return Box("fence", latex=".")
        if mark not in ("(", ")", "[", "]", "|", "/") and mark[1:] not in _DELIMITERS:
            raise MalformedError(f"{mark} is no bracket")
        return Box("fence", self._piece(mark).text, latex=mark)

    def _argument(self) -> Box:
        mark = self._take()
        while mark.isspace():
            mark = self._take()
        if mark in "}_^":
            raise MalformedError(f"{mark} where something is expected")
        if mark[0].isdigit() and len(mark) > 1:  # \frac12 takes one digit at a time
            self._next -= 1
            self._tokens[self._next] = mark[1:]
            mark = mark[0]
        self._descend()
        piece = self._piece(mark)
        self._depth -= 1
        return piece

    def _word(self, font: str) -> Box:
        if self._take() != "{":
            raise MalformedError("a font without braces")
        marks: list[str] = []
        while (mark := self._take()) != "}":
            if mark == "{":
                raise MalformedError("braces within text")
            marks.append(mark)
        letters = (m[1:] if m.startswith("\\") and len(m) == 2 else m for m in marks)
        return Box("word", "".join(letters), latex=f"{font}{{{''.join(marks)}}}")

    def _scripts(self, base: Box, mark: str) -> Box:
        below, above = NOTHING, NOTHING
        if base.kind == "scripts":
            base, below, above = base.parts
        primed = above.kind == "sign" and not above.text.strip("′")
        if mark == "'" and (above == NOTHING or primed) and len(above.text) < _DEEPEST:
            above = Box("sign", f"{above.text}′", latex=f"{above.latex}'")
        elif mark == "_" and below == NOTHING:
            below = self._argument()
        elif mark == "^" and above == NOTHING:
            above = self._argument()
        elif mark == "^" and primed:  # as TeX has it: a prime may stand before, not behind
            above = Box("row", parts=(above, self._argument()))
        else:
            raise MalformedError(f"two scripts {mark}")
        return Box("scripts", parts=(base, below, above))


def row(parts: Iterable[Box]) -> Box:
    """Boxes side by side."""
    parts = tuple(parts)
    return parts[0] if len(parts) == 1 else Box("row", parts=parts)


def fraction(above: Box, below: Box) -> Box:
    r"""A fraction; \partial above and below make a derivative, which is one symbol."""
    ends = [(part.parts or (part,))[0] for part in (above, below)]
    changes = all((end.parts or (end,))[0].text in ("∂", "d") for end in ends)
    return Box("derivative" if changes else "fraction", parts=(above, below))


def _close(parts: list[Box], at: int) -> None:
    """Makes one group of the boxes from an opening bracket on, the last closing it."""
    parts[at:] = [Box("group", parts=(parts[at], row(parts[at + 1 : -1]), parts[-1]))]


# As LaTeX.


def latex_of(box: Box) -> str:
    """The box as LaTeX."""
    match box.kind:
        case "row":
            return _side_by_side(latex_of(part) for part in box.parts)
        case "group":
            opening, inner, closing = box.parts
            left, right = (r"\left", r"\right") if opening.kind == "fence" else ("", "")
            middle = latex_of(inner)
            return _side_by_side((f"{left}{opening.latex}", middle, f"{right}{closing.latex}"))
        case "fraction" | "derivative":
            return rf"\frac{{{latex_of(box.parts[0])}}}{{{latex_of(box.parts[1])}}}"
        case "root":
            return rf"\sqrt{{{latex_of(box.parts[0])}}}"
        case "accent":
            return rf"\{box.text}{{{latex_of(box.parts[0])}}}"
        case "scripts":
            return _latex_scripts(*box.parts)
        case "unit":
            return box.latex or latex_of(box.parts[0])
        case "at":
            return rf"\left.{latex_of(box.parts[0])}\right|_{{{latex_of(box.parts[1])}}}"
        case "cases":
            rows = _rows([latex_of(part) for part in box.parts], r"\text{otherwise}")
            table = r" \\ ".join(f"{value} & {condition}" for value, condition in rows)
            return rf"\begin{{cases}} {table} \end{{cases}}"
    return box.latex


def _rows(cells: list[str], otherwise: str) -> Iterable[tuple[str, str]]:
    """The values of cases, each with its condition; the last may be for all other cases."""
    return zip_longest(cells[::2], cells[1::2], fillvalue=otherwise)


def _side_by_side(pieces: Iterable[str]) -> str:
    latex = ""
    for piece in pieces:
        swallowed = piece[:1].isalpha() and re.search(r"\\[A-Za-z]+$", latex)  # no \sigmax
        latex += f" {piece}" if swallowed else piece
    return latex


def _latex_scripts(base: Box, below: Box, above: Box) -> str:
    body = latex_of(base)
    latex = f"{{{body}}}" if base.kind == "scripts" else body
    for mark, script in (("_", below), ("^", above)):
        if script != NOTHING:
            held = latex_of(script)
            bare = len(held) == 1 and script.kind == "number"
            latex += f"{mark}{held}" if bare else f"{mark}{{{held}}}"
    return latex


# As text for a terminal.


def text_of(box: Box) -> str:
    """The box as one line of text, fractions with a stroke, brackets where that needs them."""
    match box.kind:
        case "row":
            return "".join(
                f"({text_of(part)})" if _needs_brackets(box.parts, i) else text_of(part)
                for i, part in enumerate(box.parts)
            )
        case "group" | "unit":
            return "".join(text_of(part) for part in box.parts)
        case "fraction" | "derivative":
            over, under = box.parts
            top = _bracketed(over, box.kind == "fraction" and _is_long(over))
            return f"{top}/{_bracketed(under, box.kind == 'fraction' and not _is_unit(under))}"
        case "root":
            inner = box.parts[0]
            return f"√{_bracketed(inner, not _is_unit(inner) or _is_raised(inner))}"
        case "accent":
            return _accented(box.text, box.parts[0])
        case "at":
            of, place = box.parts
            single = _is_unit(of) and not _is_raised(of)
            subject = _bracketed(of, not (single or of.kind == "derivative"))
            return f"{subject}|_{{{text_of(place)}}}"
        case "cases":
            words = (" if ", " else ") * len(box.parts)
            pieces = [text_of(part) for part in box.parts]
            joined = zip(pieces[1:], words, strict=False)
            return pieces[0] + "".join(word + piece for piece, word in joined)
        case "scripts":
            base, below, above = box.parts
            scripts = _script(below, "_", SUBSCRIPTS) + _script(above, "^", SUPERSCRIPTS)
            return _bracketed(base, base.kind in ("fraction", "root")) + scripts
    return box.text


def _bracketed(box: Box, needed: bool) -> str:
    return f"({text_of(box)})" if needed else text_of(box)


_APART: Final = frozenset("+−±=≈<>≤≥≠,;:→←∈|")  # next to these a fraction needs no brackets


def _needs_brackets(parts: tuple[Box, ...], at: int) -> bool:
    """Whether a stroke would take in more than its fraction: `(1/2) x` is no `1/2 x`."""
    if parts[at].kind != "fraction":
        return False
    return not all(
        (part.kind == "sign" and part.text in _APART) or (part.kind == "word" and " " in part.text)
        for part in neighbours(parts, at)
    )


def neighbours(parts: tuple[Box, ...], at: int) -> list[Box]:
    """What stands before and after a box, but for space."""
    sides = (reversed(parts[:at]), parts[at + 1 :])
    near = (next((part for part in side if part.kind != "space"), None) for side in sides)
    return [part for part in near if part is not None]


def _items(box: Box) -> list[Box]:
    """The pieces of a row, and of the rows in it."""
    return [item for part in box.parts for item in _items(part)] if box.kind == "row" else [box]


def is_sum(box: Box) -> bool:
    """Whether a sign + or - stands in it outside of brackets."""
    return any(item.kind == "sign" and item.text in "+−±" for item in _items(box))


def _is_long(box: Box) -> bool:
    """Whether it needs brackets before a stroke: a sum, a fraction, a sum over an index."""
    bases = (item.parts[0] if item.kind == "scripts" else item for item in _items(box))
    series = any(base.kind == "sign" and base.text in "∑∏" for base in bases)
    return series or is_sum(box) or box.kind in ("fraction", "derivative", "at", "cases")


_LETTERS: Final = ("letter", "scripts", "accent")


def _is_unit(box: Box) -> bool:
    """Whether it can follow a stroke without brackets: one number, one symbol, one call."""
    items = _items(box)
    if len(items) == 2:  # tanh(x), log₂(x)²
        name, inputs = (item.parts[0] if item.kind == "scripts" else item for item in items)
        if name.kind == "word" and inputs.kind == "group":
            return True
    if not items:
        return False
    if len(items) == 1:
        return items[0].kind not in ("space", "sign", "fraction", "derivative")
    return all(item.kind == "letter" for item in items[:-1]) and items[-1].kind in _LETTERS


def _is_raised(box: Box) -> bool:
    return box.kind == "scripts" and box.parts[2] != NOTHING


def _accented(name: str, box: Box) -> str:
    body = text_of(box)
    if len(body) == 1 or (box.kind == "scripts" and box.parts[0].kind == "letter"):
        return unicodedata.normalize("NFC", body[0] + ACCENTS[name].combining + body[1:])
    return f"{name}({body})"


def _script(box: Box, mark: str, table: dict[str, str]) -> str:
    if box == NOTHING:
        return ""
    body = text_of(box)
    # In an exponent the space of a product tells x y from xy.
    squeezed = re.sub(r" ([+−]) " if mark == "^" else r" ()", r"\1", body)
    is_formula = _holds_word(box) or "′" in body.lstrip("′")
    if not is_formula and all(c in table for c in squeezed):
        return "".join(table[c] for c in squeezed)
    if box.kind == "word" or len(body) == 1:
        return mark + body
    return f"{mark}({body})" if mark == "^" else f"{mark}{{{body}}}"


def _holds_word(box: Box) -> bool:
    return box.kind == "word" or any(map(_holds_word, box.parts))


# As MathML.


def escaped(text: str) -> str:
    """Text as XML has it, on one line."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mathml_of(box: Box) -> str:
    """The box as the inside of a `<math>` element."""
    match box.kind:
        case "row" | "group":
            return _mathml_row(box.parts)
        case "unit":
            return mathml_of(box.parts[0])
        case "fraction" | "derivative":
            return f"<mfrac>{mathml_of(box.parts[0])}{mathml_of(box.parts[1])}</mfrac>"
        case "root":
            return f"<msqrt>{mathml_of(box.parts[0])}</msqrt>"
        case "accent":
            mark = f'<mo stretchy="false">{ACCENTS[box.text].over}</mo>'
            return f'<mover accent="true">{mathml_of(box.parts[0])}{mark}</mover>'
        case "scripts":
            return _mathml_scripts(*box.parts)
        case "at":
            inner, below = (mathml_of(part) for part in box.parts)
            return f"<msub><mrow>{inner}<mo>|</mo></mrow>{below}</msub>"
        case "cases":
            rows = _rows([mathml_of(part) for part in box.parts], "<mtext>otherwise</mtext>")
            table = "".join(f"<mtr><mtd>{a}</mtd><mtd>{b}</mtd></mtr>" for a, b in rows)
            return f"<mrow><mo>{{</mo><mtable>{table}</mtable></mrow>"
        case "space":
            return f'<mspace width="{len(box.text) / 2}em"/>' if len(box.text) > 1 else ""
        case "word" if " " in box.text:
            return f"<mtext>{escaped(box.text).replace(' ', '&#160;')}</mtext>"
        case "sign" if box.text in _PAIRS or box.text in _CLOSING:
            return f'<mo stretchy="false">{box.text}</mo>'
        case "number":
            return f"<mn>{escaped(box.text)}</mn>"
        case "letter" | "word":
            return f"<mi>{escaped(box.text)}</mi>"
    return f"<mo>{escaped(box.text)}</mo>"


def _mathml_row(parts: tuple[Box, ...]) -> str:
    """A row; a plus or minus sign at its beginning or after another sign is a prefix."""
    xml = ""
    before: Box | None = None
    for part in parts:
        is_first = before is None or (before.kind in ("sign", "fence") and part.kind != "fence")
        if part.kind in ("word", "unit") and not is_first and _begins_with_word(part):
            xml += '<mspace width="0.17em"/>'
        if part.kind == "sign" and part.text in "+−" and is_first:
            xml += f'<mo form="prefix">{part.text}</mo>'
        else:
            xml += mathml_of(part)
        before = before if part.kind == "space" else part
    return f"<mrow>{xml}</mrow>"


def _begins_with_word(box: Box) -> bool:
    while box.parts:
        box = box.parts[0]
    return box.kind == "word"


def _mathml_scripts(base: Box, below: Box, above: Box) -> str:
    is_series = base.kind == "sign" and base.text in ("∑", "∏")
    sub, sup = ("under", "over") if is_series else ("sub", "sup")
    scripts = [mathml_of(script) for script in (below, above) if script != NOTHING]
    tag = "m" + (sub if below != NOTHING else "") + (sup if above != NOTHING else "")
    return f"<{tag}>{mathml_of(base)}{''.join(scripts)}</{tag}>"
