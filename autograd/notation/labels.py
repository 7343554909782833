r"""One symbol, many spellings: `W_{11}^2`, `W^2_{11}`, `W_11^2` and `W₁₁²` are the same label."""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.notation import signs

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Mapping

_LONGEST: Final = 32  # letters of a word, characters of a script: enough for any symbol
_MOST_SCRIPTS: Final = 4
_MOST_ACCENTS: Final = 4
_MOST_COMPARED: Final = 300  # labels, for the nearest ones
_DIGITS: Final = "0123456789"
_CHANGE: Final = r"\Delta"  # `\Delta w` is one symbol
_OVER: Final = {
    **{name: name for name in signs.ACCENTS},
    **signs.OTHER_ACCENTS,
    **signs.LETTER_FONTS,
}
_SPOKEN_GREEK: Final = {
    name: f"\\{name}" for letter in signs.GREEK for name in (letter, letter.lower())
}
_OWN_COMMANDS: Final = {"ℓ": r"\ell", "ℏ": r"\hbar"}  # letters in another print, but not the same

_COMMAND: Final = re.compile(r"\\([A-Za-z]+)")
_SPACE: Final = re.compile(r"(?:\s|~|\\[,;:! ])*")
_THIN: Final = re.compile(r"\\[,;:! ]")
_WORDS: Final = re.compile(rf"\\(?:{'|'.join(signs.WORD_FONTS)})(?![A-Za-z])\s*")
_GROUPED_WORDS: Final = re.compile(
    _WORDS.pattern
    + r"\{\s*([A-Za-z][A-Za-z0-9 ]{0,40}|[0-9][0-9 ]{0,8})((?:\\_[A-Za-z0-9]{1,40}){0,3})"
    r"\s*\}"
)
_RUN: Final = re.compile(rf"[A-Za-z0-9]{{1,{_LONGEST}}}")
_TOKEN_RUN: Final = re.compile(r"[0-9]{1,4}|[A-Za-z]")  # what a bare script of TeX takes
_PLAIN_RUN: Final = re.compile(rf"[0-9]{{1,4}}|[A-Za-z][A-Za-z0-9]{{0,{_LONGEST}}}")
_BEFORE_CALL: Final = re.compile(rf"[A-Za-z]_[A-Za-z](?:{'|'.join(signs.OPERATOR_NAMES)})\s*\(")
_ASCII_RUN: Final = re.compile(rf"[A-Za-z]{{1,{_LONGEST}}}(?![^\x00-\x7f]|[A-Za-z])")
_BRACKETED: Final = re.compile(r"\(\w{1,8}\)|\[\w{1,8}\]")
_INDEXED_DIGITS: Final = re.compile(r"\d{1,4}(?=\s*_)")
_ATOMS: Final = re.compile(r"\\[A-Za-z]+|\S")
_NAMING: Final = re.compile(r"|'+|[*+]|\([^()]*\)|\[[^\[\]]*\]|[A-Za-z]{2,}")


