r"""LaTeX read into boxes, each of which knows itself as a line of text and as MathML.

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
_LONGEST: Final = 1_000_000  # characters; what is longer is no formula
_PAIRS: Final = {"(": ")", "[": "]", "⌊": "⌋⌉", "⌈": "⌉", "⟨": "⟩"}
_BRACKETS: Final = frozenset("([⌊⌈⟨)]⌋⌉⟩")
_FENCES: Final = ("(", ")", "[", "]", "|", "/", r"\{", r"\}")


class Box(NamedTuple):
    """A piece of mathematics, set as text for a terminal and as the inside of a `<math>` element.

    `kind` is letter, number, sign, fence (a bracket as tall as what it encloses), word (upright: a
    function's name or text), space, or applied; or, made of `parts`, row, group (opening, inside,
    closing), fraction, derivative (the same of ∂s), root, accent, scripts (base, below, above:
    NOTHING where there is none), or cases.
    """

    kind: str
    text: str = ""
    mathml: str = ""
    parts: tuple[Box, ...] = ()


class MalformedError(ValueError):
    """The text is not the LaTeX of a formula."""


def escaped(text: str) -> str:
    """Text as XML has it, on one line."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# The kinds of boxes: text has fractions with a stroke, and brackets where that needs them.


def _mark(kind: str, text: str) -> Box:
    shown = escaped(text)
    if kind == "space":
        return Box(kind, text, f'<mspace width="{len(text) / 2}em"/>' if len(text) > 1 else "")
    if kind == "word" and " " in text:
        return Box(kind, text, f"<mtext>{shown.replace(' ', '&#160;')}</mtext>")
    if kind == "sign" and text in _BRACKETS:
        return Box(kind, text, f'<mo stretchy="false">{shown}</mo>')
    element = {"number": "mn", "letter": "mi", "word": "mi"}.get(kind, "mo")
    return Box(kind, text, f"<{element}>{shown}</{element}>" if text else "")


def _row(parts: Iterable[Box]) -> Box:
    parts = tuple(parts)
    if len(parts) == 1:
        return parts[0]
    text = "".join(_enclosed(part, _is_misread(parts, i)) for i, part in enumerate(parts))
    return Box("row", text, f"<mrow>{''.join(_spaced(parts))}</mrow>", parts)


NOTHING: Final = Box("row", "", "<mrow></mrow>")


def _braced(box: Box) -> Box:
    """A box that takes scripts of its own beside those that it has."""
    return Box("row", box.text, f"<mrow>{box.mathml}</mrow>", (box,))


def _group(*parts: Box) -> Box:
    text = "".join(part.text for part in parts)
    return Box("group", text, f"<mrow>{''.join(_spaced(parts))}</mrow>", parts)


def _fraction(over: Box, under: Box) -> Box:
    r"""A fraction; \partial above and below make a derivative, which is one symbol."""
    ends = [(part.parts or (part,))[0] for part in (over, under)]
    if all((end.parts or (end,))[0].text in ("∂", "d") for end in ends):
        over, under = (_row(_without_space(part)) for part in (over, under))
        kind, text = "derivative", f"{over.text}/{under.text}"
    else:
        kind = "fraction"
        text = f"{_enclosed(over, _is_long(over))}/{_enclosed(under, not _is_unit(under))}"
    return Box(kind, text, f"<mfrac>{over.mathml}{under.mathml}</mfrac>", (over, under))


def _root(inner: Box) -> Box:
    text = f"√{_enclosed(inner, not _is_unit(inner) or _is_raised(inner))}"
    return Box("root", text, f"<msqrt>{inner.mathml}</msqrt>", (inner,))


def _accent(name: str, inner: Box) -> Box:
    mark, text = ACCENTS[name], f"{name}({inner.text})"
    if len(inner.text) == 1 or (inner.kind == "scripts" and inner.parts[0].kind == "letter"):
        marked = inner.text[0] + mark.combining + inner.text[1:]
        text = unicodedata.normalize("NFC", marked)
    over = f'<mo stretchy="false">{mark.over}</mo>'
    return Box("accent", text, f'<mover accent="true">{inner.mathml}{over}</mover>', (inner,))


