"""The command: what it prints and writes, and its exit status."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd import grade
from viz.command import main
from viz.report import Marked, as_html, as_json

ROOT = Path(__file__).resolve().parents[1]
NOTES = ROOT / "demos" / "notes"
RIGHT = "p = w x\n\ndp/dw = x\n"
WRONG = "p = w x\n\ndp/dw = w\n"
UNREAD = RIGHT + "\n" + r"$\nabla p = x$" + "\n"


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def page(folder: Path, text: str, name: str = "page.md") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


# Exit status.


@pytest.mark.parametrize(
    ("text", "status"), [(RIGHT, 0), (WRONG, 1), (UNREAD, 0), ("x = 1", 0), ("", 2), ("words", 2)]
)
def test_exit_status(tmp_path: Path, text: str, status: int) -> None:
    assert main(["check", page(tmp_path, text)]) == status


def test_strict_counts_what_was_not_read(tmp_path: Path) -> None:
    assert main(["check", "--strict", page(tmp_path, UNREAD)]) == 1
    assert main(["check", "--strict", page(tmp_path, RIGHT)]) == 0


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\0\0", b"caf\xe9 = 1"],
)
def test_what_is_no_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    file = tmp_path / "page.md"
    file.write_bytes(content)
    assert main(["check", str(file)]) == 2
    error = capsys.readouterr().err
    assert "this is not text in UTF-8" in error
    assert "hint: " in error


def test_a_missing_page_is_named_and_the_others_are_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing, there = str(tmp_path / "missing.md"), page(tmp_path, RIGHT)
    assert main(["check", missing, str(tmp_path), there]) == 2
    output = capsys.readouterr()
    assert f"{missing}: cannot be read: No such file" in output.err
    assert "1 claim: 1 right" in output.out


def test_utf_16_is_read(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_bytes(WRONG.encode("utf-16"))
    assert main(["check", str(file)]) == 1


def test_standard_input_is_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(WRONG.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert main(["check", "-"]) == 1


# What is printed.


def test_the_terminal_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", page(tmp_path, WRONG + "\n`code`, $w$\n<!-- x -->\n")])
    lines = capsys.readouterr().out.split("\n")
    assert [line.rstrip() for line in lines[1:]] == [
        "     1  definition  p = w x",
        "     3  WRONG       dp/dw = w",
        "                      should be: x",
        "                      slip: other symbol: w is written where x belongs",
        "                      example: at w = −4, x = −7 this is −4, not −7",
        "  Formulas without an equation, which claim nothing: line 5",
        "  Not read: line 6, a comment",
        "  1 claim: 1 wrong (line 3)",
        "", "",
    ]  # fmt: skip


def test_no_line_is_longer_than_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    pages = [str(file) for file in sorted((ROOT / "tests" / "pages").glob("*.*"))]
    main(["check", *(file for file in pages if not file.endswith(".toml"))])
    output = capsys.readouterr().out
    assert max(map(len, output.split("\n"))) <= 80
    assert "\x1b" not in output
    assert "\\" not in output.replace(r"\mathcal", "")


def test_brief_prints_only_what_is_not_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", "--brief", page(tmp_path, RIGHT + WRONG.replace("p = w x\n", ""))])
    output = capsys.readouterr().out
    assert "WRONG" in output
    assert "definition" not in output
    assert " right  " not in output


def test_several_wrong_lines_and_errors_carried_forward(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "z = w x, a = tanh(z)\nda/dz = 1 - a\nda/dw = (1 - a) x\nda/dx = w\n"
    assert main(["check", page(tmp_path, text)]) == 1
    output = capsys.readouterr().out
    assert output.index("the first wrong line") < output.index("carried")
    assert "right, given what stands in line 2, which is wrong" in output
    assert "3 claims: 2 wrong (lines 2, 4), 1 right given an earlier wrong line" in output


def test_the_scan_with_its_aliases(capsys: pytest.CaptureFixture[str]) -> None:
    scan = ROOT / "tests" / "pages" / "scan" / "backprop-notes.txt"
    assert main(["check", str(scan), "--aliases", str(NOTES / "scan.aliases")]) == 1
    output = capsys.readouterr().out
    assert output.count("WRONG") == 1
    assert "slip: wrong index: W₂₁² is written where W₁₁² belongs" in output


def test_bad_aliases_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = page(tmp_path, "alias:\n", "said.txt")
    assert main(["check", page(tmp_path, RIGHT), "--aliases", said]) == 2
    assert f"{said}, line 1: 'alias' is no key" in capsys.readouterr().err
    assert main(["check", page(tmp_path, RIGHT), "--aliases", str(tmp_path / "none")]) == 2


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "chalkgrad check NOTES.md" in capsys.readouterr().err


def test_help_says_how_to_write_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["check", "--help"])
    assert done.value.code == 0
    told = capsys.readouterr().out
    assert max(map(len, told.split("\n"))) <= 80
    for word in ("definitions", "values", "a claim", "aliases:", "exit status", "--html", "--json"):
        assert word in told


def test_the_page_in_the_help_is_all_right(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    told = capsys.readouterr().out
    lines = told[told.index("  # One neuron") : told.index("- The first equation")].split("\n")
    shown = "\n".join(re.split(r" {3,}(?=[a-z])", line[2:])[0] for line in lines)
    report = grade(shown)
    assert {entry.verdict for entry in report.entries} == {"", "right"}
    assert report.count("right") == 6


# What is written.


def test_html_is_well_formed_and_needs_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "out" / "report.html"
    script = page(tmp_path, "w = 1 <script>alert(1)</script> & x = 2\n", "bad<name>.md")
    notes = str(NOTES / "backpropagation.md")
    assert main(["check", notes, script, "--html", str(file)]) == 1
    html = file.read_text(encoding="utf-8")
    body = html[html.index("<body>") : html.index("</html>")]
    tree = ElementTree.fromstring(body)
    assert len(tree.findall(".//math")) >= 70
    assert not tree.findall(".//script")
    assert not re.search(r"https?://|<link|@import|url\(", html)
    assert html.count("WRONG") == 1


def test_json_follows_its_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = WRONG + "$w$\n```\ncode\n```\n"
    assert main(["check", page(tmp_path, text), "--json", "-"]) == 1
    output = capsys.readouterr().out
    (found,) = json.loads(output)["pages"]
    assert found["summary"] == {"right": 0, "wrong": 1, "carried": 0, "unread": 0}
    assert found["entries"][1]["answer"] == "x"
    assert found["entries"][1]["line"] == 3
    assert found["mentions"] == [{"line": 4, "text": "w"}]
    assert found["passed"] == [{"first": 5, "last": 7, "what": "code"}]
    schema = as_json.__doc__ or ""
    assert all(f"`{key}`" in schema for key in [*found, *found["entries"][0], *found["passed"][0]])


@pytest.mark.parametrize("option", ["--html", "--json"])
def test_a_page_is_not_overwritten_by_a_report(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = page(tmp_path, RIGHT), str(tmp_path / "second.md")
    assert main(["check", option, first, second]) == 2
    assert "nothing was written" in capsys.readouterr().err
    assert Path(first).read_text(encoding="utf-8") == RIGHT


def test_files_are_replaced_only_when_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.json").mkdir()
    status = main(["check", page(tmp_path, RIGHT), "--json", str(tmp_path / "folder.json")])
    assert status == 2
    assert "cannot be written" in capsys.readouterr().err
    assert list(tmp_path.glob(".*")) == []


def test_summary_in_words() -> None:
    assert grade(RIGHT).summary() == "1 claim: 1 right"
    assert grade("x = 1").summary() == "nothing is claimed on this page"
    assert "WRONG" in as_html([Marked("a page", grade(WRONG))])


# As a process.


def run(*arguments: str, stdout: Any = subprocess.PIPE, **options: str) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "viz", *arguments], cwd=ROOT, check=False,
        stdout=stdout, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "ascii", **options},
    )  # fmt: skip


def test_version_tells_which_engine_runs() -> None:
    engine = b"compiled" if autograd.compiled else b"plain Python"
    done = run("--version")
    assert re.fullmatch(rb"chalkgrad [\d.]+, with the " + engine + rb" engine\s*", done.stdout)
    assert done.returncode == 0


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [[], ["--json", "-"], ["--help"]])
def test_a_full_output_is_an_error_of_its_own(
    tmp_path: Path, options: list[str], unbuffered: str
) -> None:
    if "--help" in options and unbuffered:
        pytest.skip("argparse says nothing then")
    for text in (RIGHT, WRONG):
        with FULL.open("wb") as full:
            done = run(
                "check", page(tmp_path, text), *options, stdout=full, PYTHONUNBUFFERED=unbuffered
            )
        assert done.returncode == 2
        assert done.stderr.startswith(b"chalkgrad: standard output cannot be written to: No space")
        assert b"hint: " in done.stderr
        assert b"Traceback" not in done.stderr
        assert b"Exception" not in done.stderr


def test_files_are_written_before_the_output_fails(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    if FULL.exists():
        with FULL.open("wb") as full:
            page_and_report = [page(tmp_path, RIGHT), "--html", str(report)]
            assert run("check", *page_and_report, "--json", "-", stdout=full).returncode == 2
        assert report.exists()


@pytest.mark.skipif(os.name == "nt", reason="there are no numbers of open files in that shell")
def test_an_output_that_was_never_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    file = page(tmp_path, RIGHT)
    for closed, status in ((">&-", 2), ("2>&-", 0)):
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" -m viz check "$1" {closed}', sys.executable, file],
            cwd=ROOT, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == status
        assert b"Traceback" not in done.stderr


# What acts on a terminal is shown as text.

ACTING = "\x1b[2K\x1b[1A\x07\x08\x7f\x9b31m\u202e\u2066"


@pytest.mark.parametrize("options", [[], ["--json", "-"]])
def test_no_sign_of_a_page_acts_on_the_terminal(tmp_path: Path, options: list[str]) -> None:
    # Where no formula can be read of it, in prose, in names and in settings.
    text = f"$p = w x$\n\n$dp/dw = w{ACTING}$\n\nword{ACTING}s $p {ACTING}= w$\n\n$\\a{ACTING}$\n"
    settings = page(tmp_path, f"aliases:\n  {ACTING}: w\n", "settings")
    name = "page" if os.name == "nt" else f"page{ACTING}"
    file = page(tmp_path, text, f"{name}.md")
    for arguments in (
        ["check", file], ["check", page(tmp_path, RIGHT), "--aliases", settings],
        ["check", f"missing{ACTING}.md"],
    ):  # fmt: skip
        done = run(*arguments, *options, PYTHONIOENCODING="utf-8")
        told = (done.stdout + done.stderr).decode()
        assert not [sign for sign in ACTING if sign in told and not sign.isprintable()]
    assert "␛[2K" in told


def test_json_keeps_every_sign(tmp_path: Path) -> None:
    file = page(tmp_path, f"$p = w x$\n\n$dp/dw = w{ACTING}$\n")
    done = run("check", file, "--json", "-", PYTHONIOENCODING="utf-8")
    entries = json.loads(done.stdout)["pages"][0]["entries"]
    assert ACTING in "".join(entry["right"] for entry in entries)


def test_a_terminal_without_unicode_gets_question_marks(tmp_path: Path) -> None:
    done = run("check", page(tmp_path, "ŷ = w x\ndŷ/dw = x\n"))
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout


def test_a_reader_that_stops_reading_is_told_nothing(tmp_path: Path) -> None:
    file = page(tmp_path, "\n".join(f"x_{k} = {k}" for k in range(3000)))
    with subprocess.Popen(
        [sys.executable, "-m", "viz", "check", file], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert errors == b""
