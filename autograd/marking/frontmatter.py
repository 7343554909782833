r"""What is said about a page beforehand: other spellings of its symbols, and what is given.

It stands at the top of the page between two lines `---`, or without these in a file of its own:

    aliases:
      0_{11}: O_{11}
      i_q: x_{i1}
    given:
      - O_{11} = W_{11}^1 x_{i1} + W_{21}^1 x_{i2} + b_{11}
      - y = 3

`aliases` has a line for each spelling on the page and the symbol it stands for; `given` has
definitions and values that the page itself does not write down. Lines that begin with `#` are
remarks. At the top of a page other keys (a title, a date) are for other programs and passed over.
This is a small part of YAML, and nothing but this part is read.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from autograd.errors import ChalkgradError

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY: Final = re.compile(r"([A-Za-z][\w -]*?)\s*:(?:\s+(.*))?$")
_FORMS: Final = {  # of the entries under each key: what they look like, and that in words
    "aliases": (
        re.compile(r"(.+?)\s*:\s+(.+)$"),
        "an alias is a line `  0_{11}: O_{11}`: the spelling, then what it stands for",
    ),
    "given": (
        re.compile(r"-\s+(.+)$"),
        "what is given is a line `  - y = 3`: a dash and a definition or a value",
    ),
}


class PageError(ChalkgradError, ValueError):
    """A page, or what is said about it beforehand, cannot be used."""


class Given(NamedTuple):
    """A definition or a value that is given, and where: "front matter, line 5"."""

    text: str
    line: int
    where: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What is said of a page: other spellings by what they stand for, and what is given."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    given: tuple[Given, ...] = ()

    def merged(self, other: Settings) -> Settings:
        """These and then those of `other`, whose aliases win."""
        return Settings({**self.aliases, **other.aliases}, self.given + other.given)


def front_matter(text: str) -> tuple[str, int]:
    r"""The front matter of a page without its dashes, and how many lines it takes up with them.

    >>> front_matter("---\ntitle: Notes\n---\n# Notes\n")
    ('title: Notes', 3)
    """
    lines = text.split("\n")
    mark = lines[0].rstrip()
    for number, line in enumerate(lines[1:] if mark in ("---", "+++") else (), start=1):
        if line.rstrip() in (mark, "..."):
            return "\n".join(lines[1:number]) if mark == "---" else "", number + 1
    return "", 0


def read_settings(text: str, *, name: str = "", first_line: int = 1) -> Settings:
    r"""Reads what is said about a page; `name` and `first_line` are for error messages.

    With a `name`, as a file of its own has, unknown keys are an error; in front matter they are
    passed over, unless they look like a misspelling. Raises PageError with the line.

    >>> read_settings("aliases:\n  i_q: x_{i1}\ngiven:\n  - y = 3").given[0].text
    'y = 3'
    """
    aliases: dict[str, str] = {}
    given: list[Given] = []
    key = ""
    for number, line in enumerate(text.split("\n"), start=first_line):
        where, entry = f"{name or 'front matter'}, line {number}", line.strip()
        if not entry or entry.startswith("#"):
            continue
        if not line[0].isspace() and not line.startswith("- "):
            key = _key(entry, where, strict=bool(name))
        elif key in _FORMS:
            form, hint = _FORMS[key]
            found = form.match(entry)
            if found is None:
                raise PageError(f"{where}: {entry!r} is no entry of {key!r}", hint=hint)
            first, *rest = (re.sub(r"""^(["'])(.*)\1$""", r"\2", part) for part in found.groups())
            if key == "given":
                given.append(Given(first, number, where))
            elif aliases.setdefault(first, *rest) != rest[0]:
                raise PageError(
                    f"{where}: {first} is to stand for {aliases[first]} and for {rest[0]}",
                    hint="give each spelling one symbol",
                )
        elif not key and name:
            raise PageError(
                f"{where}: {entry!r} belongs to nothing", hint="begin with `aliases:` or `given:`"
            )
    return Settings(aliases, tuple(given))


def _key(line: str, where: str, *, strict: bool) -> str:
    """The key on a line; one that is for other programs is passed over."""
    found = _KEY.match(line)
    word = found[1] if found else line
    near = difflib.get_close_matches(word, _FORMS, n=1, cutoff=0.6)
    if word not in _FORMS and (near or strict):
        hint = f"did you mean `{near[0]}:`?" if near else "the keys are `aliases:`, `given:`"
        raise PageError(f"{where}: {word!r} is no key", hint=hint)
    if word in _FORMS and found and found[2]:
        raise PageError(
            f"{where}: the entries of {word!r} go on lines of their own", hint=_FORMS[word][1]
        )
    return word