def _scripts(base: Box, below: Box, above: Box) -> Box:
    parts = (base, below, above)
    sub, sup = ("under", "over") if base.text in ("∑", "∏") else ("sub", "sup")
    tag = "m" + (sub if below != NOTHING else "") + (sup if above != NOTHING else "")
    inside = base.mathml + "".join(part.mathml for part in (below, above) if part != NOTHING)
    text = _enclosed(base, base.kind in ("fraction", "root"))
    text += _script(below, "_", SUBSCRIPTS) + _script(above, "^", SUPERSCRIPTS)
    if _is_at(parts):
        inner = base.parts[1]
        single = inner.kind == "derivative" or (_is_unit(inner) and not _is_raised(inner))
        text = f"{_enclosed(inner, not single)}|_{{{below.text}}}"
    return Box("scripts", text, f"<{tag}>{inside}</{tag}>", parts)


def _cases(cells: list[Box]) -> Box:
    """Values, each with when it holds; the last may hold otherwise."""
    shown = cells[:-1] if cells[-1].text == "otherwise" else cells
    words = ("", *(" if ", " else ") * len(shown))
    text = "".join(word + cell.text for word, cell in zip(words, shown, strict=False))
    columns = [f"<mtd>{cell.mathml}</mtd>" for cell in cells]
    rows = (f"<mtr>{''.join(columns[i : i + 2])}</mtr>" for i in range(0, len(cells), 2))
    table = f"<mrow><mo>{{</mo><mtable>{''.join(rows)}</mtable></mrow>"
    return Box("cases", text, table, tuple(cells))


# What text and MathML depend on.


def _enclosed(box: Box, needed: bool) -> str:
    return f"({box.text})" if needed else box.text


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
    return opens or box.kind in ("fraction", "derivative", "cases") or _is_at(box.parts)


def _is_at(scripts: tuple[Box, ...]) -> bool:
    """Whether they say what something is at a place: a bar closes what nothing opens."""
    return bool(scripts) and scripts[0].kind == "group" and not scripts[0].parts[0].text


def _is_unit(box: Box) -> bool:
    """Whether it can follow a stroke without brackets: one number, one symbol, one call."""
    items = _items(box)
    bases = [item.parts[0] if item.kind == "scripts" else item for item in items]
    if len(items) > 1 and bases[-1].kind == "group":  # tanh(x), log₂(x)²
        if bases[-2].kind == "applied":
            return _is_unit(_row(items[:-2]))
        return len(items) == 2 and bases[0].kind == "word"
    if len(items) == 1:
        return items[0].kind not in ("space", "sign", "fraction", "derivative")
    letters = all(item.kind == "letter" for item in items[:-1])
    return bool(items) and letters and items[-1].kind in ("letter", "scripts", "accent")


def _is_raised(box: Box) -> bool:
    """Whether an exponent ends it."""
    last = _items(box)[-1]
    return last.kind == "scripts" and last.parts[2] != NOTHING


def _script(box: Box, mark: str, table: dict[str, str]) -> str:
    if box == NOTHING:
        return ""
    # In an exponent the space of a product tells x y from xy.
    squeezed = re.sub(r" ([+−]) " if mark == "^" else r" ()", r"\1", box.text)
    is_formula = _holds_word(box) or "′" in box.text.lstrip("′")
    if not is_formula and all(c in table for c in squeezed):
        return "".join(table[c] for c in squeezed)
    if box.kind == "word" or len(box.text) == 1:
        return mark + box.text
    return f"{mark}({box.text})" if mark == "^" else f"{mark}{{{box.text}}}"


def _holds_word(box: Box) -> bool:
    return box.kind == "word" or any(map(_holds_word, box.parts))


def _spaced(parts: tuple[Box, ...]) -> Iterator[str]:
    """What stands in a row; a plus or minus sign at its beginning or after a sign is a prefix."""
    before: Box | None = None
    for part in parts:
        is_first = before is None or (before.kind in ("sign", "fence") and part.kind != "fence")
        if not is_first and (part.parts[0] if part.kind == "scripts" else part).kind == "word":
            yield '<mspace width="0.17em"/>'
        is_prefix = is_first and part.kind == "sign" and part.text in "+−"
        yield f'<mo form="prefix">{part.text}</mo>' if is_prefix else part.mathml
        before = before if part.kind == "space" else part


def _items(box: Box) -> list[Box]:
    """The pieces of a row, and of the rows in it."""
    return [item for part in box.parts for item in _items(part)] if box.kind == "row" else [box]


