"""The `chalkgrad` command: marks derivations, explores their graphs, trains on CSV files."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import autograd
from autograd import ArgumentError, ChalkgradError, compiled, grade
from viz.files import write_whole
from viz.report import Marked, as_html, as_json, print_report, printable
from viz.train import ABOUT_PREDICT, ABOUT_TRAIN, add_predict, add_train, predict, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

__all__ = ["main"]


class UnreadableError(ChalkgradError, OSError):
    """A file cannot be read, or is not text."""


class OutputError(ChalkgradError, OSError):
    """The report cannot be written to standard output."""


_RIGHT, _WRONG, _UNUSABLE, _INTERRUPTED = 0, 1, 2, 130

_ABOUT: Final = """\
Chalkgrad marks pages of hand derivations: it reads the formulas on a page, works
out every derivative itself, and says of each line whether it is right - and of a
wrong one what is right instead, and which slip was made. And it trains a network
on the columns of a CSV file.

  chalkgrad check NOTES.md                    mark a page
  chalkgrad check --help                      how to write one, and all options
  chalkgrad explore NOTES.md                  make a web page of its graph, to step through
  chalkgrad train DATA.csv --target COLUMN    train a network
  chalkgrad predict MODEL.json DATA.csv       predict by it
"""

_CHECK: Final = r"""Marks pages of derivations: Markdown, LaTeX or plain text.

A page says what the network is, then claims things about it:

  # One neuron
  $z = w x + b$, $a = \sigma(z)$, $L = (y - a)^2$       definitions
  With w = 0.4, b = -0.1, x = 1.5 and y = 1:            values
  $$\frac{\partial L}{\partial a} = -2(y - a)$$         a claim
  dL/dw = dL/da * da/dz * dz/dw                         plain text will do
        = -2(y - a) a (1 - a) x = -0.2662               a chain: three claims
  w_new = w - 0.5 * dL/dw = 0.533                       an update

- The first equation for a symbol defines it, or gives its value where only
  numbers stand right. A symbol without one is an input or a parameter.
- Every other equation is a claim; of A = B = C each link is marked by itself.
  What stands after if, when, let or suppose claims nothing. What is not surely
  wrong is not called so: a second formula for a symbol, an equation to be
  solved, a letter that may stand for something else are not read, and it is
  said why. A header such as f(x, y) = ... begins a new f.
- Formulas are right in any equivalent form and need no values. Numbers need the
  values they are computed from, and are right to the digits that they have.
- z_i is each of z_1, z_2, ... where the page has these: p_i = f(z_i) defines
  p_1, p_2, ..., and an equation with the index i is a claim for each number;
  with i and j for each two that differ, or for all where \delta_{ij} stands.
- Formulas stand between $ or $$, in \( \), \[ \], align and the like, or in the
  text. Fenced code is not read. Under another heading symbols may be redefined.
- dy/dx, y', f'(3), d2y/dx2 and mixed derivatives are read; so are cases and
  conditions (1 if z > 0); p = [0.7, 0.2, 0.1] names p_1, p_2 and p_3.
- W_{11}^2 is a name, not a square, where the page differentiates by it or has a
  W_{11}^1 as well. f(x) is f where the page defines it so. dw by itself is
  dL/dw where the page has an equation for dw, and a loss (L, J, C, E or loss).
- Nothing on a page is run, and nothing is sent anywhere.
"""

_EXPLORE: Final = r"""Makes a web page of a graph, one file that needs no network and no server: on
it one steps through forward and backward pass, predicts each gradient, reads the
derivation of any box, changes any number, and trains by gradient descent.

  chalkgrad explore notes.md -o page.html
  chalkgrad explore 'L = (y - a)^2' 'a = \sigma(w x + b)' w=0.4 b=-0.1 x=1.5 y=1
  chalkgrad explore - --of z <notes.md

The graph is what the page of notes, or the equations, define: of every symbol
its number or its formula must stand there, formulas in any order. Symbols are
read as by chalkgrad check, whose help says how.
"""

_EPILOG: Final = """\
In front of a page between two lines ---, or without these in a file for
--aliases, may stand other spellings of its symbols, and what it does not say:

  aliases:
    0_{11}: O_{11}
    i_q: x_{i1}
  given:
    - O_{11} = W_{11}^1 x_{i1} + W_{21}^1 x_{i2} + b_{11}
    - y = 3

