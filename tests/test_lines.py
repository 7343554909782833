"""Short pages that say one thing each, and how every claim on them is marked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from autograd import grade

FILE = Path(__file__).parent / "pages" / "lines.toml"
PAGES: list[dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["page"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page["says"].replace(" ", "-"))
def test_claims_are_marked(page: dict[str, Any]) -> None:
    claims = [entry for entry in grade(page["text"]).entries if entry.kind == "claim"]
    assert [entry.verdict for entry in claims] == page["marks"], str(grade(page["text"]))
    assert page.get("reason", "") in " ".join(entry.reason for entry in claims)
    assert page.get("answer", "") in " ".join(entry.answer for entry in claims)
    for entry in claims:
        assert entry.reason or entry.verdict != "unread"