def _trimmed(box: Box) -> Box:
    items = _items(box)
    while items and items[-1].kind == "space":
        items.pop()
    return _row(dropwhile(lambda item: item.kind == "space", items))


def _without_space(box: Box) -> list[Box]:
    return [item for item in _items(box) if item.kind != "space"]


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
    **{name: _mark("letter", letter) for name, letter in signs.LETTERS.items()},
    **{name: _mark("sign", sign) for name, sign in signs.SIGNS.items()},
    **{name: _mark("word", name) for name in signs.OPERATOR_NAMES},
    **{
        name: _mark("space", " " * max(1, round(2 * width)) if width > 0 else "")
        for name, width in signs.SPACES.items()
    },
}


@lru_cache(maxsize=1024)
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
            kind, text = parts[-1][:2]
            if kind == "sign" and text in _PAIRS:
                opened.append(len(parts) - 1)
                self._refuse_if_deep(len(opened))
            elif opened and kind == "sign" and text in _PAIRS.get(parts[opened[-1]].text, ()):
                at = opened.pop()
                parts[at:] = [_group(parts[at], _row(parts[at + 1 : -1]), parts[-1])]
        self._depth -= 1
        self._closed = mark
        return _row(parts)

    def _descend(self) -> None:
        self._depth += 1
        self._refuse_if_deep(self._depth)

    def _refuse_if_deep(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise MalformedError("nested too deeply")

    def _piece(self, mark: str) -> Box:
        if mark == "{":
            inner = self.row("}")  # a second script may follow the braces, so they stay
            if inner.kind == "sign":  # in braces it is no operator: 1.2{\cdot}10^3 is one number
                return _mark("number", inner.text)
            return _braced(inner) if inner.kind == "scripts" else inner
        if mark.startswith("\\"):
            return self._command(mark[1:].rstrip())
        if mark == APPLIED:
            return Box("applied")
        if mark and not mark.strip(" ~"):
            return _mark("space", " ")
        if mark in "}%#&$" or not mark.isprintable():
            raise MalformedError(f"bare {mark!r}")
        if mark[0].isdigit():
            return _mark("number", mark)
        return _mark("letter" if mark.isalpha() else "sign", "−" if mark == "-" else mark)

    def _command(self, name: str) -> Box:
        if name in _COMMANDS:
            return _COMMANDS[name]
        if name in signs.FRACTIONS:
            return _fraction(self._argument(), self._argument())
        if name == "sqrt":
            return _root(self._argument())
        if name in ACCENTS or name in signs.OTHER_ACCENTS:
            return _accent(signs.OTHER_ACCENTS.get(name, name), self._argument())
        if name in _PLAIN_FONTS:
            letter = self._argument()
            return _mark("letter", "𝟙") if letter.text == "1" else letter
        if name == "left":
            return _group(self._fence(), self.row(r"\right"), self._fence())
        if name == "begin{cases}":
            return self._cases()
        if name.endswith("}"):
            letters = name[name.index("{") + 1 : -1]
            return _mark("word", re.sub(r"\\([^A-Za-z])", r"\1", letters))
        if not name.isalpha() or name == "right" or re.fullmatch(_UPRIGHT, name):
            raise MalformedError(f"\\{name}")
        return _mark("word", f"\\{name}")

    def _cases(self) -> Box:
        cells = [self.row("&", r"\\", r"\end{cases}")]
        while self._closed != r"\end{cases}":
            cells.append(self.row("&", r"\\", r"\end{cases}"))
        return _cases([*map(_trimmed, cells)])

    def _fence(self) -> Box:
        mark = self._tokens.pop()
        if mark == ".":
            return Box("fence")
        sign = _COMMANDS.get(mark[1:], NOTHING)
        if mark not in _FENCES and sign.text not in _BRACKETS:
            raise MalformedError(f"{mark} is no bracket")
        return _mark("fence", sign.text or mark)

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
            above = _mark("sign", f"{above.text}′")
        elif mark == "_" and below == NOTHING:
            below = self._argument()
        elif mark == "^" and above == NOTHING:
            above = self._argument()
        elif mark == "^" and primed:  # as TeX has it: a prime may stand before, not behind
            above = _row((above, self._argument()))
        else:
            raise MalformedError(f"two scripts {mark}")
        return _scripts(base, below, above)