class Spelling(NamedTuple):
    r"""What all spellings of a symbol have in common: its letter with accents, and its scripts.

    >>> next(spellings_at(r"W^2_{11} x", 0))
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
        return _NAMING.fullmatch(self.sup) is not None and self.base[0] not in _DIGITS


def _scripted(sign: str, script: str) -> str:
    if not script or set(script) == {"'"}:
        return script
    return f"{sign}{script}" if len(script) == 1 and script.isalnum() else f"{sign}{{{script}}}"


def spellings_at(
    text: str, at: int, bases: Container[str] | None = None, runs: re.Pattern[str] = _RUN
) -> Iterator[tuple[Spelling, int]]:
    r"""Every way to read one symbol at this place, each with where it ends; the longest first.

    Of a run of letters, only beginnings that are in `bases` count, where these are given. `runs` is
    what a script without braces may hold.

    >>> for spelling, end in spellings_at(r"x^2y", 0):
    ...     print(spelling.base, spelling.sup, end)
    x 2y 4
    x 2 3
    x  1
    """
    found: list[tuple[Spelling, int]] = []
    for spelling, end, whole in _bases_at(text, at, bases):
        if whole:
            found.extend(_with_scripts(text, spelling, end, runs))
        found.append((spelling, end))
    found.sort(key=lambda pair: -pair[1])
    return iter(found)


def new_spellings_at(text: str, at: int, *, tex: bool) -> Iterator[tuple[Spelling, int]]:
    r"""The ways to read a new symbol; the longest first, y_hat as \hat{y}.

    In TeX a script without braces takes one letter, or the digits that follow: `a_ka` is a_k a. In
    plain text it takes a word: `w_new`.

    >>> [end for _, end in new_spellings_at("a_ka_i", 0, tex=True)]
    [3, 1]
    """
    runs = _TOKEN_RUN if tex or _BEFORE_CALL.match(text, at) else _PLAIN_RUN
    found = spellings_at(text, at, None, runs)
    return iter(sorted(found, key=lambda pair: (-pair[1], pair[0].base[0] != "\\")))


def spellings_of(label: str) -> list[Spelling]:
    r"""The ways to read a whole label as one symbol, the plainest first; none for other text.

    >>> spellings_of("y_hat")
    [Spelling(base='y', sub='hat', sup=''), Spelling(base='\\hat{y}', sub='', sup='')]
    """
    label = label.strip()
    return [spelling for spelling, end in spellings_at(label, 0) if end == len(label)]


@lru_cache(maxsize=4096)
def spelling_of(label: str) -> Spelling:
    r"""The plainest way to read a whole label as one symbol; other text is a base by itself.

    >>> spelling_of(r"W_{11}^2").sub, spelling_of("f(x)").base
    ('11', 'f(x)')
    """
    return next(iter(spellings_of(label)), Spelling(label))


class Labels:
    r"""The known labels, found in text in any of their spellings, and other names for them.

    `aliases` maps further spellings to labels: `{"i_q": "x_{i1}"}`.

    >>> labels = Labels(["W_{11}^2", "O_{11}"], {"0_{11}": "O_{11}"})
    >>> labels.match("W^2_{11} 0_{11}", 0), labels.match("W^2_{11} 0_{11}", 9)
    (('W_{11}^2', 8), ('O_{11}', 15))
    """

    def __init__(self, labels: Iterable[str], aliases: Mapping[str, str] | None = None) -> None:
        self.names = tuple(dict.fromkeys(label for label in labels if label.strip()))
        self._by_spelling: dict[Spelling, list[tuple[str, str]]] = {}
        self._by_base: dict[str, list[Spelling]] = {}
        self._literal: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        names = [(name, name) for name in self.names] + list((aliases or {}).items())
        for written, label in names:
            self._enter(written.strip(), label)

    def _enter(self, written: str, label: str) -> None:
        spellings = spellings_of(written)
        for spelling in spellings:
            self._by_base.setdefault(spelling.base, []).append(spelling)
            self._by_spelling.setdefault(spelling, []).append((written, label))
        if not spellings and (written[0] == "#" or any(c.isalpha() for c in written)):
            # No single symbol, such as `f(x)`: found as it is written, but for spaces.
            squeezed = "".join(written.split())
            words = re.findall(r"\w+|\W", squeezed)
            pattern = re.compile(r"\s*".join(map(re.escape, words)))
            entries = self._literal.setdefault(squeezed[0], [])
            entries.append((pattern, label))
            entries.sort(key=lambda entry: -len(entry[0].pattern))

    def match(self, text: str, at: int) -> tuple[str, int] | None:
        """The longest known label at this place, and where it ends; None where there is none."""
        for spelling, end in spellings_at(text, at, self._by_base):
            label = self.spelled(spelling, text[at:end])
            if label is not None:
                literal = self.literal(text, at)
                return literal if literal and literal[1] > end else (label, end)
        return self.literal(text, at)

    @property
    def bases(self) -> Collection[str]:
        """The letters and words of the known labels, without scripts."""
        return self._by_base.keys()

    def literal(self, text: str, at: int) -> tuple[str, int] | None:
        """The known label at this place that is no single symbol, such as `f(x)`."""
        for pattern, label in self._literal.get(text[at : at + 1], ()):
            found = pattern.match(text, at)
            if found:
                return label, found.end()
        return None

    def spelled(self, spelling: Spelling, written: str = "") -> str | None:
        """The label so spelled; of labels that differ only in spelling, the one so written."""
        entries = self._by_spelling.get(spelling)
        if entries is None:
            return None
        return next((label for exact, label in entries if exact == written), entries[0][1])

    def find(self, written: str) -> str | None:
        """The label that the whole of `written` stands for, if any."""
        found = self.match(written.strip(), 0)
        return found[0] if found and found[1] == len(written.strip()) else None

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


def skip_space(text: str, at: int) -> int:
    r"""The place after spaces, `~`, `\\,`, `\\;` and the like."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def is_letter(text: str, at: int) -> bool:
    """Whether a letter stands at this place, neither raised nor lowered."""
    return at < len(text) and text[at].isalpha() and not script_of(text[at])


