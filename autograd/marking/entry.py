"""One equation of a marked page, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from autograd.notation import Expr, Sentence, to_latex

if TYPE_CHECKING:
    from autograd.marking.slips import Slip

Kind = Literal["definition", "value", "claim", "condition"]
Verdict = Literal["", "right", "wrong", "carried", "unread"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One equation of the page, `left sign right`, and what is said of it.

    `line` is where `right` begins. `kind` is "definition", "value", "claim", or "condition" for
    what stands after if, when or suppose. `verdict` is "right"; "wrong"; "carried", right given the
    wrong line `because`; "unread", not read or not to be judged, for the `reason` given; or empty
    for what claims nothing. Where `continues`, `left` is the right side of the entry before. `at`
    is the number of an index, as "i = 1", for which all this is said, where the equation has one.

    What it says in mathematics are trees: `trees` the sides as they were read, `right_tree` what is
    right instead, `said`, `shown` and the words of `slips` sentences with trees in them.
    """

    line: int
    kind: Kind
    left: str
    sign: str
    right: str
    trees: tuple[Expr | None, ...] = ()
    continues: bool = False
    verdict: Verdict = ""
    said: Sentence | None = None
    right_tree: Expr | None = None
    slips: tuple[Slip, ...] = ()
    shown: Sentence | None = None
    because: int = 0
    at: str = ""

    @property
    def reason(self) -> str:
        """Why it was not judged, or a remark on what is right; formulas between dollars."""
        return self.said.latex() if self.said else ""

    @property
    def answer(self) -> str:
        """The right formula or number, in LaTeX."""
        return to_latex(self.right_tree) if self.right_tree is not None else ""

    @property
    def slip(self) -> str:
        """The kind of slip that explains it, where exactly one does."""
        return self.slips[0].kind.value if len(self.slips) == 1 else ""

    @property
    def message(self) -> str:
        """The slip in a sentence."""
        return self.words.text() if self.words else ""

    @property
    def words(self) -> Sentence | None:
        """The slip in a sentence; of several that would each explain it, all."""
        if self.verdict != "wrong":
            return None
        if not self.slips:
            return Sentence(("no single slip that is known explains it",))
        if len(self.slips) == 1:
            return self.slips[0].words
        parts: list[str | Expr] = ["either "]
        for place, slip in enumerate(self.slips):
            parts += [*(", or " if place else "",), *slip.words.parts]
        return Sentence(tuple(parts))

    @property
    def example(self) -> str:
        """A counterexample, formulas between dollars."""
        return self.shown.latex() if self.shown else ""