marks:
  right
  WRONG      with what is right, and the slip where just one explains it
  carried    right given an earlier wrong line, which is named
  not read   with the reason; also what cannot surely be judged by the page

exit status: 0 nothing is wrong, 1 something is, 2 a page cannot be used, or the
report not be written
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (those of the process by default): the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if arguments is None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # where there is no ŷ, a ? rather than a crash
    parser = _parser()
    try:
        try:
            options = parser.parse_args(arguments)
        except SystemExit:  # --help has printed something
            _print("")
            raise
        if options.version:
            _print(_version() + "\n")
            return _RIGHT
        if "pages" in options:
            return check(options)
        if "target" in options or "model" in options:
            return _learn(options)
        if "sources" in options:
            return explore(options)
    except OutputError as error:
        _drop(sys.stdout)
        # Whoever stops reading has seen enough.
        return _UNUSABLE if isinstance(error.__cause__, BrokenPipeError) else _refuse(error)
    parser.print_help(sys.stderr)
    return _UNUSABLE


def check(options: Namespace) -> int:
    """`chalkgrad check`: prints and writes the reports on all pages; the exit status."""
    console = _console()
    marked: list[Marked] = []
    unusable = False
    try:
        _check_target("--html", options.html, ".html")
        _check_target("--json", None if options.json == "-" else options.json, ".json")
    except ChalkgradError as error:
        return _refuse(error)
    try:
        settings = "" if options.aliases is None else _read(options.aliases)
    except ChalkgradError as error:
        return _refuse(error, options.aliases)
    for file in options.pages:
        try:
            report = grade(_read(file), settings=settings, settings_name=options.aliases or "")
        except ChalkgradError as error:
            unusable = bool(_refuse(error, file))
            continue
        marked.append(Marked(file, report))
        if options.json != "-":
            with _output(), console.capture() as told:
                print_report(console, marked[-1], brief=options.brief)
            _print(told.get() + "\n")
    try:
        _write(options, marked)
    except ChalkgradError as error:
        return _refuse(error)
    if options.json == "-":
        _print(as_json(marked) + "\n")
    if unusable:
        return _UNUSABLE
    unread = options.strict and any(page.report.count("unread") for page in marked)
    return _WRONG if unread or any(page.report.wrong for page in marked) else _RIGHT


def _learn(options: Namespace) -> int:
    """`chalkgrad train` and `chalkgrad predict`; the exit status."""

    def tell(line: str) -> None:
        _print(printable(line) + "\n")

    def note(line: str) -> None:
        sys.stderr.write(printable(line) + "\n")

    try:
        if "target" in options:
            train(options, tell)
        else:
            predict(options, tell, note)
    except OutputError:
        raise
    except ChalkgradError as error:
        return _refuse(error)
    except OSError as error:
        return _refuse(UnreadableError(str(error), hint="choose another place with --out"))
    except KeyboardInterrupt as interrupt:
        epochs = len(getattr(interrupt, "history", ()))
        note(f"stopped in epoch {epochs + 1}; with --resume it goes on from its checkpoint")
        return _INTERRUPTED
    return _RIGHT