def word_end(text: str, at: int) -> int:
    """Where the run of letters that begins at `at` ends."""
    while is_letter(text, at):
        at += 1
    return at


# The base of a symbol: a letter, a word, a command, with accents.


def _bases_at(
    text: str, at: int, bases: Container[str] | None
) -> Iterator[tuple[Spelling, int, bool]]:
    """Readings of the base, where each ends, and whether scripts may follow there."""
    if at >= len(text):
        return
    words = _GROUPED_WORDS.match(text, at)
    if words:
        word = "".join(words[1].split())
        base = word.rstrip(_DIGITS) or word
        subs = [word[len(base) :], *words[2].split(r"\_")[1:]]
        yield Spelling(base, ",".join(filter(None, subs))), words.end(), True
        return
    if text[at] == "{":  # {W_{11}^2}_{new}, a script of the whole symbol
        end = _closing_brace(text, at)
        if end and text.startswith("_", skip_space(text, end + 1)):
            for inner in spellings_of(text[at + 1 : end]):
                yield inner, end + 1, True
        return
    command = _COMMAND.match(text, at)
    if command:
        if command[0] == _CHANGE:
            yield from _changes_at(text, command.end(), bases)
        if accented := _accented(text, at):
            yield *accented, True
    elif text[at] in _DIGITS:
        digits = _INDEXED_DIGITS.match(text, at)  # as scans have `0_{11}` for O_{11}
        if digits:
            yield Spelling(digits[0]), digits.end(), True
    else:
        yield from _words_at(text, at, bases)


def _changes_at(
    text: str, at: int, bases: Container[str] | None
) -> Iterator[tuple[Spelling, int, bool]]:
    r"""The symbols `\Delta w`, of what stands after the \Delta: a letter or its command."""
    at = skip_space(text, at)
    letter, command = _letter(text, at), _COMMAND.match(text, at)
    if letter:
        yield Spelling(_joined(_CHANGE, letter[0])), letter[1], True
    elif command and command[0] != _CHANGE and (command[1] in signs.GREEK or command[1] in _OVER):
        for inner, end, whole in _bases_at(text, at, bases):
            yield inner._replace(base=_joined(_CHANGE, inner.base)), end, whole


def _words_at(
    text: str, at: int, bases: Container[str] | None
) -> Iterator[tuple[Spelling, int, bool]]:
    """A run of letters as one word, with digits for an index (`x1`), and its beginnings."""
    names, ends = _letters(text, at)
    if not names:
        return
    end = digits = ends[-1]
    while digits < len(text) and text[digits] in _DIGITS and digits - end < _LONGEST:
        digits += 1
    for base in _spoken(names[-1]):
        if digits > end:
            yield Spelling(base, text[end:digits]), digits, True
        yield Spelling(base), end, digits == end
    for name, place in zip(names[-2::-1], ends[-2::-1], strict=True):
        if bases is None or name in bases:
            yield Spelling(name), place, False


