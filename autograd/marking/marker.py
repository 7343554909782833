r"""The equations of a page, one after another, each link marked by itself.

Every judgement is asked twice: is it right; and, before a line is called wrong, is it surely a
claim, in symbols that the page knows, read in the one sense that it can have? Where that is in
doubt, nothing is said but why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from autograd.errors import ChalkgradError
from autograd.marking.answers import Answer, explained, explained_update
from autograd.marking.carried import Belief, Beliefs, Key
from autograd.marking.comparing import Outcome, compared, doubt_about, is_named, unread
from autograd.marking.definitions import Definitions, head_of, lead_of
from autograd.marking.entry import Entry, Verdict
from autograd.marking.families import Families
from autograd.marking.kinds import FACTORS, FAR, OF_ONE_SIGN, WEAK, SlipKind
from autograd.marking.scopes import Scope, Scopes, UnknownError
from autograd.notation import (
    OTHER_NAMES,
    Applied,
    At,
    Cases,
    Derivative,
    Expr,
    Number,
    Relation,
    Sentence,
    Symbol,
    is_numeric,
    spelling_of,
    symbols_of,
    walk,
)
from autograd.ops import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.marking.equations import Equation, Side

_TRIED: Final = 20  # of the numbers that an index stands for, at either end
_GRAVEST: Final[list[Verdict]] = ["wrong", "carried", "unread", "right"]
_OPEN_SUM: Final = re.compile(
    r"(?:\\sum|\\prod|∑|∏)\s*_\s*(?:\{[^{}]*\}|\w)\s*\^\s*\{?\s*[A-Za-z\\]"
)
_APPLIED: Final = re.compile(
    r"(?<![A-Za-z\\}{])(?:\\(?:hat|bar|tilde)\{(?=\w\})|\\?(?=[A-Za-z]{1,8}\s*\())([A-Za-z]{1,8})\}?"
    r"\s*\(\s*[A-Za-z]\s*\)"
)
_TRANSPOSE: Final = re.compile(r"\^\s*\{?\s*(?:T|\\top|\\intercal)\s*\}?(?![A-Za-z])")
_TRANSPOSED: Final = ("T", r"\top", r"\intercal")
_VECTORS: Final = (r"\mathbf", r"\vec", r"\mathbb")
_SIGNS: Final = {"=": "=", ":=": "←", "~": "≈", "->": "→"}


@dataclass(slots=True)
class _Progress:
    """Where the marking of an equation has come to: what all its sides should equal, and the marks.

    `trees` are the sides in every sense they may have, by the scope.
    """

    equation: Equation
    scope: Scope
    subject: Expr | None
    trees: list[tuple[Expr, ...]]
    is_generic: bool = False
    first: int = 0  # the place of the first side that can stand for those after it
    no_subject: Sentence | None = None  # why it is not known what all sides should equal
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    wrong_line: int = 0  # of the first side that is wrong, and those after it follow from
    is_implicit: bool = False  # dy/dx where y has no formula, only an equation

    def before(self, place: int) -> int | None:
        """The nearest side before that was read."""
        return next((k for k in range(place - 1, -1, -1) if self.trees[k]), None)

    def is_rough(self, place: int) -> bool:
        """Whether the sign before a side is one of approximation."""
        return self.equation.signs[place - 1] == "~"


class Marker:
    """Marks equations in their order; remembers what later lines may follow from."""

    def __init__(self, equations: Sequence[Equation], labels: Sequence[str]) -> None:
        self._families = Families(equations, labels)
        self.equations = self._families.with_members(equations)
        self.definitions = Definitions(self.equations)
        self._scopes = Scopes(self.definitions)
        self._formulas: dict[int, dict[Key, Belief]] = {}
        self._numbers: dict[tuple[int, int], dict[Key, Belief]] = {}
        self._rounded: dict[tuple[int, int], dict[Key, Belief]] = {}
        self._stepped: dict[str, Expr] = {}  # by updates in place, until something else is said

    def entries(self, equation: Equation) -> Iterator[Entry]:
        """An entry for each link of an equation; one for all that is defined at its head."""
        role = self.definitions.roles[equation.place]
        last = len(equation.sides) - 1
        if role == "mention" or equation.given:
            return
        if role != "update":  # all parameters step at once, by gradients taken before
            for label, number in self._stepped.items():
                self.definitions.set_value(label, equation.place, number)
            self._stepped.clear()
        if equation.problem:
            yield _entry(equation, 1, last, outcome=unread(equation.problem))
            return
        if role == "condition":
            links = self._links(equation)
            if not links or any(link.verdict != "right" for link in links):
                links = [_entry(equation, 1, last, kind="condition")]
            yield from links
            return
        first = 1
        if role in ("definition", "value"):
            yield self._head(equation, "definition" if role == "definition" else "value")
            first = lead_of(equation) + 1
        if indices := self._families.indices(equation):
            yield from self._for_each(equation, indices, first)
            return
        progress = self._begun(equation)
        for place in range(first, last + 1):
            yield self._link(progress, place)
        if role == "update":
            self._step(progress)

    def _links(self, equation: Equation) -> list[Entry]:
        """The links of what may be a condition, as if it were claimed; none for a family."""
        if self._families.indices(equation):
            return []
        progress = self._begun(equation)
        if progress.subject is None or not is_named(progress.subject, progress.scope):
            return []
        return [self._link(progress, place) for place in range(1, len(equation.sides))]

    def _for_each(self, equation: Equation, indices: list[str], first: int) -> Iterator[Entry]:
        """The links of an equation with indices: of all their numbers, the first not right."""
        instances = list(self._families.instances(equation).items())
        marked = {
            where: [self._link(progress, place) for place in range(first, len(equation.sides))]
            for where, instance in instances[:_TRIED] + instances[_TRIED:][-_TRIED:]
            for progress in [self._begun(instance)]
        }
        for place in range(first, len(equation.sides)):
            entries = {where: links[place - first] for where, links in marked.items()}
            if not entries:
                shown = [part for index in indices for part in (Symbol(index), ", ")][:-1]
                reason = Sentence(
                    (*shown, " may be several numbers here: write it out for some of them")
                )
                yield _entry(equation, place, place, outcome=Outcome("unread", reason))
                continue
            where = min(entries, key=lambda numbers: _GRAVEST.index(entries[numbers].verdict))
            found = entries[where]
            alike = self._where_alike(equation, indices, place) if found.verdict == "wrong" else ""
            if alike:
                reason = Sentence((f"right where {alike}, not for others",))
                yield _entry(equation, place, place, outcome=Outcome("unread", reason))
            elif found.verdict != "right":
                yield replace(found, at=where)
            elif len(indices) > 1 and not self._families.tells_apart(equation) and not found.said:
                apart = Relation(Symbol(indices[0]), "!=", Symbol(indices[1]))
                yield replace(found, said=Sentence(("where ", apart)))
            else:
                yield found

    def _where_alike(self, equation: Equation, indices: list[str], place: int) -> str:
        """Where a link is right for two indices that the words around call the same: "i = j"."""
        around = "".join(f"{equation.said.before} {equation.said.after}".split())
        is_said = len(indices) == 2 and "=".join(indices) in around
        alike = self._families.instances(equation, alike=True) if is_said else {}
        links = [self._link(self._begun(each), place) for each in list(alike.values())[:_TRIED]]
        are_right = bool(links) and all(link.verdict == "right" for link in links)
        return " = ".join(indices) if are_right else ""

    def _head(self, equation: Equation, kind: Literal["definition", "value"]) -> Entry:
        lead = equation.sides[lead_of(equation)]
        scope = self._scopes.at(equation.place)
        reason = Sentence((lead.error,)) if lead.error else None
        reason = reason or scope.broken.get(head_of(equation)[0])
        if kind == "value" and lead.tree is not None and is_numeric(lead.tree):
            try:
                scope.judge.number(lead.tree)
            except ChalkgradError as error:
                reason = Sentence((error.message,))
        outcome = Outcome("unread", reason) if reason else None
        return _entry(equation, 1, lead_of(equation), kind=kind, outcome=outcome)

    def _begun(self, equation: Equation) -> _Progress:
        """What the sides of an equation should equal."""
        scope = self._scopes.at(equation.place)
        trees, problems = [], []
        for side in equation.sides:
            readings, problem = _resolved(side, scope)
            trees.append(readings)
            problems.append(problem)
        progress = _Progress(equation, scope, None, trees, first=1)
        update = self.definitions.updates.get(equation.place)
        if update:
            progress.no_subject = Sentence(
                ("by which loss and learning rate ", Symbol(update.parameter),
                 " is updated is not said")
            )  # fmt: skip
            progress.subject, progress.is_generic = update.tree, update.generic
        elif self.definitions.roles[equation.place] == "value":
            at = lead_of(equation)
            progress.subject, progress.first = next(iter(trees[at]), None), at
        else:
            progress.subject = next(iter(trees[0]), None)
            progress.no_subject = problems[0]
            match progress.subject:
                case Derivative(Symbol(of), Symbol(by), 1) if self._is_open(of, equation):
                    curves = self._curves(equation, of, by)
                    if len(curves) == 1:
                        progress.is_implicit = True
                        slopes = (Derivative(curves[0], Symbol(s)) for s in (by, of))
                        progress.subject = -(next(slopes) / next(slopes))
                    elif curves:
                        progress.subject = None
                        progress.no_subject = Sentence(
                            ("several equations stand here between ", Symbol(of), " and ",
                             Symbol(by))
                        )  # fmt: skip
                case Symbol(label) if label not in scope.formulas and label not in scope.values:
                    progress.subject, progress.first = None, 1
                    why = scope.broken.get(label)
                    progress.no_subject = why or Sentence(
                        (Symbol(label), " has no definition on this page")
                    )
        return progress

    def _is_open(self, label: str, equation: Equation) -> bool:
        """Whether a symbol has no formula, or one that belongs to another example."""
        known = self.definitions.in_force(equation.place).get(label)
        return known is None or known.unit != equation.said.unit

    def _curves(self, equation: Equation, of: str, by: str) -> list[Expr]:
        """The F of the equations F = 0 between y and x that stand before: dy/dx is -F_x/F_y."""
        scope = self._scopes.at(equation.place)
        found: dict[Expr, None] = {}
        for before in self.equations[: equation.place]:
            is_near = before.said.unit == equation.said.unit and list(before.signs) == ["="]
            trees = [tree for side in before.sides for tree in _resolved(side, scope)[0][:1]]
            parts = [part for tree in trees for part in walk(tree)] if is_near else []
            is_plain = len(trees) == 2 and not any(isinstance(p, Derivative) for p in parts)
            if is_near and is_plain and {of, by} <= symbols_of(*trees).keys():
                found[trees[0] - trees[1]] = None
        return list(found)

    # One link.

    def _link(self, progress: _Progress, place: int) -> Entry:
        equation, side = progress.equation, progress.equation.sides[place]
        outcome, reference = self._outcome(progress, place)
        claim = next(iter(progress.trees[place]), None)
        if outcome.verdict == "wrong" and reference is progress.subject and side.is_number:
            outcome = self._by_rounded_numbers(progress, place) or outcome
        because = 0
        answer = Answer()
        verdict: Verdict = outcome.verdict
        if outcome.verdict == "wrong" and reference is not None and claim is not None:
            because = self._follows_from(progress, place, reference)
            if because:
                verdict = "carried"
            else:
                answer = self._explained(progress, place, reference)
                reason = self._doubt(progress, place, reference, answer)
                if reason is not None:  # nor does what stands after it equal it for sure
                    progress.subject, progress.no_subject = None, reason
                    outcome, verdict, answer = Outcome("unread", reason), "unread", Answer()
        progress.verdicts[place] = verdict
        if verdict in ("wrong", "carried"):
            progress.wrong_line = progress.wrong_line or because or side.line
            self._remember(progress, place)
        elif verdict == "right" and side.is_number and progress.subject is not None and claim:
            rounded = Beliefs({}, self._rounded.setdefault(progress.scope.epoch, {}))
            rounded.add(progress.subject, claim, side.line, is_number=True)
        return _entry(equation, place, place, outcome=outcome, verdict=verdict, because=because,
                      answer=answer)  # fmt: skip

    def _outcome(self, progress: _Progress, place: int) -> tuple[Outcome, Expr | None]:
        """How a side compares, and with what.

        That is what all the equation should equal, or where this is not known, the side before.
        """
        trees = progress.trees[place]
        outcome = self._against_subject(progress, place)
        before = progress.before(place)
        if before is None:
            return outcome, progress.subject
        previous = progress.trees[before][0]
        is_open = outcome.verdict == "unread" or progress.verdicts.get(before) == "unread"
        if is_open and outcome.verdict != "right" and trees and before >= progress.first:
            by_itself = self._by_itself(progress, before, place)
            if by_itself.verdict != "unread":
                return by_itself, previous
        return outcome, progress.subject

    def _by_itself(self, progress: _Progress, before: int, place: int) -> Outcome:
        """How a side compares with one before it, in any sense that either may have."""
        rough, trees = progress.is_rough(place), progress.trees[place]
        outcomes = [
            compared(each, trees, progress.scope, rough=rough) for each in progress.trees[before]
        ]
        return next((each for each in outcomes if each.verdict == "right"), outcomes[0])

    def _against_subject(self, progress: _Progress, place: int) -> Outcome:
        side, trees = progress.equation.sides[place], progress.trees[place]
        if not trees:
            return Outcome("unread", _resolved(side, progress.scope)[1])
        if progress.subject is None:
            return Outcome("unread", progress.no_subject)
        if progress.is_generic:
            if side.is_number:
                return unread("no parameter in particular is meant, so it has no number")
            same = progress.scope.judge.compare(progress.subject, trees[0], opaque=True)
            return Outcome("right" if same.verdict == "same" else "wrong")
        subject, trees = _under_condition(progress.equation, progress.subject, trees)
        before = progress.before(place)
        worked = before is not None and side.is_number and progress.verdicts.get(before) == "right"
        outcome = compared(
            subject, trees, progress.scope, rough=progress.is_rough(place),
            before=progress.trees[before][0] if worked and before is not None else None,
        )  # fmt: skip
        if outcome.verdict == "wrong" and len(progress.trees[0]) > 1 and progress.first == 1:
            in_another_sense = self._by_itself(progress, 0, place)
            return in_another_sense if in_another_sense.verdict == "right" else outcome
        return outcome

    def _explained(self, progress: _Progress, place: int, reference: Expr) -> Answer:
        equation, side = progress.equation, progress.equation.sides[place]
        claim = progress.trees[place][0]
        is_step = self.definitions.roles[equation.place] == "update"
        if is_step and reference is progress.subject and not side.is_number:
            return explained_update(reference, claim, progress.scope)
        before = progress.before(place)
        calculation = None
        if before is not None and progress.verdicts.get(before) == "right":
            worked = progress.trees[before][0]
            calculation = worked if is_numeric(worked) else None
        rate = self.definitions.rate(equation.place)
        return explained(reference, claim, progress.scope, calculation=calculation, rate=rate)

    def _doubt(
        self, progress: _Progress, place: int, reference: Expr, answer: Answer
    ) -> Sentence | None:
        """Why a side that is not right is not surely wrong; None where it is."""
        equation, scope, claim = progress.equation, progress.scope, progress.trees[place][0]
        is_subject = reference is progress.subject
        is_step = equation.place in self.definitions.updates
        if reason := self._doubt_of_line(progress, place, reference):
            return Sentence(reason)
        both = all(
            isinstance(t, Derivative) and not isinstance(t.of, Symbol) for t in (reference, claim)
        )
        if is_subject and not is_step and (both or not is_named(reference, scope)):
            return Sentence(("an equation of two formulas: it may be one to be solved",))
        sure = {slip.kind for slip in answer.slips} - WEAK
        if is_numeric(claim) or equation.said.setting == "inline":
            sure -= FACTORS | FAR  # which explain many a number, and many a formula in passing
        if is_step and not is_numeric(claim):
            steps = [part for part in walk(claim) if isinstance(part, Derivative)]
            is_open = not sure and len(steps) > 1
            return Sentence(("by which derivative it steps is not known",)) if is_open else None
        if not (is_subject or sure or is_numeric(claim)):
            return Sentence(("no slip that is known explains it, and it is no definite quantity",))
        doubt = self._doubt_of_subject(progress, claim, sure) if is_subject else None
        if doubt is None and sure <= FACTORS:
            doubt = doubt_about(reference, claim, scope)
        return doubt

    def _doubt_of_line(
        self, progress: _Progress, place: int, reference: Expr
    ) -> tuple[str | Expr, ...]:
        """Why a line that is not right, as it is written, may be no claim, or of something else."""
        equation, claim = progress.equation, progress.trees[place][0]
        said, written = equation.said, equation.sides[place]
        if progress.is_implicit and reference is progress.subject:
            return ("it may be right on the curve: what is given by an equation is compared as it "
                    "stands",)  # fmt: skip
        is_zero = claim == Number("0") and (place > 1 or said.setting != "display")
        if is_zero and not progress.scope.judge.is_constant(reference):
            return ("an equation to be solved",)
        if equation.is_aside and place == 1:
            return ("it may be a condition or an example: it stands within a sentence",)
        if said.condition and equation.condition is None:
            return (f"it holds under a condition: {said.condition}",)
        if equation.signs[place - 1] == "~" and not is_numeric(claim):
            return ("it is called approximate, and formulas are compared exactly",)
        if reference is progress.subject and "~" in equation.signs[: place - 1]:
            return ("it goes on from an approximation",)
        if _OPEN_SUM.search(equation.text):
            return ("how many terms its sum has is not said on this page",)
        if _TRANSPOSE.search(written.text):
            return ("of vectors or matrices: formulas of numbers are judged",)
        texts = f"{equation.sides[place - 1].text} = {written.text}"
        called = (found[1] for found in _APPLIED.finditer(texts))
        known = progress.scope.arguments
        if any(n not in TABLE and n not in OTHER_NAMES and n not in known for n in called):
            return ("it may be a function of a symbol, or a product with it",)
        for label in symbols_of(reference, claim):
            spelled = spelling_of(label)
            if spelled.base.startswith(_VECTORS) or spelled.sup in _TRANSPOSED:
                return ("of vectors or matrices: formulas of numbers are judged",)
            is_known = label in progress.scope.formulas
            if not is_known and (self.definitions.is_derived(label) or self._is_partial(label)):
                return (Symbol(label), " looks like a derivative: is it?")
        return ()

    def _is_partial(self, label: str) -> bool:
        """Whether a symbol is written like a partial derivative: F_x, F_{xy}."""
        letters = spelling_of(label).sub
        return letters.isalpha() and set(letters) <= set(self._families.labels)

    def _doubt_of_subject(
        self, progress: _Progress, claim: Expr, sure: set[SlipKind]
    ) -> Sentence | None:
        """Whether it is not sure what a letter stands for here."""
        equation, scope = progress.equation, progress.scope
        label = self.definitions.resolved(head_of(equation)[0])
        is_claim = self.definitions.roles[equation.place] == "claim"
        if is_claim and label in scope.formulas and not (is_numeric(claim) or sure & OF_ONE_SIGN):
            earlier = self.definitions.in_force(equation.place)[label]
            reason = Sentence(
                (f"line {earlier.line} gives another formula for ", Symbol(label),
                 ": which of the two holds?")
            )  # fmt: skip
            self.definitions.doubt(label, equation.place, reason)
            return reason
        heads = (part for side in equation.sides[1:] if side.tree for part in walk(side.tree))
        if not sure and any(isinstance(part, Applied) and not part.primes for part in heads):
            return Sentence(("it may be a differential equation, to be solved",))
        role = self.definitions.roles[equation.place]
        if role == "definition" and not (is_numeric(claim) or sure):
            return Sentence(("two formulas are given for ", Symbol(label), ": which one holds?"))
        match progress.subject:
            case Derivative(Symbol(of)) | At(Derivative(Symbol(of))) | Symbol(of):
                weak = (
                    FAR if of not in symbols_of(claim) else sure
                )  # y on both sides of dy/dx = -x/y
                if self.definitions.is_far(of, equation) and not (sure - weak):
                    return Sentence(
                        ("the formula of ", Symbol(of), " stands under another heading")
                    )
        cone = scope.judge.cone(reference_of(progress))
        if is_numeric(claim) and not sure and self.definitions.is_unsettled(cone, equation):
            return Sentence(("which numbers hold here is not sure: some are said more than once, "
                             "or under another heading",))  # fmt: skip
        match progress.subject:
            case Derivative(Symbol(of)):
                if other := self.definitions.nearer(of, equation.place):
                    return Sentence(
                        (Symbol(of), " may be ", Symbol(other), ", which is defined in between")
                    )
                known = self.definitions.in_force(equation.place).get(of)
                if known and known.place > equation.place and not sure:
                    return Sentence(("the formula of ", Symbol(of), " comes only after this line"))
        return None

    def _by_rounded_numbers(self, progress: _Progress, place: int) -> Outcome | None:
        """Whether a number comes of the numbers before as they stand, which are rounded."""
        if progress.subject is None or progress.is_generic:
            return None
        scope, claim = progress.scope, progress.trees[place][0]
        beliefs = Beliefs({}, self._rounded.get(scope.epoch, {}))
        line = beliefs.line_behind(progress.subject, claim, scope, is_number=True)
        if not line or not scope.judge.is_near(progress.subject, claim):
            return None
        return Outcome("right", Sentence((f"by the rounded numbers before, from line {line} on",)))

    # Errors carried forward.

    def _follows_from(self, progress: _Progress, place: int, reference: Expr) -> int:
        """The earlier wrong line that a side is right by; 0 if there is none."""
        if progress.is_generic:
            return 0
        scope, claim = progress.scope, progress.trees[place][0]
        is_number, rough = progress.equation.sides[place].is_number, progress.is_rough(place)
        before = progress.before(place)
        sources = [reference]
        if before is not None and before >= progress.first:
            stated = progress.trees[before][0]
            sources.insert(0, stated)
            by_itself = progress.wrong_line and self._by_itself(progress, before, place)
            if by_itself and by_itself.verdict == "right":
                return progress.wrong_line
        beliefs = self._beliefs(scope)
        lines = (
            beliefs.line_behind(tree, claim, scope, is_number=is_number, rough=rough)
            for tree in sources
        )
        return next((line for line in lines if line), 0)

    def _remember(self, progress: _Progress, place: int) -> None:
        beliefs = self._beliefs(progress.scope)
        subject, claim = progress.subject, progress.trees[place][0]
        is_number = progress.equation.sides[place].is_number
        if subject is not None:
            beliefs.add(subject, claim, progress.wrong_line, is_number=is_number)
        if isinstance(subject, Symbol) and subject.label in progress.scope.formulas:
            stated = progress.scope.formulas[subject.label]  # as delta, which is some dL/dz
            beliefs.add(stated, claim, progress.wrong_line, is_number=is_number)

    def _beliefs(self, scope: Scope) -> Beliefs:
        formulas = self._formulas.setdefault(scope.epoch[0], {})
        return Beliefs(formulas, self._numbers.setdefault(scope.epoch, {}))

    def _step(self, progress: _Progress) -> None:
        """After `w = w - ...` the symbol has the number written there."""
        equation = progress.equation
        update = self.definitions.updates[equation.place]
        if head_of(equation)[0] != update.parameter or update.tree is None or update.generic:
            return
        last = equation.sides[-1]
        if last.is_number and last.tree is not None:
            self._stepped[update.parameter] = last.tree
        elif not progress.scope.judge.missing(update.tree):
            number = progress.scope.judge.exact(update.tree)
            if number is not None:
                self._stepped[update.parameter] = number


def reference_of(progress: _Progress) -> Expr:
    """What all sides of an equation should equal; 0 where that is not known."""
    return progress.subject if progress.subject is not None else Number("0")


def _resolved(side: Side, scope: Scope) -> tuple[tuple[Expr, ...], Sentence | None]:
    """A side in every sense it may have, by the functions of the page; or why it is not read."""
    if not side.readings:
        return (), Sentence((side.error,))
    try:
        return tuple(dict.fromkeys(scope.resolved(tree) for tree in side.readings)), None
    except UnknownError as error:
        return (), error.reason


def _under_condition(
    equation: Equation, subject: Expr, trees: tuple[Expr, ...]
) -> tuple[Expr, tuple[Expr, ...]]:
    """Both sides as they are where a condition such as `if z > 0` holds, and 0 elsewhere."""
    if equation.condition is None:
        return subject, trees
    nothing = Number("0")
    where = (equation.condition,)
    return Cases((subject, nothing), where), tuple(Cases((t, nothing), where) for t in trees)


def _entry(
    equation: Equation,
    place: int,
    until: int,
    *,
    kind: Literal["definition", "value", "claim", "condition"] = "claim",
    outcome: Outcome | None = None,
    verdict: Verdict = "",
    because: int = 0,
    answer: Answer | None = None,
) -> Entry:
    """The entry for the sides from `place` to `until`, which the equation's sign divides."""
    sides, signs = equation.sides, equation.signs
    right = sides[place].text
    for k in range(place + 1, until + 1):
        right += f" {_SIGNS[signs[k - 1]]} {sides[k].text}"
    answer = answer or Answer()
    return Entry(
        line=sides[until if kind != "claim" else place].line,
        kind=kind,
        left=sides[place - 1].text,
        sign=_SIGNS[signs[place - 1]],
        right=right,
        trees=(sides[place - 1].tree, *(side.tree for side in sides[place : until + 1])),
        continues=place > 1,
        verdict=verdict or (outcome.verdict if outcome else ""),
        said=outcome.reason if outcome else None,
        because=because,
        right_tree=answer.tree,
        slips=answer.slips,
        shown=answer.example,
    )
