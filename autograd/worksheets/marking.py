r"""The equations of a page, one chain after another, each link marked by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from autograd.errors import ChalkgradError
from autograd.formulas.syntax import Symbol
from autograd.worksheets.beliefs import Belief, Beliefs, Key
from autograd.worksheets.comparison import Outcome, agrees, compare, compare_generic, recorded
from autograd.worksheets.definitions import Definitions
from autograd.worksheets.explaining import Explanation, explained, explained_update
from autograd.worksheets.families import Families
from autograd.worksheets.network import Networks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd.formulas.syntax import Node
    from autograd.worksheets.chains import Chain, Side
    from autograd.worksheets.network import Network

__all__ = ["Entry", "Marker"]

_TRIED: Final = 20  # of the numbers that an index stands for, at either end
_MOST_ROUNDED: Final = 0.02  # how far rounding on the way may lead off, relative
_SIGNS: Final = {"=": "=", ":=": "←", "~": "≈", "->": "→"}

Kind = Literal["definition", "value", "claim"]
Verdict = Literal["", "right", "wrong", "carried", "unread"]

_GRAVEST: Final[list[Verdict]] = ["wrong", "carried", "unread", "right"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One equation of the page, `left sign right`, and what is said of it.

    `line` is where `right` begins. `kind` is "definition", "value" or "claim". `verdict` is
    "right"; "wrong"; "carried", right given the wrong line `because`; "unread", not read or not to
    be judged, for the `reason` given; or empty for definitions and values. Of a wrong claim,
    `answer` is the right formula or number in LaTeX, `slip` the kind of slip that explains it,
    `message` that slip in a sentence, and `example` a counterexample. In sentences, formulas stand
    between dollars. Where `continues`, `left` is the right side of the entry before. `at` is the
    number of an index, as "i = 1", for which all this is said, where the equation has one.
    """

    line: int
    kind: Kind
    left: str
    sign: str
    right: str
    continues: bool = False
    verdict: Verdict = ""
    reason: str = ""
    answer: str = ""
    slip: str = ""
    message: str = ""
    example: str = ""
    because: int = 0
    at: str = ""


@dataclass(slots=True)
class _Progress:
    """Where the marking of a chain has come to: what all its sides should equal, and the marks."""

    chain: Chain
    subject: Node | None
    network: Network
    is_generic: bool = False
    first: int = 0  # the place of the first side that can stand for those after it
    no_subject: str = ""  # why it is not known what all sides should equal
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    wrong_line: int = 0  # of the first side that is wrong, and those after it follow from

    def before(self, place: int) -> int | None:
        """The nearest side before that was read."""
        sides = self.chain.sides
        return next((k for k in range(place - 1, -1, -1) if sides[k].tree is not None), None)