def _letters(text: str, at: int) -> tuple[list[str], list[int]]:
    """The run of letters at a place: each of its beginnings, and where that ends."""
    run = _ASCII_RUN.match(text, at)
    if run:
        ends = [*range(at + 1, run.end() + 1)]
        return [text[at:end] for end in ends], ends
    names: list[str] = []
    ends = []
    end = at
    while len(names) < _LONGEST and (letter := _letter(text, end)):
        end = letter[1]
        names.append(_joined(names[-1] if names else "", letter[0]))
        ends.append(end)
    return names, ends


def _joined(before: str, after: str) -> str:
    r"""Two pieces of LaTeX side by side: \eta and i are `\eta i`."""
    command = before.rpartition("\\")[2] if "\\" in before else ""
    return f"{before} {after}" if command.isalpha() and after[:1].isalpha() else before + after


def _spoken(word: str) -> list[str]:
    r"""A word as written, and what it says: `yhat` is \hat{y}, `eta` is \eta."""
    readings = [word]
    for accent in signs.SPOKEN_ACCENTS:
        letter = word.removesuffix(accent)
        if letter not in ("", word):
            readings.append(rf"\{accent}{{{letter}}}")
    if word in _SPOKEN_GREEK:
        readings.append(f"\\{word}")
    return readings


def _accented(text: str, at: int, depth: int = 1) -> tuple[Spelling, int] | None:
    r"""`\hat{y}`, `\hat y`, `\hat{y_1}`, `\hat{\mathbf{x}}`; scripts within count as without."""
    command = _COMMAND.match(text, at)
    if command is None or depth > _MOST_ACCENTS:
        return None
    if command[1] not in _OVER:
        return Spelling("\\" + signs.VARIANTS.get(command[1], command[1])), command.end()
    found: tuple[Spelling, int] | None
    at = skip_space(text, command.end())
    if text[at : at + 1] == "{":
        end = _closing_brace(text, at)
        inner = spellings_of(text[at + 1 : end])[:1]
        found = (inner[0], end + 1) if inner else None
    elif letter := _letter(text, at):
        found = Spelling(letter[0]), letter[1]
    else:
        found = _accented(text, at, depth + 1)
    if found is None:
        return None
    spelling, end = found
    opening = rf"\{_OVER[command[1]]}{{"
    if spelling.base.startswith(opening):  # \boldsymbol{\mathbf{x}}
        return found
    return spelling._replace(base=f"{opening}{spelling.base}}}"), end


def _letter(text: str, at: int) -> tuple[str, int] | None:
    """One letter, its accents composed or following, and where it ends."""
    plain = _plain_letter(text[at]) if at < len(text) else None
    if plain is None:
        return None
    letter, marks = plain
    at += 1
    while at < len(text) and text[at] in signs.MARKS and len(marks) < _MOST_ACCENTS:
        marks += text[at]
        at += 1
    for mark in marks:
        letter = rf"\{signs.MARKS[mark]}{{{letter}}}"
    return letter, at


@lru_cache(maxsize=4096)
def _plain_letter(char: str) -> tuple[str, str] | None:
    r"""A letter without its accents, and these: ('y', hat) for ŷ; `\eta` for η."""
    if char.isascii():
        return (char, "") if char.isalpha() else None
    if char in _OWN_COMMANDS:
        return _OWN_COMMANDS[char], ""
    if not char.isalpha() or script_of(char):
        return None
    if unicodedata.decomposition(char).startswith("<"):  # the same letter in another print
        char = unicodedata.normalize("NFKC", char)
    name = unicodedata.name(char[0], "").split()
    if name[:1] == ["GREEK"] and name[2:3] == ["LETTER"] and len(name) == 4:
        spoken = name[3].lower().replace("lamda", "lambda").replace("final", "sigma")
        return "\\" + (spoken.capitalize() if name[1] == "CAPITAL" else spoken), ""
    composed = unicodedata.normalize("NFD", char)
    letter, marks = composed[:1], composed[1:]
    return (letter, marks) if all(mark in signs.MARKS for mark in marks) else (char, "")


# Scripts.


