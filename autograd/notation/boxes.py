r"""LaTeX read into boxes, and boxes set as a line of text or as MathML.

Of LaTeX only the mathematics that labels and formulas hold is read: letters, numbers, signs, Greek,
`_` and `^`, `\frac`, `\sqrt`, accents such as `\hat`, fonts such as `\text`, names of functions.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import dropwhile
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.notation import signs
from autograd.notation.signs import ACCENTS, SUBSCRIPTS, SUPERSCRIPTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

APPLIED: Final = "\u2061"
"""Unicode's function application: stands unseen between the name of a function and its inputs."""

_DEEPEST: Final = 150  # what is nested deeper is no notation
_LONGEST: Final = 100_000  # characters; what is longer is no formula
_PAIRS: Final = {"(": ")", "[": "]", "⌊": "⌋⌉", "⌈": "⌉", "⟨": "⟩"}
_BRACKETS: Final = frozenset("([⌊⌈⟨)]⌋⌉⟩")
_FENCES: Final = ("(", ")", "[", "]", "|", "/", r"\{", r"\}")


class Box(NamedTuple):
    """A piece of mathematics.

    `kind` is, with `text`: letter, number, sign, fence (a bracket as tall as what it encloses),
    word (upright: a function's name or text), space, or applied. With `parts`: row; group (opening,
    inside, closing); fraction (numerator, denominator) and derivative, the same of ∂s; root; accent
    (named by `text`); scripts (base, below, above: NOTHING where there is none); cases (value,
    condition, value, condition, ...).
    """

    kind: str
    text: str = ""
    parts: tuple[Box, ...] = ()


NOTHING: Final = Box("row")


class MalformedError(ValueError):
    """The text is not the LaTeX of a formula."""


# From LaTeX.

_PLAIN_FONTS: Final = frozenset(("mathbb", "mathcal", "mathscr"))  # letters show without them
_UPRIGHT: Final = "|".join((signs.WORD_FONTS | {*signs.LETTER_FONTS}) - _PLAIN_FONTS)
_TOKEN: Final = re.compile(
    r"\\partial(?![A-Za-z])\s*"  # the space belongs to it: \partial L is one symbol's change
    rf"|\\(?:{_UPRIGHT})\{{(?:[^{{}}\\]|\\.)*\}}"
    r"|\\(?:begin|end)\{cases\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.",
    re.DOTALL,
)
_COMMANDS: Final = {
    **{name: Box("letter", letter) for name, letter in signs.LETTERS.items()},
    **{name: Box("sign", sign) for name, sign in signs.SIGNS.items()},
    **{name: Box("word", name) for name in signs.OPERATOR_NAMES},
    **{
        name: Box("space", " " * max(1, round(2 * width)) if width > 0 else "")
        for name, width in signs.SPACES.items()
    },
}


@lru_cache(maxsize=4096)
def parsed(latex: str) -> Box:
    """LaTeX as boxes; raises MalformedError."""
    if len(latex) > _LONGEST:
        raise MalformedError("it is too long")
    return _Reader(latex).row("")


