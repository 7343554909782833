r"""THE table of signs: letters, accents, scripts, operators, brackets, functions, number styles.

Every sign of mathematics stands here once, as data. The printer takes from it what a LaTeX command
looks like; the reader, what a command or a character means.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.ops import TABLE

if TYPE_CHECKING:
    from autograd.ops import Operation

# Letters.

GREEK: Final = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "omicron": "ο", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
"""The Greek letters, by the names that LaTeX and plain text call them."""

VARIANTS: Final = {
    "varepsilon": "epsilon", "varphi": "phi", "vartheta": "theta", "varrho": "rho",
    "varsigma": "sigma", "varpi": "pi", "varkappa": "kappa",
}  # fmt: skip
"""Other shapes of a letter, which are the same symbol."""

LETTERS: Final = {
    **GREEK, "varepsilon": "ε", "varphi": "φ", "vartheta": "ϑ", "varrho": "ϱ", "varsigma": "ς",
    "varpi": "ϖ", "varkappa": "ϰ", "partial": "∂", "nabla": "∇", "infty": "∞", "ell": "ℓ",
    "hbar": "ℏ",
}  # fmt: skip
"""Commands that show a letter."""


class Accent(NamedTuple):
    """A mark over a letter: as a combining character, and as it stands over it in MathML."""

    combining: str
    over: str


ACCENTS: Final = {
    "hat": Accent("\u0302", "ˆ"), "bar": Accent("\u0304", "¯"), "tilde": Accent("\u0303", "˜"),
    "dot": Accent("\u0307", "˙"), "ddot": Accent("\u0308", "¨"), "vec": Accent("\u20d7", "→"),
    "check": Accent("\u030c", "ˇ"),
}  # fmt: skip
OTHER_ACCENTS: Final = {"widehat": "hat", "overline": "bar", "widetilde": "tilde"}
"""Commands that say the same as one of ACCENTS."""
MARKS: Final = {accent.combining: name for name, accent in ACCENTS.items()} | {"\u0305": "bar"}
SPOKEN_ACCENTS: Final = ("hat", "bar", "tilde")
r"""Accents that plain text writes as a word: `y_hat`, `yhat` for \hat{y}."""

LETTER_FONTS: Final = {
    "mathbf": "mathbf", "boldsymbol": "mathbf", "bm": "mathbf", "mathcal": "mathcal",
    "mathscr": "mathcal", "mathbb": "mathbb",
}  # fmt: skip
"""Fonts that make another symbol of a letter, each with the one that stands for its kind."""
WORD_FONTS: Final = frozenset((
    "text", "textit", "textbf", "textrm", "textsf", "mathrm", "mathit", "mathsf", "mathtt", "rm",
    "operatorname",
))  # fmt: skip
"""Fonts of words and names."""

# Raised and lowered characters.

SUBSCRIPTS: Final = dict(
    zip(
        "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
SUPERSCRIPTS: Final = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ⊤′∗",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡᵀ′*",
        strict=True,
    )
)

# Operators and other signs.

SIGNS: Final = {
    "cdot": "·", "times": "×", "div": "÷", "pm": "±", "mp": "∓", "approx": "≈", "le": "≤",
    "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "lt": "<", "gt": ">", "to": "→",
    "rightarrow": "→", "gets": "←", "leftarrow": "←", "in": "∈", "sum": "∑", "prod": "∏",
    "circ": "∘", "odot": "⊙", "ast": "∗", "star": "⋆", "top": "⊤", "prime": "′", "lfloor": "⌊",
    "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩", "ldots": "…",
    "cdots": "⋯", "dots": "…", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "%": "%",
    "&": "&", "#": "#", "_": "_", "$": "$", "{": "{", "}": "}", "lbrace": "{", "rbrace": "}",
    "lbrack": "[", "rbrack": "]",
}  # fmt: skip
"""What the commands of signs look like."""

_WRITTEN: Final = {
    "+": "\uff0b", "-": "\u2212 \u2013 \u2014 \uff0d \u2010 \u2011", "/": r"÷ ∕ ⁄ \div \slash",
    "*": r"· ⋅ ∙ • × ∗ ✕ ⊙ \cdot \times \ast \odot \bullet \star", "^": "**",
    "<": r"\lt", ">": r"\gt", "=": "==", "≤": r"⩽ <= \le \leq \leqslant",
    "≥": r"⩾ >= \ge \geq \geqslant", "≠": r"!= \ne \neq",
    "…": r"... ⋯ \dots \ldots \cdots \dotsc \dotsb \dotsm \dotso",
    "'": "\\prime \u2032 \u2019", "''": "\u2033", "'''": "\u2034", "∂": r"\partial",
    r"\frac": r"\dfrac \tfrac \cfrac \nicefrac \sfrac", r"\sum": "∑", r"\prod": "∏",
    "(": r"\lparen", ")": r"\rparen", "[": r"\lbrack", "]": r"\rbrack", r"\{": r"\lbrace",
    r"\}": r"\rbrace", "|": r"\vert \mid", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌉": r"\rceil",
}  # fmt: skip
PLAIN: Final = {
    **{written: sign for sign, others in _WRITTEN.items() for written in others.split()},
    **{f"\\{name}": f"\\{letter}" for name, letter in VARIANTS.items()},
    **{f"\\{name}": f"\\{accent}" for name, accent in OTHER_ACCENTS.items()},
    **{f"\\{name}": f"\\{font}" for name, font in LETTER_FONTS.items()},
    **{f"\\{name}": r"\text" for name in WORD_FONTS},
}
"""Every other way to write a sign, with the one that the reader knows."""

RELATIONS: Final = {"<": "<", ">": ">", "≤": "<=", "≥": ">=", "≠": "!=", "=": "="}
"""The signs of conditions, each as a Relation has it."""
RELATION_SIGNS: Final = {"<": "<", ">": ">", "<=": r"\le", ">=": r"\ge", "=": "=", "!=": r"\ne"}
"""How the sign of a Relation is printed in LaTeX."""
FRACTIONS: Final = frozenset(("frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"))
SERIES: Final = {"sum": "sum", "prod": "prod", r"\Sigma": "sum", r"\Pi": "prod"}
"""Words and letters that may stand for a big sum or product."""
CONDITIONS: Final = {
    "if": "if", "when": "if", "for": "if", "otherwise": "else", "else": "else",
}  # fmt: skip
"""Words between a value and when it holds."""

SPACES: Final = {
    ",": 0.17, ":": 0.22, ">": 0.22, ";": 0.28, " ": 0.33, "!": -0.17, "thinspace": 0.17,
    "enspace": 0.5, "enskip": 0.5, "quad": 1.0, "qquad": 2.0,
}  # fmt: skip
"""The widths of commands that leave space, in em."""
UNITS: Final = {
    "em": 1.0, "ex": 0.43, "in": 7.2, "cm": 2.85, "mm": 0.285, "pt": 0.1, "pc": 1.2, "mu": 0.056,
}  # fmt: skip
"""What the units of \\hspace{...} are in em."""
WIDE: Final = 1.0
"""Space of so many em separates: what stands around it is no product."""


BRACKETS: Final = {
    "(": (")",), "[": ("]",), "{": ("}",), r"\{": (r"\}",), "|": ("|", r"\rvert"),
    r"\lvert": (r"\rvert",), "⌊": ("⌋", "⌉"),
}  # fmt: skip
"""Opening brackets, each with what closes it."""
OPERATIONS: Final = {"|": "abs", r"\rvert": "abs", "⌋": "floor", "⌉": "round"}
"""What the closing bracket does with what stands in it."""

# Functions.

OPERATOR_NAMES: Final = frozenset((
    "arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim",
    "exp", "gcd", "inf", "ker", "lg", "lim", "ln", "log", "max", "min", "sec", "sin", "sinh", "sup",
    "tan", "tanh", "Pr",
))  # fmt: skip
r"""Names for which LaTeX has a command, such as \sin; others are \operatorname{...}."""

OTHER_NAMES: Final = {
    "ln": "log", "lg": "log10", "tg": "tan", "ctg": "cot", "cotg": "cot", "cosec": "csc",
    "cotan": "cot", "sgn": "sign", "signum": "sign",
    "max": "maximum", "min": "minimum", "ReLU": "relu", "RELU": "relu", "Relu": "relu",
    "logistic": "sigmoid", "Sigmoid": "sigmoid", "sigma": "sigmoid", "swish": "silu",
    "SiLU": "silu", "GELU": "gelu", "ELU": "elu", "softrelu": "softplus", "Softplus": "softplus",
    "LeakyReLU": "leaky_relu", "leakyrelu": "leaky_relu",
} | {
    f"{arc}{name}": f"a{name}"
    for name in ("sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "sech", "csch",
                 "coth")
    for arc in ("arc", "ar")
    if arc == "arc" or name.endswith("h")
}  # fmt: skip
"""What else an operation of the table is called, besides its name and its notation."""

_NAMED: Final = re.compile(
    r"(?:\\operatorname\{((?:[A-Za-z0-9]|\\_)+)\}|([^#(){}]+(?:_\{?[^#(){}]+\}?)?))\(#1(?:, #2)?\)"
)


def notation_name(operation: Operation) -> str:
    r"""The name that an operation's notation applies to its inputs; empty where there is none.

    >>> notation_name(TABLE["asin"]), notation_name(TABLE["log10"]), notation_name(TABLE["sqrt"])
    ('\\arcsin', '\\log_{10}', '')
    """
    found = _NAMED.fullmatch(operation.latex)
    return (found[1] or found[2]).replace(r"\_", "_") if found else ""


@lru_cache(maxsize=512)
def names_of(operation: Operation) -> tuple[str, ...]:
    r"""All names that an operation is called by, as labels are spelled.

    >>> names_of(TABLE["asin"])
    ('asin', '\\asin', '\\arcsin', 'arcsin')
    """
    names = [operation.name, notation_name(operation)]
    if TABLE.get(operation.name) is operation:
        names += [other for other, name in OTHER_NAMES.items() if name == operation.name]
    both = [(name, name[1:] if name[:1] == "\\" else f"\\{name}") for name in names if name]
    return tuple(dict.fromkeys(spelled for pair in both for spelled in pair))


# Numbers.

NUMBER: Final = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
POWER_OF_TEN: Final = re.compile(
    r"(?:\{\*\}|\*)10\^(?:\{([+-]?[0-9]{1,4})\}|([+-]?[0-9]{1,4}))(?![0-9.^])"
)
"""What makes a number before it one in scientific notation: `\\cdot 10^{-7}`."""
VULGAR: Final = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5),
                 "⅛": (1, 8)}  # fmt: skip
LARGEST_POWER: Final = 400
"""Numbers with more digits, or a higher power of ten, are not read."""


def digits_and_power(written: str) -> tuple[str, str]:
    r"""The digits of a Number and the power of ten they are multiplied by, empty where none is.

    `2.5e7` is printed `2.5 \cdot 10^{7}` in LaTeX and `2.5·10⁷` in text.

    >>> digits_and_power("2.5e-7"), digits_and_power("0.50")
    (('2.5', '-7'), ('0.50', ''))
    """
    digits, _, power = written.partition("e")
    return digits, power