def _with_scripts(
    text: str, start: Spelling, end: int, runs: re.Pattern[str]
) -> list[tuple[Spelling, int]]:
    """The symbol with one script after it, with two, and so on; the longest first."""
    found: list[tuple[Spelling, int]] = []
    spelling = start
    for _ in range(_MOST_SCRIPTS):
        readings = _script(text, end, runs)
        if not readings:
            break
        further = [(_extended(spelling, kind, script), at) for kind, script, at in readings]
        kind, script, at = readings[0]
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
        joined = f"{spelling.sub},{script}" if spelling.sub else script
        return Spelling(spelling.base, joined, spelling.sup)
    comma = "," if spelling.sup and script != "'" else ""
    return Spelling(spelling.base, spelling.sub, f"{spelling.sup}{comma}{script}")


def _script(text: str, at: int, runs: re.Pattern[str]) -> list[tuple[str, str, int]]:
    """The script that stands here: `_` or `^`, what it holds, its end; the longest first."""
    at = skip_space(text, at)
    char = text[at : at + 1]
    if char in signs.PRIMES and char:
        return [("^", signs.PRIMES[char], at + 1)]
    if char and (raised := script_of(char)):
        kind, held = raised
        end = at + 1
        while (more := script_of(text[end : end + 1])) and more[0] == kind and end - at < _LONGEST:
            held += more[1]
            end += 1
        return [(kind, held, end)]
    if char in ("_", "^") and char:
        runs = runs if char == "_" or runs is _RUN else _TOKEN_RUN
        return [(char, held, end) for held, end in _script_argument(text, at + 1, runs)]
    return []


def _script_argument(text: str, at: int, runs: re.Pattern[str]) -> list[tuple[str, int]]:
    at = skip_space(text, at)
    char = text[at : at + 1]
    if char == "{":
        end = _closing_brace(text, at)
        return [(_content(text[at + 1 : end]), end + 1)] if end else []
    words = _GROUPED_WORDS.match(text, at)
    if words:
        return [("".join(words[1].split()), words.end())]
    command = _COMMAND.match(text, at)
    if command:
        return [(_content(command[0]), command.end())]
    run = runs.match(text, at)
    if run:
        shortest = at if runs is _RUN else run.end() - 1
        return [(text[at:end], end) for end in range(run.end(), shortest, -1)]
    bracketed = _BRACKETED.match(text, at)
    if bracketed:
        return [(bracketed[0], bracketed.end())]
    if char == "*":
        return [("*", at + 1)]
    letter = _letter(text, at)
    return [letter] if letter else []


def _closing_brace(text: str, at: int) -> int:
    """Where the brace opened at `at` is closed, at most two scripts' length on; 0 for nowhere."""
    depth = 0
    for place in range(at, min(len(text), at + 2 * _LONGEST)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
    return 0


def _content(script: str) -> str:
    r"""A script without spaces, braces and wrappers: `{\text{new}}` holds `new`."""
    script = _THIN.sub("", _WORDS.sub("", script))
    content = ""
    for atom in _ATOMS.findall(script):
        if atom in "{}~" or atom in (r"\left", r"\right"):
            continue
        if atom.startswith("\\") and len(atom) > 1:
            name = signs.VARIANTS.get(atom[1:], atom[1:])
            held = {"prime": "'", "star": "*", "ast": "*", "top": "T"}.get(name, "\\" + name)
        else:
            letter = None if atom.isascii() else _plain_letter(atom)
            held = signs.PRIMES.get(atom, atom) if letter is None else letter[0]
        content = _joined(content, held)
    return content


@lru_cache(maxsize=4096)
def script_of(char: str) -> tuple[str, str] | None:
    """Which script a raised or lowered character is, and of what: ('^', '2') for ²."""
    kind, _, code = unicodedata.decomposition(char).partition(" ") if char else ("", "", "")
    if kind not in ("<sub>", "<super>") or " " in code:
        return None
    held = chr(int(code, 16)).replace("\u2212", "-")
    return ("_" if kind == "<sub>" else "^"), held


def unscripted(text: str) -> str:
    """What raised or lowered characters are on the line: -7 for ⁻⁷."""
    return "".join(script[1] for script in map(script_of, text) if script)