class _Reader:
    """Reads tokens into boxes; raises MalformedError for what is not the LaTeX of a formula."""

    def __init__(self, latex: str) -> None:
        self._tokens = ["", *reversed(_TOKEN.findall(latex))]  # the next one last
        self._depth = 0

    def row(self, *closing: str) -> Box:
        """Pieces up to one of the tokens `closing`, which stays as `self._closed`."""
        self._descend()
        parts: list[Box] = []
        opened: list[int] = []  # where in `parts` brackets are open
        while (mark := self._tokens.pop()) not in closing:
            if mark and mark in "_^'":
                base = parts.pop() if parts and parts[-1].kind != "space" else NOTHING
                parts.append(self._scripts(base, mark))
                continue
            parts.append(self._piece(mark))
            kind, text, _ = parts[-1]
            if kind == "sign" and text in _PAIRS:
                opened.append(len(parts) - 1)
            elif opened and kind == "sign" and text in _PAIRS.get(parts[opened[-1]].text, ()):
                at = opened.pop()
                parts[at:] = [Box("group", "", (parts[at], row(parts[at + 1 : -1]), parts[-1]))]
        self._depth -= 1
        self._closed = mark
        return row(parts)

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise MalformedError("nested too deeply")

    def _piece(self, mark: str) -> Box:
        if mark == "{":
            inner = self.row("}")  # a second script may follow the braces, so they stay
            if inner.kind == "sign":  # in braces it is no operator: 1.2{\cdot}10^3 is one number
                return Box("number", inner.text)
            return Box("row", "", (inner,)) if inner.kind == "scripts" else inner
        if mark.startswith("\\"):
            return self._command(mark[1:].rstrip())
        if mark == APPLIED:
            return Box("applied")
        if mark and not mark.strip(" ~"):
            return Box("space", " ")
        if mark in "}%#&$" or not mark.isprintable():
            raise MalformedError(f"bare {mark!r}")
        if mark[0].isdigit():
            return Box("number", mark)
        return Box("letter" if mark.isalpha() else "sign", "−" if mark == "-" else mark)

    def _command(self, name: str) -> Box:
        if name in _COMMANDS:
            return _COMMANDS[name]
        if name in signs.FRACTIONS:
            return _fraction(self._argument(), self._argument())
        if name == "sqrt":
            return Box("root", "", (self._argument(),))
        if name in ACCENTS or name in signs.OTHER_ACCENTS:
            return Box("accent", signs.OTHER_ACCENTS.get(name, name), (self._argument(),))
        if name in _PLAIN_FONTS:
            letter = self._argument()
            return Box("letter", "𝟙") if letter.text == "1" else letter
        if name == "left":
            return Box("group", "", (self._fence(), self.row(r"\right"), self._fence()))
        if name == "begin{cases}":
            return self._cases()
        if name.endswith("}"):
            letters = name[name.index("{") + 1 : -1]
            return Box("word", re.sub(r"\\([^A-Za-z])", r"\1", letters))
        if not name.isalpha() or name == "right" or re.fullmatch(_UPRIGHT, name):
            raise MalformedError(f"\\{name}")
        return Box("word", f"\\{name}")

    def _cases(self) -> Box:
        cells = [self.row("&", r"\\", r"\end{cases}")]
        while self._closed != r"\end{cases}":
            cells.append(self.row("&", r"\\", r"\end{cases}"))
        return Box("cases", "", tuple(map(_trimmed, cells)))

    def _fence(self) -> Box:
        mark = self._tokens.pop()
        if mark == ".":
            return Box("fence")
        sign = _COMMANDS.get(mark[1:], NOTHING)
        if mark not in _FENCES and sign.text not in _BRACKETS:
            raise MalformedError(f"{mark} is no bracket")
        return Box("fence", sign.text or mark)

    def _argument(self) -> Box:
        mark = self._tokens.pop()
        while mark.isspace():
            mark = self._tokens.pop()
        if mark in "}_^":
            raise MalformedError(f"{mark} where something is expected")
        if mark.isdigit():  # \frac12 takes one digit at a time
            self._tokens += [mark[1:]] if len(mark) > 1 else []
            mark = mark[0]
        self._descend()
        piece = self._piece(mark)
        self._depth -= 1
        return piece

    def _scripts(self, base: Box, mark: str) -> Box:
        below, above = NOTHING, NOTHING
        if base.kind == "scripts":
            base, below, above = base.parts
        primed = above.kind == "sign" and not above.text.strip("′")
        if mark == "'" and (above == NOTHING or primed) and len(above.text) < _DEEPEST:
            above = Box("sign", f"{above.text}′")
        elif mark == "_" and below == NOTHING:
            below = self._argument()
        elif mark == "^" and above == NOTHING:
            above = self._argument()
        elif mark == "^" and primed:  # as TeX has it: a prime may stand before, not behind
            above = Box("row", "", (above, self._argument()))
        else:
            raise MalformedError(f"two scripts {mark}")
        return Box("scripts", "", (base, below, above))