class Marker:
    """Marks chains in their order; remembers wrong claims, as later lines may follow from them."""

    def __init__(self, chains: list[Chain], labels: tuple[str, ...]) -> None:
        self._families = Families(chains, labels)
        self.chains = self._families.with_members(chains)
        self.definitions = Definitions(self.chains)
        self._networks = Networks(self.definitions, self._families.labels)
        self._formulas: dict[object, dict[Key, Belief]] = {}
        self._numbers: dict[object, dict[Key, Belief]] = {}
        self._rounded: dict[object, dict[Key, Belief]] = {}
        self._stepped: dict[str, float] = {}  # by updates in place, until something else is said

    def entries(self, chain: Chain) -> Iterator[Entry]:
        """An entry for each link of a chain; one for all that is defined at its head."""
        role = self.definitions.roles[chain.place]
        last = len(chain.sides) - 1
        if role == "mention" or chain.given:
            return
        if role != "update":  # all parameters step at once, by gradients taken before
            for label, number in self._stepped.items():
                self.definitions.set_value(label, chain.place, number)
            self._stepped.clear()
        if chain.problem:
            yield _entry(chain, 1, last, verdict="unread", reason=chain.problem)
            return
        first = 1
        if role in ("definition", "value"):
            yield self._head(chain, "definition" if role == "definition" else "value")
            first = chain.lead + 1
        if indices := self._families.indices(chain):
            yield from self._for_each(chain, indices, first)
            return
        progress = self._begun(chain)
        for place in range(first, last + 1):
            yield self._link(progress, place)
        if role == "update":
            self._step(progress)

    def _for_each(self, chain: Chain, indices: list[str], first: int) -> Iterator[Entry]:
        """The links of a chain with indices: of all their numbers, the first that is not right."""
        instances = list(self._families.instances(chain).items())
        marked = {
            where: [self._link(progress, place) for place in range(first, len(chain.sides))]
            for where, instance in instances[:_TRIED] + instances[_TRIED:][-_TRIED:]
            for progress in [self._begun(instance)]
        }
        shown = ", ".join(f"${index}$" for index in indices)
        for place in range(first, len(chain.sides)):
            entries = {where: links[place - first] for where, links in marked.items()}
            if not entries:
                reason = f"{shown} may be several numbers here: write it out for some of them"
                yield _entry(chain, place, place, verdict="unread", reason=reason)
                continue
            where = min(entries, key=lambda numbers: _GRAVEST.index(entries[numbers].verdict))
            found = entries[where]
            if found.verdict != "right":
                yield replace(found, at=where)
            elif len(indices) > 1 and not self._families.tells_apart(chain):
                yield replace(
                    found, reason=found.reason or rf"where ${indices[0]} \ne {indices[1]}$"
                )
            else:
                yield found

    def _head(self, chain: Chain, kind: Kind) -> Entry:
        lead = chain.sides[chain.lead]
        network = self._networks.at(chain.place)
        reason = lead.error or network.broken.get(chain.label, "")
        if kind == "value" and lead.formula is not None:
            try:
                lead.formula.evaluate({})
            except ChalkgradError as error:
                reason = error.message
        verdict: Verdict = "unread" if reason else ""
        return _entry(chain, 1, chain.lead, kind=kind, verdict=verdict, reason=reason)

    def _begun(self, chain: Chain) -> _Progress:
        """What the sides of a chain should equal."""
        network = self._networks.at(chain.place)
        update = self.definitions.updates.get(chain.place)
        if update:
            reason = f"by which loss and learning rate ${update.parameter}$ is updated is not said"
            return _Progress(chain, update.tree, network, update.generic, 1, reason)
        if self.definitions.roles[chain.place] == "value":
            return _Progress(chain, chain.sides[chain.lead].tree, network, first=chain.lead)
        head = chain.sides[0]
        return _Progress(chain, head.tree, network, first=1, no_subject=head.error)

    # One link.

    def _link(self, progress: _Progress, place: int) -> Entry:
        chain, side = progress.chain, progress.chain.sides[place]
        outcome, reference = self._outcome(progress, place)
        if outcome.verdict == "wrong" and reference is progress.subject and side.is_number:
            outcome = self._by_rounded_numbers(progress, side) or outcome
        because = 0
        if outcome.verdict == "wrong" and reference is not None:
            because = self._follows_from(progress, place, reference)
        verdict: Verdict = "carried" if because else outcome.verdict
        explanation = Explanation()
        if verdict == "wrong" and reference is not None:
            explanation = self._explained(progress, place, reference)
        progress.verdicts[place] = verdict
        if verdict in ("wrong", "carried"):
            progress.wrong_line = progress.wrong_line or because or side.line
            self._remember(progress, side)
        elif verdict == "right" and side.is_number and progress.subject is not None:
            rounded = Beliefs({}, self._rounded.setdefault(id(progress.network), {}))
            rounded.add(progress.subject, side.readings[0].tree, side.line, is_number=True)
        return _entry(
            chain, place, place,
            verdict=verdict, reason=outcome.reason, because=because,
            answer=explanation.answer, slip=explanation.slip, message=explanation.message,
            example=explanation.example,
        )  # fmt: skip

    def _outcome(self, progress: _Progress, place: int) -> tuple[Outcome, Node | None]:
        """How a side compares, and with what.

        That is what all the chain should equal, or where this is not known, the side before.
        """
        sides = progress.chain.sides
        side, rough = sides[place], progress.chain.signs[place - 1] == "~"
        outcome = self._against_subject(progress, side, rough=rough)
        before = progress.before(place)
        if before is None:
            return outcome, progress.subject
        if outcome.verdict == "wrong" and progress.verdicts.get(before) == "right":
            calculated = sides[before]
            if side.is_number and calculated.is_number and _comes_to(calculated, side, rough=rough):
                return Outcome("right"), progress.subject
        if outcome.verdict == "unread" and side.tree is not None and before >= progress.first:
            by_itself = compare(sides[before].readings[0].tree, side, progress.network, rough=rough)
            if by_itself.verdict != "unread":
                return by_itself, sides[before].tree
        return outcome, progress.subject

    def _against_subject(self, progress: _Progress, side: Side, *, rough: bool) -> Outcome:
        if progress.subject is None:
            return Outcome("unread", side.error or progress.no_subject)
        if progress.is_generic:
            return compare_generic(progress.subject, side)
        return compare(progress.subject, side, progress.network, rough=rough)

    def _explained(self, progress: _Progress, place: int, reference: Node) -> Explanation:
        chain, side = progress.chain, progress.chain.sides[place]
        is_step = self.definitions.roles[chain.place] == "update" and reference is progress.subject
        if is_step and not side.is_number:
            return explained_update(reference, side)
        before = progress.before(place)
        calculation = None
        if before is not None and progress.verdicts.get(before) == "right":
            calculation = chain.sides[before] if chain.sides[before].is_number else None
        rate = self.definitions.rate(chain.place)
        return explained(reference, side, progress.network, calculation=calculation, rate=rate)

    def _by_rounded_numbers(self, progress: _Progress, side: Side) -> Outcome | None:
        """Whether a number comes of the numbers before as they stand, which are rounded."""
        if progress.subject is None or progress.is_generic:
            return None
        network, tree = progress.network, side.readings[0].tree
        beliefs = Beliefs({}, self._rounded.get(id(network), {}))
        line = beliefs.line_behind(progress.subject, side, network)
        if not line:
            return None
        true, claimed = recorded(progress.subject, network), recorded(tree, network)
        if not math.isclose(true, claimed, rel_tol=_MOST_ROUNDED):
            return None
        return Outcome("right", f"by the rounded numbers before, from line {line} on")

    # Errors carried forward.

    def _follows_from(self, progress: _Progress, place: int, reference: Node) -> int:
        """The earlier wrong line that a side is right by; 0 if there is none."""
        if progress.is_generic:
            return 0
        side, network = progress.chain.sides[place], progress.network
        rough = progress.chain.signs[place - 1] == "~"
        before = progress.before(place)
        sources = [reference]
        if before is not None and before >= progress.first:
            stated = progress.chain.sides[before].readings[0].tree
            sources.insert(0, stated)
            by_itself = compare(stated, side, network, rough=rough)
            if progress.wrong_line and by_itself.verdict == "right":
                return progress.wrong_line
        beliefs = self._beliefs(network)
        return next((n for tree in sources if (n := beliefs.line_behind(tree, side, network))), 0)

    def _remember(self, progress: _Progress, side: Side) -> None:
        beliefs = self._beliefs(progress.network)
        subject, tree = progress.subject, side.readings[0].tree
        if subject is not None:
            beliefs.add(subject, tree, progress.wrong_line, is_number=side.is_number)
        if isinstance(subject, Symbol) and subject.label in progress.network.trees:
            stated = progress.network.trees[subject.label]  # as delta, which is some dL/dz
            beliefs.add(stated, tree, progress.wrong_line, is_number=side.is_number)

    def _beliefs(self, network: Network) -> Beliefs:
        formulas = self._formulas.setdefault(network.formulas, {})
        return Beliefs(formulas, self._numbers.setdefault(id(network), {}))

    def _step(self, progress: _Progress) -> None:
        """After `w = w - ...` the symbol has the number written there."""
        chain = progress.chain
        update = self.definitions.updates[chain.place]
        last, network = chain.sides[-1], progress.network
        stepped = last.readings[0].tree if last.is_number else update.tree
        if chain.label != update.parameter or stepped is None or update.generic:
            return
        try:
            number = recorded(stepped, network)
            if last.is_number or not network.unvalued(network.build(stepped)):
                self._stepped[update.parameter] = number
        except ChalkgradError:
            return  # the step cannot be computed, and was marked so


def _comes_to(calculation: Side, number: Side, *, rough: bool) -> bool:
    """Whether a calculation with rounded numbers gives a number, as a person calculates."""
    return agrees(number.readings[0].tree, calculation.readings[0].evaluate({}), rough=rough)


def _entry(
    chain: Chain, first: int, last: int, *, kind: Kind = "claim", verdict: Verdict = "",
    reason: str = "", answer: str = "", slip: str = "", message: str = "", example: str = "",
    because: int = 0,
) -> Entry:  # fmt: skip
    """The entry for the sides from `first` to `last` of a chain."""
    right = chain.sides[first].text
    for place in range(first, last):
        right += f" {_SIGNS[chain.signs[place]]} {chain.sides[place + 1].text}"
    return Entry(
        chain.sides[last if first == last else 0].line, kind, chain.sides[first - 1].text,
        _SIGNS[chain.signs[first - 1]], right, first > 1, verdict, reason, answer, slip, message,
        example, because,
    )  # fmt: skip
