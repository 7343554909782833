r"""One symbol, many spellings: `W_{11}^2`, `W^2_{11}`, `W_11^2` and `W₁₁²` are the same label."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.notation import signs
from autograd.notation.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping

_LONGEST: Final = 64  # signs of a script or of what stands under an accent
_MOST_SCRIPTS: Final = 4
_MOST_ACCENTS: Final = 4
_MOST_COMPARED: Final = 300  # labels, for the nearest ones
_SPOKEN_GREEK: Final = {
    name: f"\\{name}" for letter in signs.GREEK for name in (letter, letter.lower())
}
_CHANGE: Final = "Delta"  # `\\Delta w` is one symbol
_OVER: Final = {_CHANGE, *signs.ACCENTS, *signs.LETTER_FONTS}
_BASE: Final = re.compile(
    r"\\text\{(?P<word>[A-Za-z][A-Za-z0-9]*?|[0-9]+)(?P<index>[0-9]*)(?P<subs>(?:\\_[A-Za-z0-9]+)*)\}"
    r"|\\(?P<command>[A-Za-z]+) ?"
    r"|(?P<digits>[0-9]{1,4})(?=_)|(?P<run>[^\W\d_]{1,32})(?P<after>[0-9]{0,32})"
)
_ARGUMENT: Final = (
    r"\\text\{(?P<text>\w+)\}|(?P<command>\\[A-Za-z]+)|(?P<run>%s)"
    r"|(?P<one>\(\w{1,8}\)|\[\w{1,8}\]|\*|[^\W\d_])"
)
RUN: Final = re.compile(_ARGUMENT % "[A-Za-z0-9]{1,32}")
TOKEN_RUN: Final = re.compile(_ARGUMENT % "[0-9]{1,4}|[A-Za-z]")  # what a bare script of TeX takes
PLAIN_RUN: Final = re.compile(_ARGUMENT % "[0-9]{1,4}|[A-Za-z][A-Za-z0-9]{0,32}")
_BEFORE_CALL: Final = re.compile(rf"[A-Za-z]_[A-Za-z](?:{'|'.join(signs.OPERATOR_NAMES)})\(")
_CHANGED: Final = re.compile(rf"[^\W\d_]|\\(?!Delta)(?:{'|'.join(signs.GREEK)})|\\\w+\{{.*\}}")
_ANY: Final = re.compile(".*")
_ATOMS: Final = re.compile(r"\\[A-Za-z]+|\S")
_NAMING: Final = re.compile(r"|'+|[*+]|\([^()]*\)|\[[^\[\]]*\]|[A-Za-z]{2,}")


class Spelling(NamedTuple):
    r"""What all spellings of a symbol have in common: its letter with accents, and its scripts.

    >>> readings_at(r"W^2_{11} x", 0)[0]
    (Spelling(base='W', sub='11', sup='2'), 8)
    """

    base: str
    sub: str = ""
    sup: str = ""

    @property
    def label(self) -> str:
        r"""The label so spelled: `W_{11}^2`."""
        return self.base + _scripted("_", self.sub) + _scripted("^", self.sup)

    @property
    def is_name(self) -> bool:
        r"""Whether it names a symbol of itself: `w'`, `w^{new}`, `x^{(1)}` do, `x^2` is a power."""
        return _NAMING.fullmatch(self.sup) is not None and not self.base[0].isdigit()


def _scripted(sign: str, script: str) -> str:
    if not script or set(script) == {"'"}:
        return script
    return f"{sign}{script}" if len(script) == 1 and script.isalnum() else f"{sign}{{{script}}}"


Found = list[tuple[Spelling, int]]
"""Ways to read one symbol, each with where it ends."""


def readings_at(
    text: str, at: int, bases: Container[str] | None = None, runs: re.Pattern[str] = RUN
) -> Found:
    r"""Every way to read one symbol at this place of plain text; the longest first.

    Of a run of letters, only beginnings that are in `bases` count, where these are given. `runs` is
    what a script without braces may hold.

    >>> for spelling, end in readings_at(r"x^2y", 0):
    ...     print(spelling.base, spelling.sup, end)
    x 2y 4
    x 2 3
    x  1
    """
    found: Found = []
    for spelling, end, whole in _bases(text, at, bases):
        if whole:
            found += _with_scripts(text, spelling, end, runs)
        found.append((spelling, end))
    return sorted(found, key=lambda pair: -pair[1])


def new_spellings_at(text: str, at: int, *, tex: bool) -> Found:
    r"""The ways to read a new symbol; the longest first, y_hat as \hat{y}.

    In TeX a script without braces takes one letter, or the digits that follow: `a_ka` is a_k a. In
    plain text it takes a word: `w_new`.

    >>> [end for _, end in new_spellings_at("a_ka_i", 0, tex=True)]
    [3, 1]
    """
    runs = TOKEN_RUN if tex or _BEFORE_CALL.match(text, at) else PLAIN_RUN
    found = readings_at(text, at, None, runs)
    return sorted(found, key=lambda pair: (-pair[1], pair[0].base[0] != "\\"))


@lru_cache(maxsize=65536)  # more than a page of a megabyte has
def _named(name: str) -> tuple[str, tuple[Spelling, ...]]:
    """A name in plain text, and the ways to read it as one symbol."""
    text = plain(name).text
    return text, _whole(text)


@lru_cache(maxsize=65536)
def _whole(text: str) -> tuple[Spelling, ...]:
    return tuple(spelling for spelling, end in readings_at(text, 0) if end == len(text))


def spellings_at(text: str, at: int) -> Found:
    r"""Every way to read one symbol at this place of any text; the longest first."""
    written = plain(text[at : at + 4 * _LONGEST])
    found = readings_at(written.text, 0)
    return [(spelling, at + written.place(0, end)[1]) for spelling, end in found]


def spellings_of(label: str) -> list[Spelling]:
    r"""The ways to read a whole label as one symbol, the plainest first; none for other text.

    >>> spellings_of("y_hat")
    [Spelling(base='y', sub='hat', sup=''), Spelling(base='\\hat{y}', sub='', sup='')]
    """
    text = plain(label).text
    is_word = label.strip().isalpha()  # σx, whatever its letters
    return [*_whole(text)] or ([Spelling(text)] if is_word else [])


def spelling_of(label: str) -> Spelling:
    r"""The plainest way to read a whole label as one symbol; other text is a base by itself.

    >>> spelling_of(r"W_{11}^2").sub, spelling_of("f(x)").base
    ('11', 'f(x)')
    """
    return next(iter(_whole(plain(label).text)), Spelling(label))


class Labels:
    r"""The known labels, found in plain text in any of their spellings, and other names for them.

    `aliases` maps further spellings to labels: `{"i_q": "x_{i1}"}`.

    >>> labels = Labels(["W_{11}^2", "O_{11}"], {"0_{11}": "O_{11}"})
    >>> labels.match("W^2_{11} 0_{11}", 0), labels.find("0₁₁")
    (('W_{11}^2', 8), 'O_{11}')
    """

    def __init__(self, labels: Iterable[str], aliases: Mapping[str, str] | None = None) -> None:
        self.names = tuple(dict.fromkeys(label for label in labels if label.strip()))
        self._by_spelling: dict[Spelling, list[tuple[str, str]]] = {}
        self._by_base: dict[str, list[Spelling]] = {}
        self._literal: dict[str, list[tuple[str, str]]] = {}
        for name, label in [*((name, name) for name in self.names), *(aliases or {}).items()]:
            written, spellings = _named(name)
            for spelling in spellings:
                self._by_base.setdefault(spelling.base, []).append(spelling)
                self._by_spelling.setdefault(spelling, []).append((name.strip(), label))
            if not spellings and (written[0] == "#" or any(c.isalpha() for c in written)):
                entries = self._literal.setdefault(written[0], [])  # no symbol, such as `f(x)`
                entries.append((written, label))
                entries.sort(key=lambda entry: -len(entry[0]))

    @property
    def bases(self) -> Collection[str]:
        """The letters and words of the known labels, without scripts."""
        return self._by_base.keys()

    def match(self, text: str, at: int) -> tuple[str, int] | None:
        """The longest known label at this place, and where it ends; None where there is none."""
        literal = self.literal(text, at)
        for spelling, end in readings_at(text, at, self._by_base):
            label = self.spelled(spelling, partial(str, text[at:end]))
            if label is not None:
                return literal if literal and literal[1] > end else (label, end)
        return literal

    def literal(self, text: str, at: int) -> tuple[str, int] | None:
        """The known label at this place that is no single symbol, such as `f(x)`."""
        for written, label in self._literal.get(text[at : at + 1], ()):
            if text.startswith(written, at):
                return label, at + len(written)
        return None

    def spelled(self, spelling: Spelling, written: Callable[[], str] = str) -> str | None:
        """The label so spelled; of labels that differ only in spelling, the one so written."""
        entries = self._by_spelling.get(spelling)
        if entries is None or len(entries) == 1:
            return entries[0][1] if entries else None
        as_written = written()
        return next((label for exact, label in entries if exact == as_written), entries[0][1])

    def find(self, written: str) -> str | None:
        """The label that the whole of `written` stands for, if any."""
        text = plain(written).text
        found = self.match(text, 0)
        return found[0] if found and found[1] == len(text) else None

    def nearest(self, written: str) -> tuple[str, ...]:
        """Up to three known labels that look like `written`."""
        alike = self.names
        if len(alike) > _MOST_COMPARED:
            start = written.lstrip("\\")[:1]
            alike = tuple(name for name in alike if name.lstrip("\\")[:1] == start)
        return tuple(difflib.get_close_matches(written[:60], alike[:_MOST_COMPARED], 3, 0.5))

    def is_indexed(self, spelling: Spelling, indices: Collection[str]) -> bool:
        """Whether a known label is so spelled with numbers for the letters that are indices.

        >>> Labels(["W_{12}"]).is_indexed(Spelling("W", "ij"), {"i", "j"})
        True
        """
        patterns = [_indexed(script, indices) for script in spelling[1:]]
        if patterns == [re.escape(script) for script in spelling[1:]]:
            return False
        sub, sup = map(re.compile, patterns)
        return any(
            sub.fullmatch(known.sub) and sup.fullmatch(known.sup)
            for known in self._by_base.get(spelling.base, ())
        )

    def index_numbers(self) -> list[int]:
        """Every whole number that occurs in the scripts of known labels, in order."""
        numbers: set[int] = set()
        for spelling in self._by_spelling:
            for digits in re.findall(r"\d{1,6}", f"{spelling.sub} {spelling.sup}"):
                numbers.add(int(digits))
                numbers.update(map(int, digits))
        return sorted(numbers)


def atoms_of(script: str) -> list[str]:
    """The letters, digits, commands and signs that a script holds."""
    return _ATOMS.findall(script)


def _indexed(script: str, indices: Collection[str]) -> str:
    """What a script is with numbers for its indices, as a pattern; t-1 is a number too."""
    atoms = atoms_of(script)
    if len(atoms) == 3 and atoms[0] in indices and atoms[1] in "+-":
        return r"\d{1,6}"
    return "".join(r"\d{1,6}" if atom in indices else re.escape(atom) for atom in atoms)


# The base of a symbol: a letter, a word, a command, with accents.


def _bases(
    text: str, at: int, bases: Container[str] | None = None, depth: int = 0
) -> list[tuple[Spelling, int, bool]]:
    """Readings of the base, where each ends, and whether scripts may follow there."""
    if text.startswith("{", at):  # {W_{11}^2}_{new}, a script of the whole symbol
        end = _closing_brace(text, at)
        if not (end and text.startswith("_", end + 1)):
            return []
        return [(inner, end + 1, True) for inner in _whole(text[at + 1 : end])]
    found = _BASE.match(text, at)
    if found is None or depth > _MOST_ACCENTS:
        return []
    end = found.end()
    if word := found["word"]:
        scripts = [found["index"], *found["subs"].split(r"\_")[1:]]
        return [(Spelling(word, ",".join(filter(None, scripts))), end, True)]
    if digits := found["digits"]:  # as scans have `0_{11}` for O_{11}
        return [(Spelling(digits), end, True)]
    if command := found["command"]:
        is_letter = command not in _OVER or command == _CHANGE
        alone = [(Spelling(f"\\{command}"), found.end("command"), True)] if is_letter else []
        return [*(_accented(text, end, command, depth) if command in _OVER else ()), *alone]
    run, digits, end = found["run"], found["after"], found.end("run")
    readings = [(Spelling(base), end, not digits) for base in _spoken(run)]
    if digits:
        readings += [(Spelling(base, digits), found.end(), True) for base in _spoken(run)]
    shorter = ((run[:size], at + size) for size in range(len(run) - 1, 0, -1))
    readings += [(Spelling(b), end, False) for b, end in shorter if bases is None or b in bases]
    return readings


def _spoken(word: str) -> list[str]:
    r"""A word as written, and what it says: `yhat` is \hat{y}, `eta` is \eta."""
    accented = [
        rf"\{accent}{{{word.removesuffix(accent)}}}"
        for accent in signs.SPOKEN_ACCENTS
        if word.endswith(accent) and word != accent
    ]
    return [word, *accented, *([f"\\{word}"] if word in _SPOKEN_GREEK else [])]


def _accented(text: str, at: int, command: str, depth: int) -> list[tuple[Spelling, int, bool]]:
    r"""`\hat{y}`, `\hat y`, `\hat{y_1}`, `\Delta w`; scripts within count as without."""
    if text.startswith("{", at):
        end = _closing_brace(text, at)
        found = [(spelling, end + 1) for spelling in _whole(text[at + 1 : end])[:1]] if end else []
    elif text[at : at + 1].isalpha():
        found = [(Spelling(text[at]), at + 1)]
    else:
        found = [(spelling, end) for spelling, end, _ in _bases(text, at, (), depth + 1)[:1]]
    may_be = _CHANGED if command == _CHANGE else _ANY
    return [
        (spelling._replace(base=_over(command, spelling.base)), end, True)
        for spelling, end in found
        if may_be.fullmatch(spelling.base)
    ]


def _over(command: str, base: str) -> str:
    if command == _CHANGE:
        return rf"\Delta {base}" if base[0].isalpha() else rf"\Delta{base}"
    opening = rf"\{command}{{"  # once in \boldsymbol{{\mathbf{{x}}}}
    return base if base.startswith(opening) else f"{opening}{base}}}"


# Scripts.


def _with_scripts(text: str, start: Spelling, end: int, runs: re.Pattern[str]) -> Found:
    """The symbol with one script after it, with two, and so on; the longest first."""
    found: Found = []
    spelling = start
    for _ in range(_MOST_SCRIPTS):
        readings = _script(text, end, runs)
        if not readings:
            break
        kind = "_" if text[end] == "_" else "^"
        further = [(_extended(spelling, kind, script), at) for script, at in readings]
        script, at = readings[0]
        if kind == "_" and script in signs.SPOKEN_ACCENTS and not spelling.sub:
            # `y_hat`, and `y_hat_1` with it: both as written and as \hat{y}.
            accented = Spelling(rf"\{script}{{{spelling.base}}}", "", spelling.sup)
            further.insert(1, (accented, at))
            further[1:1] = _with_scripts(text, accented, at, runs)
        found[:0] = further
        spelling, end = further[0]
    return found


def _extended(spelling: Spelling, kind: str, script: str) -> Spelling:
    if kind == "_":
        return spelling._replace(sub=f"{spelling.sub},{script}" if spelling.sub else script)
    comma = "," if spelling.sup and script != "'" else ""
    return spelling._replace(sup=f"{spelling.sup}{comma}{script}")


def _script(text: str, at: int, runs: re.Pattern[str]) -> list[tuple[str, int]]:
    """What the script that stands here may hold, and where that ends; the longest first."""
    sign = text[at : at + 1]
    if sign == "'":
        return [("'", at + 1)]
    if sign not in ("_", "^") or not sign:
        return []
    at += 1
    if text.startswith("{", at):
        end = _closing_brace(text, at)
        return [(_content(text[at + 1 : end]), end + 1)] if end else []
    found = (runs if sign == "_" or runs is RUN else TOKEN_RUN).match(text, at)
    if found is None:
        return []
    if found["run"] and runs is RUN:
        return [(text[at:end], end) for end in range(found.end(), at, -1)]
    return [(found[found.lastgroup or 0], found.end())]


def _closing_brace(text: str, at: int) -> int:
    """Where the brace opened at `at` is closed, at most two scripts' length on; 0 for nowhere."""
    depth = 0
    for place in range(at, min(len(text), at + _LONGEST)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place
    return 0


def _content(script: str) -> str:
    r"""A script without spaces, braces and wrappers: `{\text{new}}` holds `new`."""
    content = ""
    for atom in atoms_of(re.sub(r"\\text(?![A-Za-z])|[{}]", " ", script)):
        held = "T" if atom == r"\top" else atom
        is_command = content.rpartition("\\")[2].isalpha() and "\\" in content
        content += f" {held}" if is_command and held[0].isalpha() else held
    return content