def row(parts: Iterable[Box]) -> Box:
    """Boxes side by side."""
    parts = tuple(parts)
    return parts[0] if len(parts) == 1 else Box("row", "", parts)


def _fraction(above: Box, below: Box) -> Box:
    r"""A fraction; \partial above and below make a derivative, which is one symbol."""
    ends = [(part.parts or (part,))[0] for part in (above, below)]
    if not all((end.parts or (end,))[0].text in ("∂", "d") for end in ends):
        return Box("fraction", "", (above, below))
    return Box("derivative", "", tuple(row(_without_space(part)) for part in (above, below)))


def _items(box: Box) -> list[Box]:
    """The pieces of a row, and of the rows in it."""
    return [item for part in box.parts for item in _items(part)] if box.kind == "row" else [box]


def _trimmed(box: Box) -> Box:
    items = _items(box)
    while items and items[-1].kind == "space":
        items.pop()
    return row(dropwhile(lambda item: item.kind == "space", items))


def _without_space(box: Box) -> list[Box]:
    return [item for item in _items(box) if item.kind != "space"]


# As text for a terminal.


def text_of(box: Box) -> str:
    """The box as one line of text, fractions with a stroke, brackets where that needs them."""
    match box.kind, box.parts:
        case "row", parts:
            return "".join(_enclosed(part, _is_misread(parts, i)) for i, part in enumerate(parts))
        case "group", parts:
            return "".join(map(text_of, parts))
        case "fraction", (over, under):
            return f"{_enclosed(over, _is_long(over))}/{_enclosed(under, not _is_unit(under))}"
        case "derivative", (over, under):
            return f"{text_of(over)}/{text_of(under)}"
        case "root", (inner,):
            return f"√{_enclosed(inner, not _is_unit(inner) or _is_raised(inner))}"
        case "accent", (letter,):
            return _accented(box.text, letter)
        case "scripts", (base, below, _) if _is_at(box):
            inner = base.parts[1]
            single = inner.kind == "derivative" or (_is_unit(inner) and not _is_raised(inner))
            return f"{_enclosed(inner, not single)}|_{{{text_of(below)}}}"
        case "scripts", (base, below, above):
            scripts = _script(below, "_", SUBSCRIPTS) + _script(above, "^", SUPERSCRIPTS)
            return _enclosed(base, base.kind in ("fraction", "root")) + scripts
        case "cases", parts:
            shown = parts[:-1] if parts[-1].text == "otherwise" else parts
            words = ("", *(" if ", " else ") * len(shown))
            return "".join(word + text_of(part) for word, part in zip(words, shown, strict=False))
    return box.text


def _enclosed(box: Box, needed: bool) -> str:
    return f"({text_of(box)})" if needed else text_of(box)


_APART: Final = frozenset("+−±=≈<>≤≥≠,;:→←∈|")  # next to these a fraction needs no brackets


def _is_misread(parts: tuple[Box, ...], at: int) -> bool:
    """Whether a stroke would take in more than its fraction: `(1/2) x` is no `1/2 x`."""
    if parts[at].kind != "fraction":
        return False
    sides = (reversed(parts[:at]), parts[at + 1 :])
    near = (next((part for part in side if part.kind != "space"), None) for side in sides)
    return not all(
        part is None
        or (part.kind == "sign" and part.text in _APART)
        or (part.kind == "word" and " " in part.text)
        for part in near
    )


def _is_long(box: Box) -> bool:
    """Whether it needs brackets before a stroke: a sum, a fraction, a sum over an index."""
    bases = (item.parts[0] if item.kind == "scripts" else item for item in _items(box))
    opens = any(base.kind == "sign" and base.text in "+−±∑∏" for base in bases)
    return opens or box.kind in ("fraction", "derivative", "cases") or _is_at(box)