def explore(options: Namespace) -> int:
    """`chalkgrad explore`: writes the page of a graph; the exit status."""
    first, *others = options.sources
    is_page = not others and (first == "-" or "=" not in first or os.path.exists(first))
    try:
        from viz.explorer import explore as write_page  # noqa: PLC0415 - loads what draws
        from viz.explorer import root_of  # noqa: PLC0415

        text = _read(first) if is_page else "\n\n".join(options.sources)
        named = is_page and first != "-"
        place = options.output or Path(f"{Path(first).stem if named else 'page'}.html")
        page = write_page(root_of(text, options.of), place, title=options.title, lr=options.lr)
    except ChalkgradError as error:
        return _refuse(error, first if is_page else "")
    _print(f"{page}\n")
    return _RIGHT


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="chalkgrad", description=_ABOUT, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="store_true", help="tell the version and the engine")
    commands = parser.add_subparsers(metavar="COMMAND")
    checking = commands.add_parser(
        "check", help="mark pages of derivations", description=_CHECK, epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    for name, about, whole, fill in (
        ("train", "train a network on a CSV file", ABOUT_TRAIN, add_train),
        ("predict", "predict by a trained network", ABOUT_PREDICT, add_predict),
    ):
        fill(
            commands.add_parser(
                name, help=about, description=whole, formatter_class=RawDescriptionHelpFormatter
            )
        )
    add = checking.add_argument
    add("pages", nargs="+", metavar="PAGE", help="a file; - is standard input")
    add("--aliases", metavar="FILE", help="what is said of the pages beforehand")
    add("--html", metavar="FILE", type=Path, help="write the report as a web page, too")
    add("--json", metavar="FILE", help="write it as JSON; to - instead of the table")
    add("--brief", action="store_true", help="print only the lines that are not right")
    add("--strict", action="store_true", help="exit with 1 for lines that are not read, too")
    exploring = commands.add_parser(
        "explore", help="make a web page of a graph", description=_EXPLORE,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = exploring.add_argument
    add("sources", nargs="+", metavar="SOURCE", help="a page of notes (- is standard input), "
        "or equations")  # fmt: skip
    add("-o", "--output", metavar="FILE", type=Path,
        help="where the page goes (default: NOTES.html, or page.html)")  # fmt: skip
    add("--of", metavar="SYMBOL", default="", help="what is computed (default: what all leads to)")
    add("--title", metavar="TEXT", default="", help="the heading")
    add("--lr", metavar="RATE", type=float, help="the learning rate at first")
    return parser


def _version() -> str:
    try:
        number = autograd.__version__
    except ImportError:
        number = "(not installed)"
    return f"chalkgrad {number}, with the {'compiled' if compiled else 'plain Python'} engine"


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415 - slow to load

    console = Console(highlight=False)
    # What is captured is written as text, which the oldest terminals of Windows show with its
    # colours' escapes.
    return Console(highlight=False, color_system=None) if console.legacy_windows else console


def _print(text: str) -> None:
    """Writes to standard output, at once. Raises OutputError."""
    with _output():
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.writelines(text.splitlines(keepends=True))
        sys.stdout.flush()


@contextmanager
def _output() -> Iterator[None]:
    """Around what is written to standard output, which may be full. Raises OutputError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise OutputError(
            f"standard output cannot be written to: {getattr(error, 'strerror', None) or error}",
            hint="make room, or send it elsewhere; --html and --json write to files",
        ) from error


def _drop(stream: TextIO) -> None:
    """Sends what a stream still holds to nowhere, or Python would try again at its end."""
    with suppress(OSError, ValueError, AttributeError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _read(file: str) -> str:
    """The text of a file. Raises UnreadableError."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UnreadableError(
            f"cannot be read: {error.strerror or error}", hint="check the name of the file"
        ) from error
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    try:
        text = content.decode("utf-16" if content.startswith(marks) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UnreadableError(
            "this is not text in UTF-8", hint="save the page as plain text: .md, .tex or .txt"
        )
    return text


def _check_target(option: str, file: str | Path | None, ending: str) -> None:
    """Raises ArgumentError for a file that may be somebody's page, lest it be overwritten."""
    if file is not None and Path(file).suffix.lower() != ending:
        raise ArgumentError(
            f"{option} {file}: the name of that report must end in {ending}; nothing was written",
            hint=f"the pages stand after it: chalkgrad check {option} report{ending} notes.md",
        )


def _write(options: Namespace, marked: list[Marked]) -> None:
    if options.html is not None:
        write_whole(options.html, as_html(marked).encode(errors="replace"))
    if options.json not in (None, "-"):
        write_whole(Path(options.json), as_json(marked).encode(errors="replace"))


def _refuse(error: ChalkgradError, file: str = "") -> int:
    try:
        sys.stderr.write(printable(f"chalkgrad: {file}{': ' if file else ''}{error}\n"))
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # nobody is there to be told
        _drop(sys.stderr)
    return _UNUSABLE
