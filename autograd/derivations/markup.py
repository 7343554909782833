r"""The LaTeX of labels and formulas: read from a label, written as text or as MathML.

Only the mathematics that labels and formulas contain is read: letters, numbers, signs, Greek,
`_` and `^`, `\frac`, `\sqrt`, accents such as `\hat`, fonts such as `\text`, names of functions.
What is not of that kind is left as it stands, so any label can be shown.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_one_symbol", "to_latex", "to_mathml", "to_unicode"]

_DEEPEST = 40  # braces nested deeper than this are no notation

_GREEK: Final = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "varepsilon": "ε", "varphi": "φ", "vartheta": "ϑ", "varsigma": "ς",
}  # fmt: skip

_LETTERS: Final = {**_GREEK, "partial": "∂", "nabla": "∇", "infty": "∞", "ell": "ℓ", "hbar": "ℏ"}

_SIGNS: Final = {
    "cdot": "·", "times": "×", "div": "÷", "pm": "±", "approx": "≈", "le": "≤", "leq": "≤",
    "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "to": "→", "rightarrow": "→", "gets": "←",
    "leftarrow": "←", "in": "∈", "sum": "∑", "prod": "∏", "circ": "∘", "ast": "∗", "star": "⋆",
    "top": "⊤", "prime": "′", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "langle": "⟨", "rangle": "⟩", "ldots": "…", "cdots": "⋯", "dots": "…", "mid": "|",
    "%": "%", "&": "&", "#": "#", "_": "_", "$": "$", "{": "{", "}": "}",
}  # fmt: skip

_DELIMITERS: Final = ("{", "}", "lfloor", "rfloor", "lceil", "rceil", "langle", "rangle")

_OPENING: Final = "([⌊⌈⟨"
_CLOSING: Final = ")]⌋⌉⟩"

_SPACES: Final = {",": " ", ";": " ", ":": " ", " ": " ", "!": "", "quad": "  ", "qquad": "    "}

_FUNCTIONS: Final = frozenset((
    "log", "ln", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan",
    "max", "min", "lim", "det",
))  # fmt: skip

_ACCENTS: Final = {
    "hat": ("\u0302", "ˆ"),
    "widehat": ("\u0302", "ˆ"),
    "bar": ("\u0304", "¯"),
    "overline": ("\u0304", "¯"),
    "tilde": ("\u0303", "˜"),
    "widetilde": ("\u0303", "˜"),
    "dot": ("\u0307", "˙"),
    "ddot": ("\u0308", "¨"),
    "vec": ("\u20d7", "→"),
}

_FONTS: Final = frozenset((
    "text", "textit", "textbf", "textrm", "mathrm", "mathit", "mathbf", "mathsf", "mathtt",
    "operatorname", "boldsymbol",
))  # fmt: skip

_SUBSCRIPTS: Final = dict(
    zip(
        "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)

_SUPERSCRIPTS: Final = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ⊤′∗",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡᵀ′*",
        strict=True,
    )
)


def to_unicode(latex: str) -> str:
    r"""LaTeX as one line of text; a script that Unicode lacks stays readable, as `W_{ab}`.

    Text that is not well-formed comes back unchanged.

    >>> to_unicode(r"-2(y - \hat{y}) W_{11}^2 x_{i1}")
    '−2(y − ŷ) W₁₁² xᵢ₁'
    >>> to_unicode(r"\frac{\partial L}{\partial W_{ab}} = \frac{a + b}{1.5{\cdot}10^{-7}}")
    '∂L/∂W_{ab} = (a + b)/(1.5·10⁻⁷)'
    """
    try:
        return _text(_parsed(latex))
    except _MalformedError:
        return latex


def to_mathml(latex: str) -> str:
    r"""LaTeX as the inside of a MathML `<math>` element, well-formed XML.

    Text that is not well-formed comes back as literal text.

    >>> to_mathml(r"\hat{y}^2")
    '<msup><mover accent="true"><mi>y</mi><mo stretchy="false">ˆ</mo></mover><mn>2</mn></msup>'
    """
    try:
        return _mathml(_parsed(latex))
    except _MalformedError:
        return f"<mtext>{_escaped(latex)}</mtext>"


def to_latex(label: str) -> str:
    r"""A label as LaTeX: itself where it is such, else as it was meant, else as text.

    A script without braces goes as far as its letters and digits do, as in names of a program.

    >>> to_latex("W_{11}^2"), to_latex("W₁₁²"), to_latex("W_11^2"), to_latex("y_hat")
    ('W_{11}^2', 'W_{11}^2', 'W_{11}^2', '\\hat{y}')
    >>> to_latex("y_pred"), to_latex("50% off")
    ('y_{\\text{pred}}', '\\text{50\\% off}')
    """
    if _PLAIN.fullmatch(label):
        return label
    try:
        latex = label if label.isascii() else _spelled(unicodedata.normalize("NFD", label))
        latex = _as_meant(latex)
        if _WORDS.fullmatch(latex):
            raise _MalformedError("words")
        _parsed(latex)
    except _MalformedError:
        composed = unicodedata.normalize("NFC", label)
        printable = (c if c.isprintable() else " " for c in composed)
        return r"\text{" + "".join(_ESCAPES.get(c, c) for c in printable) + "}"
    return latex


def is_one_symbol(latex: str) -> bool:
    r"""Whether it can stand in a product, or take an exponent, without brackets around it.

    >>> is_one_symbol("W_{11}^2"), is_one_symbol("iq"), is_one_symbol("a - b")
    (True, True, False)
    """
    return not any(item.kind in ("space", "sign") for item in _items(_parsed(latex)))


class _MalformedError(ValueError):
    """The text is not the LaTeX of a formula."""


class _Node(NamedTuple):
    """A piece of mathematics.

    `kind` is letter, number, sign, fence (a bracket as tall as what it encloses), word (upright: a
    function's name or text) or space, with `text`; or row, fraction (numerator, denominator), root,
    accent (named by `text`) or scripts (base, below, above: an empty row where there is none), with
    `parts`.
    """

    kind: str
    text: str = ""
    parts: tuple[_Node, ...] = ()


_NOTHING: Final = _Node("row")

# The space after \partial belongs to it: \partial L is one symbol's change.
_TOKEN: Final = re.compile(
    r"\\partial(?![A-Za-z])\s*|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL
)


@lru_cache(maxsize=4096)
def _parsed(latex: str) -> _Node:
    reader = _Reader(_TOKEN.findall(latex))
    node = reader.row("")
    if not reader.at_end:
        raise _MalformedError("} without {")
    return node


class _Reader:
    """Reads tokens into a tree; raises _MalformedError for what is not the LaTeX of a formula."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._next == len(self._tokens)

    def row(self, closing: str) -> _Node:
        """Pieces up to the token `closing` (which is taken), or to the end where it is empty."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _MalformedError("nested too deeply")
        parts: list[_Node] = []
        while not self.at_end and self._tokens[self._next] not in ("}", r"\right"):
            mark = self._take()
            if mark in "_^'":
                base = parts.pop() if parts and parts[-1].kind != "space" else _NOTHING
                parts.append(self._scripts(base, mark))
            else:
                parts.append(self._piece(mark))
        if closing and self._take() != closing:
            raise _MalformedError(f"no {closing}")
        self._depth -= 1
        return parts[0] if len(parts) == 1 else _Node("row", parts=tuple(parts))

    def _take(self) -> str:
        if self.at_end:
            raise _MalformedError("it ends too early")
        self._next += 1
        return self._tokens[self._next - 1]

    def _piece(self, mark: str) -> _Node:
        if mark == "{":
            group = self.row("}")  # a second script may follow the braces, so they stay
            if group.kind == "sign":  # in braces it is no operator: 1.2{\cdot}10^3 is one number
                return _Node("number", group.text)
            return _Node("row", parts=(group,)) if group.kind == "scripts" else group
        if mark.startswith("\\"):
            return self._command(mark[1:].rstrip())
        if mark == "~" or not mark.strip(" "):
            return _Node("space", " ")
        if mark[0].isdigit():
            return _Node("number", mark)
        if mark in "%#&$" or not mark.isprintable():
            raise _MalformedError(f"bare {mark!r}")
        if mark.isalpha():
            return _Node("letter", mark)
        return _Node("sign", "−" if mark == "-" else mark)

    def _command(self, name: str) -> _Node:
        if name in _LETTERS:
            return _Node("letter", _LETTERS[name])
        if name in _SIGNS:
            return _Node("sign", _SIGNS[name])
        if name in _FUNCTIONS:
            return _Node("word", name)
        if name in _SPACES:
            return _Node("space", _SPACES[name])
        if name in ("frac", "dfrac", "tfrac"):
            return _Node("fraction", parts=(self._argument(), self._argument()))
        if name == "sqrt":
            return _Node("root", parts=(self._argument(),))
        if name in _ACCENTS:
            return _Node("accent", name, (self._argument(),))
        if name in _FONTS:
            return self._word()
        if name == "left":
            return _Node("row", parts=(self._delimiter(), self.row(r"\right"), self._delimiter()))
        if name in ("mathbb", "mathcal"):
            return self._argument()
        if not name.isalpha():
            raise _MalformedError(f"\\{name}")
        return _Node("word", f"\\{name}")

    def _delimiter(self) -> _Node:
        mark = self._take()
        if mark == ".":
            return _Node("fence")
        if mark not in ("(", ")", "[", "]", "|", "/") and mark[1:] not in _DELIMITERS:
            raise _MalformedError(f"{mark} is no bracket")
        return _Node("fence", self._piece(mark).text)

    def _argument(self) -> _Node:
        mark = self._take()
        while mark.isspace():
            mark = self._take()
        if mark in "}_^":
            raise _MalformedError(f"{mark} where something is expected")
        if mark[0].isdigit() and len(mark) > 1:  # \frac12 takes one digit at a time
            self._next -= 1
            self._tokens[self._next] = mark[1:]
            mark = mark[0]
        return self._piece(mark)

    def _word(self) -> _Node:
        if self._take() != "{":
            raise _MalformedError("a font without braces")
        letters: list[str] = []
        while (mark := self._take()) != "}":
            if mark == "{":
                raise _MalformedError("braces within text")
            letters.append(mark[1:] if mark.startswith("\\") and len(mark) == 2 else mark)
        return _Node("word", "".join(letters))

    def _scripts(self, base: _Node, mark: str) -> _Node:
        below, above = _NOTHING, _NOTHING
        if base.kind == "scripts":
            base, below, above = base.parts
        primed = above.kind == "sign" and not above.text.strip("′")
        if mark == "'" and (above == _NOTHING or primed):
            above = _Node("sign", f"{above.text}′")
        elif mark == "_" and below == _NOTHING:
            below = self._argument()
        elif mark == "^" and above == _NOTHING:
            above = self._argument()
        elif mark == "^" and primed:  # as TeX has it: a prime may stand before, not behind
            above = _Node("row", parts=(above, self._argument()))
        else:
            raise _MalformedError(f"two scripts {mark}")
        return _Node("scripts", parts=(base, below, above))


# What labels mean that are not LaTeX.

_SCRIPT: Final = r"(?:[A-Za-z0-9]|\{[A-Za-z0-9]+\})"
_PLAIN: Final = re.compile(rf"[A-Za-z](?:_{_SCRIPT})?(?:\^{_SCRIPT})?")  # what most labels are
_SPOKEN_LETTER: Final = re.compile(rf"^({'|'.join(_GREEK)})(?![A-Za-z])")
_SPOKEN_ACCENT: Final = re.compile(
    r"^(\\[A-Za-z]+|[A-Za-z])_(hat|bar|tilde)(?:_?(\d+))?(?![A-Za-z0-9])"
)
_OPEN_SCRIPT: Final = re.compile(r"(?<!\\)([_^])([A-Za-z0-9]{2,})")
_WORDS: Final = re.compile(r"[A-Za-z][A-Za-z0-9]+(?: +[A-Za-z0-9]+)+")


def _as_meant(label: str) -> str:
    """A label as LaTeX where it is written like a name in a program: theta_12, y_hat, W_11."""
    latex = _SPOKEN_LETTER.sub(r"\\\1", label)
    latex = _SPOKEN_ACCENT.sub(_with_accent, latex)
    return _OPEN_SCRIPT.sub(_in_braces, latex)


def _with_accent(name: re.Match[str]) -> str:
    letter, accent, index = name.groups()
    return rf"\{accent}{{{letter}}}" + (f"_{index}" if index else "")


def _in_braces(script: re.Match[str]) -> str:
    mark, letters = script.groups()
    is_word = len(letters) > 2 and letters.isalpha()
    return rf"{mark}{{\text{{{letters}}}}}" if is_word else f"{mark}{{{letters}}}"


_ESCAPES: Final = {**{c: f"\\{c}" for c in "%&#_${}"}, "\\": "/", "^": "'", "~": "-"}
_SPELLINGS: Final = {
    **{text: f"\\{name}" for name, text in reversed({**_SIGNS, **_LETTERS}.items())},
    "−": "-",
    "′": "'",
}
_MARKS: Final = {mark: name for name, (mark, _) in reversed(_ACCENTS.items())}
_LOWERED: Final = {small: c for c, small in reversed(_SUBSCRIPTS.items())}
_RAISED: Final = {small: c for c, small in reversed(_SUPERSCRIPTS.items()) if small not in "′*"}
# Compiled when first needed, as that takes longer than all the rest of this file.
_SPELLED: Final = (
    r"(?s)\\text\{(?:\\.|[^{}\\])*\}"
    f"|[{''.join(_LOWERED)}]+|[{''.join(_RAISED)}]+|.[\u0300-\u036f\u20d7]?"
)


def _spelled(text: str) -> str:
    """Decomposed Unicode as LaTeX; raises _MalformedError where a letter has no command."""
    latex = ""
    for piece in re.findall(_SPELLED, text):
        if piece[0] in _LOWERED:
            part = f"_{_grouped(_LOWERED[c] for c in piece)}"
        elif piece[0] in _RAISED:
            part = f"^{_grouped(_RAISED[c] for c in piece)}"
        elif len(piece) == 2 and piece[1] in _MARKS:
            part = rf"\{_MARKS[piece[1]]}{{{_spelling(piece[0])}}}"
        else:
            part = unicodedata.normalize("NFC", piece)
            part = part if len(part) > 1 else _spelling(part)
        latex = _put_together(latex, part)
    return latex


def _grouped(letters: Iterable[str]) -> str:
    latex = ""
    for c in letters:
        latex = _put_together(latex, _spelling(c))
    return latex if len(latex) == 1 else f"{{{latex}}}"


def _put_together(before: str, after: str) -> str:
    swallowed = re.search(r"\\[A-Za-z]+$", before) and after[0].isalpha()  # \sigmax for \sigma x
    return f"{before} {after}" if swallowed else before + after


def _spelling(c: str) -> str:
    if c.isascii():
        return c
    if c not in _SPELLINGS:
        raise _MalformedError(f"no command for {c}")
    return _SPELLINGS[c]


# As text for a terminal.


def _text(node: _Node) -> str:
    if node.kind == "row":
        return "".join(_text(part) for part in node.parts)
    if node.kind == "fraction":
        over, under = node.parts
        return f"{_bracketed(over, _is_sum(over))}/{_bracketed(under, not _is_unit(under))}"
    if node.kind == "root":
        return f"√{_bracketed(node.parts[0], not _is_unit(node.parts[0]))}"
    if node.kind == "accent":
        return _accented(node.text, node.parts[0])
    if node.kind == "scripts":
        base, below, above = node.parts
        body = _text(base)
        return body + _script(below, "_", _SUBSCRIPTS) + _script(above, "^", _SUPERSCRIPTS)
    return node.text


def _bracketed(node: _Node, needed: bool) -> str:
    return f"({_text(node)})" if needed else _text(node)


def _items(node: _Node) -> list[_Node]:
    """The pieces of a row, what brackets enclose (with an exponent, maybe) counted as one fence."""
    items: list[_Node] = []
    depth = 0
    for part in node.parts if _is_open(node) else (node,):
        sign = _sign(part.parts[0] if part.kind == "scripts" else part)
        if sign and sign in _OPENING:
            depth += 1
        elif sign and sign in _CLOSING:
            depth -= 1
            if depth == 0:
                items.append(_Node("fence"))
        elif depth == 0:
            items.append(part)
    return items


def _is_open(node: _Node) -> bool:
    return node.kind == "row" and not (node.parts and node.parts[0].kind == "fence")


def _sign(node: _Node) -> str:
    return node.text if node.kind == "sign" else ""


def _is_sum(node: _Node) -> bool:
    return any(_sign(item) in ("+", "−") for item in _items(node))


def _is_unit(node: _Node) -> bool:
    """Whether it can follow a stroke without brackets: one number, one symbol, one call."""
    items = _items(node)
    kinds = [item.kind for item in items]
    if len(items) == 2 and kinds[1] == "fence":
        return (items[0].parts[0] if kinds[0] == "scripts" else items[0]).kind == "word"
    if len(items) == 1:
        return kinds[0] not in ("space", "sign", "fraction") and not _is_open(items[0])
    return all(kind in ("letter", "scripts", "accent") for kind in kinds)


def _accented(name: str, node: _Node) -> str:
    body = _text(node)
    if len(body) == 1 or (node.kind == "scripts" and node.parts[0].kind == "letter"):
        return unicodedata.normalize("NFC", body[0] + _ACCENTS[name][0] + body[1:])
    return f"{name}({body})"


def _script(node: _Node, mark: str, table: dict[str, str]) -> str:
    if node == _NOTHING:
        return ""
    body = _text(node)
    if node.kind == "row" and all(c in table for c in body.replace(" ", "")):
        return "".join(table[c] for c in body.replace(" ", ""))
    if node.kind != "word" and all(c in table for c in body):
        return "".join(table[c] for c in body)
    if node.kind == "word" or len(body) == 1:
        return mark + body
    return f"{mark}({body})" if mark == "^" else f"{mark}{{{body}}}"


# As MathML.


def _escaped(text: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mathml(node: _Node) -> str:
    if node.kind == "row":
        return _mathml_row(node.parts)
    if node.kind == "fraction":
        return f"<mfrac>{_mathml(node.parts[0])}{_mathml(node.parts[1])}</mfrac>"
    if node.kind == "root":
        return f"<msqrt>{_mathml(node.parts[0])}</msqrt>"
    if node.kind == "accent":
        mark = _ACCENTS[node.text][1]
        return (
            f'<mover accent="true">{_mathml(node.parts[0])}<mo stretchy="false">{mark}</mo></mover>'
        )
    if node.kind == "scripts":
        return _mathml_scripts(*node.parts)
    if node.kind == "space":
        return f'<mspace width="{len(node.text) / 2}em"/>' if len(node.text) > 1 else ""
    if node.kind == "word" and " " in node.text:
        return f"<mtext>{_escaped(node.text).replace(' ', '&#160;')}</mtext>"
    if node.kind == "sign" and node.text in _OPENING + _CLOSING:
        return f'<mo stretchy="false">{node.text}</mo>'
    tag = {"letter": "mi", "number": "mn", "sign": "mo", "fence": "mo", "word": "mi"}[node.kind]
    return f"<{tag}>{_escaped(node.text)}</{tag}>"


def _mathml_row(parts: tuple[_Node, ...]) -> str:
    """A row, what is in brackets as a row in it, so that a minus sign after one is a prefix."""
    rows = [""]
    before = _NOTHING
    for part in parts:
        sign = _sign(part.parts[0] if part.kind == "scripts" else part)
        is_first = before == _NOTHING or (_sign(before) and _sign(before) not in _CLOSING)
        if sign and sign in _OPENING:
            rows.append("")
        if part.kind == "word" and not is_first:
            rows[-1] += '<mspace width="0.17em"/>'
        if part.kind == "sign" and sign in "+−" and is_first:
            rows[-1] += f'<mo form="prefix">{sign}</mo>'
        else:
            rows[-1] += _mathml(part)
        if sign and sign in _CLOSING and len(rows) > 1:
            enclosed = rows.pop()
            rows[-1] += f"<mrow>{enclosed}</mrow>"
        before = before if part.kind == "space" else part
    return f"<mrow>{''.join(rows)}</mrow>"


def _mathml_scripts(base: _Node, below: _Node, above: _Node) -> str:
    body = _mathml(base)
    if above == _NOTHING:
        return f"<msub>{body}{_mathml(below)}</msub>"
    if below == _NOTHING:
        return f"<msup>{body}{_mathml(above)}</msup>"
    return f"<msubsup>{body}{_mathml(below)}{_mathml(above)}</msubsup>"
