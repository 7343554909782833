r"""A page of hand derivations marked line by line: right, wrong, or not read."""

from __future__ import annotations

from autograd.marking.equations import read_equations
from autograd.marking.frontmatter import PageError, read_settings
from autograd.marking.marker import Marker
from autograd.marking.page import read_page
from autograd.marking.report import Report
from autograd.marking.symbols import suggestions
from autograd.notation import to_unicode


def grade(text: str, *, settings: str = "", settings_name: str = "settings") -> Report:
    r"""Marks a page of derivations: Markdown, LaTeX or plain text.

    Definitions (`L = (y - p)^2`) and values (`y = 3`) on the page make a graph; every other
    equation is a claim, each link of `A = B = C` by itself. Formulas are right where they agree at
    random points, numbers where they agree to the digits given. What is not surely a claim, or not
    surely wrong, is not read, and the reason is given. `settings` is what is said of the page
    beside it: other spellings of its symbols, and what is given, as in the front matter of a page;
    `settings_name` is for error messages.

    Raises PageError for a page without formulas, or for settings that cannot be used.

    >>> report = grade("p = w x + b, L = (y - p)^2, dL/dp = -2(y - p), dL/dw = -2(y - p)")
    >>> [entry.verdict for entry in report.entries if entry.kind == "claim"]
    ['right', 'wrong']
    >>> report.wrong[0].answer
    '-2(y - p) x'
    """
    page = read_page(text)
    beside = read_settings(settings, name=settings_name) if settings.strip() else None
    said = page.settings.merged(beside) if beside else page.settings
    if not page.statements:
        raise PageError(
            "there is no formula on the page",
            hint="formulas stand between dollars or in lines of their own, as dL/dw = -2(y - p) x",
        )
    labels, equations = read_equations(page, said)
    marker = Marker(equations, labels.names)
    found = suggestions([side.text for each in equations for side in each.sides], labels)
    told = ", ".join(f"{to_unicode(zero)} is {to_unicode(label)}" for zero, label in found.items())
    hint = f"Perhaps {told}? Say so in a file for --aliases: a line `0_{{11}}: O_{{11}}` each"
    return Report(tuple(marker.entries()), marker.mentions, page.passed, (hint,) if told else ())
