r"""The equations of a page, one after another, each link marked by itself.

Every judgement is asked twice: is it right; and, before a line is called wrong, is it surely a
claim, in symbols that the page knows, read in the one sense that it can have? Where that is in
doubt, nothing is said but why.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from autograd.errors import ChalkgradError
from autograd.marking.answers import Answer, explained, explained_update
from autograd.marking.carried import Belief, Beliefs, Key
from autograd.marking.comparing import RIGHT, WRONG, Outcome, compared, unread
from autograd.marking.definitions import Definitions
from autograd.marking.doubts import Line, doubts
from autograd.marking.families import Families
from autograd.marking.report import Entry, Kind, Verdict
from autograd.marking.scopes import Scope, UnknownError
from autograd.notation import (
    Cases,
    Derivative,
    Expr,
    Listed,
    Number,
    Relation,
    Sentence,
    Symbol,
    is_numeric,
    symbols_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.marking.statements import Equation, Side

_Known = defaultdict[tuple[int, ...], dict[Key, Belief]]  # by the epoch of a scope

_TRIED: Final = 10  # of the numbers that an index stands for, at either end
_GRAVEST: Final[list[Verdict]] = ["wrong", "carried", "unread", "right"]


class Marker:
    """Marks equations in their order; remembers what later lines may follow from."""

    def __init__(self, equations: Sequence[Equation], labels: Sequence[str]) -> None:
        self._families = Families(equations, labels)
        self._equations = self._families.with_members(equations)
        self._definitions = Definitions(self._equations, self._families.labels)
        self._formulas: _Known = defaultdict(dict)
        self._numbers: _Known = defaultdict(dict)
        self._rounded: _Known = defaultdict(dict)
        self._stepped: dict[str, Expr] = {}  # by updates in place, until something else is said

    @property
    def mentions(self) -> tuple[tuple[int, str], ...]:
        """The line and the text of each formula that claims nothing."""
        roles = self._definitions.roles
        return tuple((e.line, e.text) for e in self._equations if roles[e.place] == "mention")

    def entries(self) -> Iterator[Entry]:
        """An entry for each link of an equation; one for all that is defined at its head."""
        for equation in self._equations:
            if self._definitions.roles[equation.place] != "mention" and not equation.given:
                yield from self._marked(equation)

    def _marked(self, equation: Equation) -> Iterator[Entry]:
        role = self._definitions.roles[equation.place]
        last = len(equation.sides) - 1
        if role != "update":  # all parameters step at once, by gradients taken before
            for label, number in self._stepped.items():
                self._definitions.set_value(label, equation, number)
            self._stepped.clear()
        if equation.problem:
            yield _entry(equation, 1, unread(equation.problem), until=last)
            return
        indices = self._families.indices(equation)
        line = self._begun(equation)
        if role == "condition":
            is_open = indices or line.subject is None or not line.scope.names(line.subject)
            links = [] if is_open else [self._link(line, place) for place in range(1, last + 1)]
            is_true = links and all(link.verdict == "right" for link in links)
            yield from links if is_true else [_entry(equation, 1, until=last, kind="condition")]
            return
        first = 1
        if role in ("definition", "value"):
            yield self._head(equation, "definition" if role == "definition" else "value")
            first = equation.lead + 1
        if indices:
            yield from self._for_each(equation, indices, first)
            return
        yield from (self._link(line, place) for place in range(first, last + 1))
        if role == "update":
            self._step(line)

    def _for_each(self, equation: Equation, indices: list[str], first: int) -> Iterator[Entry]:
        """The links of an equation with indices: of all their numbers, the first not right."""
        instances = list(self._families.instances(equation).items())
        tried = instances[:_TRIED] + instances[_TRIED:][-_TRIED:]
        places = range(first, len(equation.sides))
        marked = {}
        for where, each in tried:
            line = self._begun(each)
            marked[where] = [self._link(line, place) for place in places]
            if all(link.verdict == _GRAVEST[0] for link in marked[where]):
                break  # no other number can show more
        for place in places:
            entries = {where: links[place - first] for where, links in marked.items()}
            if not entries:
                shown = [part for index in indices for part in (Symbol(index), ", ")][:-1]
                reason = *shown, " may be several numbers here: write it out for some of them"
                yield _entry(equation, place, unread(*reason))
                continue
            where = min(entries, key=lambda numbers: _GRAVEST.index(entries[numbers].verdict))
            found = entries[where]
            if found.verdict == "wrong" and self._are_alike(equation, indices):
                alike = f"it may be meant only where {' = '.join(indices)}"
                yield _entry(equation, place, unread(alike))
            elif found.verdict != "right":
                yield replace(found, at=where)
            elif len(indices) > 1 and not self._families.tells_apart(equation) and not found.said:
                apart = Relation(Symbol(indices[0]), "!=", Symbol(indices[1]))
                yield replace(found, said=Sentence(("where ", apart)))
            else:
                yield found

    def _are_alike(self, equation: Equation, indices: list[str]) -> bool:
        """Whether it is said right before or after that two indices are the same: i = j."""
        near = (e for e in self._equations if abs(e.paragraph - equation.paragraph) <= 1)
        return any({side.label for side in each.sides} == {*indices} for each in near)

    def _head(self, equation: Equation, kind: Kind) -> Entry:
        lead = equation.sides[equation.lead]
        scope = self._definitions.scope(equation.place)
        reason = Sentence((lead.error,)) if lead.error else None
        reason = reason or scope.broken.get(equation.head()[0])
        if kind == "value" and lead.tree is not None and lead.is_number:
            items = lead.tree.items if isinstance(lead.tree, Listed) else (lead.tree,)
            try:
                for item in items:
                    scope.judge.number(item)
            except ChalkgradError as error:
                reason = Sentence((error.message,))
        outcome = Outcome("unread", reason) if reason else None
        return _entry(equation, 1, outcome, until=equation.lead, kind=kind)

    def _begun(self, equation: Equation) -> Line:
        """What the sides of an equation should equal."""
        place = equation.place
        scope = self._definitions.scope(place)
        resolved = [_resolved(side, scope) for side in equation.sides]
        trees = [readings for readings, _ in resolved]
        line = Line(equation, scope, trees, trees[0], no_subject=resolved[0][1])
        if update := self._definitions.updates.get(place):
            line.subjects = () if update.tree is None else (update.tree,)
            line.is_update, line.is_generic = True, update.generic
            line.no_subject = Sentence(
                ("by which loss and learning rate ", Symbol(update.parameter),
                 " is updated is not said")
            )  # fmt: skip
        elif self._definitions.roles[place] == "value":
            line.first = equation.lead
            line.subjects = trees[line.first][:1]
        match line.subject:
            case Derivative(Symbol(of), Symbol(by), 1) if self._is_open(of, equation):
                curves = self._curves(equation, of, by)
                if len(curves) == 1:
                    line.is_implicit = True
                    slopes = (Derivative(curves[0], Symbol(s)) for s in (by, of))
                    line.subjects = (-(next(slopes) / next(slopes)),)
                elif curves:
                    of_which = "several equations stand here between ", Symbol(of), " and "
                    line.leave_open(Sentence((*of_which, Symbol(by))))
            case Symbol(label) if not scope.names(Symbol(label)):
                unknown = Sentence((Symbol(label), " has no definition on this page"))
                line.leave_open(scope.broken.get(label, unknown))
        return line

    def _is_open(self, label: str, equation: Equation) -> bool:
        """Whether a symbol has no formula, or one that belongs to another example."""
        known = self._definitions.formulas_at(equation.place).get(label)
        return known is None or known.said.unit != equation.unit

    def _curves(self, equation: Equation, of: str, by: str) -> list[Expr]:
        """The F of the equations F = 0 between y and x that stand before: dy/dx is -F_x/F_y."""
        scope = self._definitions.scope(equation.place)
        found: dict[Expr, None] = {}
        for before in self._equations[: equation.place]:
            if before.unit == equation.unit and before.signs == ("=",):
                trees = [tree for side in before.sides for tree in _resolved(side, scope)[0][:1]]
                is_plain = not any(isinstance(p, Derivative) for tree in trees for p in walk(tree))
                if len(trees) > 1 and is_plain and {of, by} <= symbols_of(*trees).keys():
                    found[trees[0] - trees[1]] = None
        return list(found)

    # One link.

    def _link(self, line: Line, place: int) -> Entry:
        """Marks a side of a line, and remembers what it says."""
        side, before = line.equation.sides[place], line.before(place)
        outcome, reference = self._against_subject(line, place), line.subject
        claim = next(iter(line.trees[place]), None)
        if claim is not None and before is not None and before >= line.first:
            is_open = "unread" in (outcome.verdict, line.verdicts.get(before))
            if is_open and outcome.verdict != "right":  # then by the side before
                by_itself = _by_itself(line, before, place)
                if by_itself.verdict != "unread":
                    outcome, reference = by_itself, line.trees[before][0]
        because, answer = 0, Answer()
        if claim is not None and reference is not None and outcome.verdict == "wrong":
            rounded = self._by_rounded_numbers(line, place) if reference is line.subject else None
            because = 0 if rounded else self._follows_from(line, place, reference)
            if rounded or because:
                outcome = rounded or Outcome("carried")
            else:
                answer = self._explained(line, place, reference)
                found = doubts(line, place, reference, answer, self._definitions)
                if reason := next(found, None):  # nor does what stands after it equal it for sure
                    line.leave_open(Sentence(reason))
                    outcome, answer = unread(*reason), Answer()
        line.verdicts[place] = outcome.verdict
        if claim is not None and outcome.verdict in ("wrong", "carried"):
            line.wrong = line.wrong or because or side.line
            self._remember(line, claim, is_number=side.is_number)
        elif side.is_number and claim and line.subject and outcome.verdict == "right":
            known = Beliefs({}, self._rounded[line.scope.epoch])
            known.add(line.subject, claim, side.line, is_number=True)
        return _entry(line.equation, place, outcome, because=because, answer=answer)

    def _against_subject(self, line: Line, place: int) -> Outcome:
        side, trees = line.equation.sides[place], line.trees[place]
        if not trees:
            return Outcome("unread", _resolved(side, line.scope)[1])
        if line.subject is None:
            return Outcome("unread", line.no_subject)
        if line.is_generic:
            if side.is_number:
                return unread("no parameter in particular is meant, so it has no number")
            same = line.scope.judge.compare(line.subject, trees[0], opaque=True)
            if same.verdict == "same":
                return RIGHT
            if any(isinstance(part, Derivative) for part in walk(trees[0])):
                return WRONG
            return unread("one of its letters may be the derivative that it steps by")
        subjects = line.subjects
        if line.equation.relation is not None:  # both as where it holds, and 0 elsewhere
            where, nothing = (line.equation.relation,), Number("0")
            subjects, trees = (
                tuple(Cases((tree, nothing), where) for tree in each) for each in (subjects, trees)
            )
        worked = line.worked(place) if side.is_number else None
        return compared(subjects, trees, line.scope, rough=line.is_rough(place), before=worked)

    def _explained(self, line: Line, place: int, reference: Expr) -> Answer:
        claim, worked = line.trees[place][0], line.worked(place)
        if line.is_update and reference is line.subject and not is_numeric(claim):
            return explained_update(reference, claim)
        calculation = worked if worked is not None and is_numeric(worked) else None
        rate = self._definitions.rate(line.equation.place)
        return explained(reference, claim, line.scope, calculation=calculation, rate=rate)

    def _by_rounded_numbers(self, line: Line, place: int) -> Outcome | None:
        """Whether a number comes of the numbers before as they stand, which are rounded."""
        side, claim, scope = line.equation.sides[place], line.trees[place][0], line.scope
        if line.subject is None or line.is_generic or not side.is_number:
            return None
        known = Beliefs({}, self._rounded[scope.epoch])
        since = known.line_behind(line.subject, claim, scope, is_number=True)
        if not since or not scope.judge.is_near(line.subject, claim):
            return None
        return Outcome("right", Sentence((f"by the rounded numbers before, from line {since} on",)))

    # Errors carried forward.

    def _follows_from(self, line: Line, place: int, reference: Expr) -> int:
        """The earlier wrong line that a side is right by; 0 if there is none."""
        if line.is_generic:
            return 0
        claim, before = line.trees[place][0], line.before(place)
        sources = [reference]
        if before is not None and before >= line.first:
            sources.insert(0, line.trees[before][0])
            if line.wrong and _by_itself(line, before, place).verdict == "right":
                return line.wrong
        known, is_number = self._beliefs(line.scope), line.equation.sides[place].is_number
        for tree in sources:
            since = known.line_behind(
                tree, claim, line.scope, is_number=is_number, rough=line.is_rough(place)
            )
            if since:
                return since
        return 0

    def _remember(self, line: Line, claim: Expr, *, is_number: bool) -> None:
        subjects = [line.subject]
        if isinstance(line.subject, Symbol):  # also what it is: delta, which is some dL/dz
            subjects.append(line.scope.formulas.get(line.subject.label))
        for subject in subjects:
            if subject is not None:
                self._beliefs(line.scope).add(subject, claim, line.wrong, is_number=is_number)

    def _beliefs(self, scope: Scope) -> Beliefs:
        return Beliefs(self._formulas[scope.epoch[:1]], self._numbers[scope.epoch])

    def _step(self, line: Line) -> None:
        """After `w = w - ...` the symbol has the number written there."""
        update, last = self._definitions.updates[line.equation.place], line.equation.sides[-1]
        if line.equation.head()[0] != update.parameter or update.tree is None or update.generic:
            return
        if last.tree is not None and last.is_number:
            self._stepped[update.parameter] = last.tree
        elif not line.scope.judge.missing(update.tree):
            self._stepped[update.parameter] = line.scope.judge.exact(update.tree)


def _by_itself(line: Line, before: int, place: int) -> Outcome:
    """How a side compares with one before it."""
    trees = line.trees
    return compared(trees[before], trees[place], line.scope, rough=line.is_rough(place))


def _resolved(side: Side, scope: Scope) -> tuple[tuple[Expr, ...], Sentence | None]:
    """A side in every sense it may have, by the functions of the page; or why it is not read."""
    if not side.readings:
        return (), Sentence((side.error,))
    try:
        return tuple(dict.fromkeys(scope.resolved(tree) for tree in side.readings)), None
    except UnknownError as error:
        return (), error.reason


def _entry(
    equation: Equation,
    place: int,
    outcome: Outcome | None = None,
    *,
    until: int = 0,
    kind: Kind = "claim",
    because: int = 0,
    answer: Answer | None = None,
) -> Entry:
    """The entry for the sides from `place` to `until`, or for the one at `place`."""
    sides, answer = equation.sides[place - 1 : max(place, until) + 1], answer or Answer()
    return Entry(
        line=sides[1 if kind == "claim" else -1].line,
        kind=kind,
        sides=sides,
        signs=equation.signs[place - 1 : place + len(sides) - 2],
        continues=place > 1,
        verdict=outcome.verdict if outcome else "",
        said=outcome.reason if outcome else None,
        because=because,
        right_tree=answer.tree,
        slips=answer.slips,
        shown=answer.example,
    )