def _is_at(box: Box) -> bool:
    """Whether it is what something is at a place: a bar closes what nothing opens."""
    return box.kind == "scripts" and box.parts[0].kind == "group" and not box.parts[0].parts[0].text


def _is_unit(box: Box) -> bool:
    """Whether it can follow a stroke without brackets: one number, one symbol, one call."""
    items = _items(box)
    bases = [item.parts[0] if item.kind == "scripts" else item for item in items]
    if len(items) > 1 and bases[-1].kind == "group":  # tanh(x), log₂(x)²
        if bases[-2].kind == "applied":
            return _is_unit(row(items[:-2]))
        return len(items) == 2 and bases[0].kind == "word"
    if len(items) == 1:
        return items[0].kind not in ("space", "sign", "fraction", "derivative")
    letters = all(item.kind == "letter" for item in items[:-1])
    return bool(items) and letters and items[-1].kind in ("letter", "scripts", "accent")


def _is_raised(box: Box) -> bool:
    """Whether an exponent ends it."""
    last = _items(box)[-1]
    return last.kind == "scripts" and last.parts[2] != NOTHING


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

_ELEMENTS: Final = {
    "fraction": "mfrac", "derivative": "mfrac", "root": "msqrt", "number": "mn",
    "letter": "mi", "word": "mi", "sign": "mo", "fence": "mo",
}  # fmt: skip


def escaped(text: str) -> str:
    """Text as XML has it, on one line."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mathml_of(box: Box) -> str:
    """The box as the inside of a `<math>` element."""
    inner = [mathml_of(part) for part in box.parts]
    inside = "".join(inner) or escaped(box.text)
    match box.kind:
        case "row" | "group":
            return f"<mrow>{''.join(_spaced(box.parts, inner))}</mrow>"
        case "accent":
            mark = f'<mo stretchy="false">{ACCENTS[box.text].over}</mo>'
            return f'<mover accent="true">{inside}{mark}</mover>'
        case "scripts":
            base, below, above = box.parts
            sub, sup = ("under", "over") if base.text in ("∑", "∏") else ("sub", "sup")
            tag = "m" + (sub if below != NOTHING else "") + (sup if above != NOTHING else "")
            held = [inner[i] for i in (1, 2) if box.parts[i] != NOTHING]
            return f"<{tag}>{inner[0]}{''.join(held)}</{tag}>"
        case "cases":
            cells = [f"<mtd>{cell}</mtd>" for cell in inner]
            rows = (f"<mtr>{''.join(cells[i : i + 2])}</mtr>" for i in range(0, len(cells), 2))
            return f"<mrow><mo>{{</mo><mtable>{''.join(rows)}</mtable></mrow>"
        case "space":
            return f'<mspace width="{len(box.text) / 2}em"/>' if len(box.text) > 1 else ""
        case "word" if " " in box.text:
            return f"<mtext>{inside.replace(' ', '&#160;')}</mtext>"
        case "sign" if box.text in _BRACKETS:
            return f'<mo stretchy="false">{inside}</mo>'
    element = _ELEMENTS.get(box.kind)
    return f"<{element}>{inside}</{element}>" if inside else ""


def _spaced(parts: tuple[Box, ...], inner: list[str]) -> Iterator[str]:
    """What stands in a row; a plus or minus sign at its beginning or after a sign is a prefix."""
    before: Box | None = None
    for part, xml in zip(parts, inner, strict=True):
        is_first = before is None or (before.kind in ("sign", "fence") and part.kind != "fence")
        if not is_first and (part.parts[0] if part.kind == "scripts" else part).kind == "word":
            yield '<mspace width="0.17em"/>'
        is_prefix = is_first and part.kind == "sign" and part.text in "+−"
        yield f'<mo form="prefix">{part.text}</mo>' if is_prefix else xml
        before = before if part.kind == "space" else part
