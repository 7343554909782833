"""Where the boxes of a graph stand: in rows by their distance from the root, arrows between rows.

The method is Sugiyama's: rows, an order in each row, and places that keep the order. An arrow that
passes rows has a point of its own in each of them, so that it runs through no box. Boxes of a group
stand next to each other in every row, and groups keep their order.

K. Sugiyama, S. Tagawa, M. Toda: Methods for visual understanding of hierarchical system structures,
IEEE Transactions on Systems, Man, and Cybernetics 11 (1981) 109-125.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from viz.geometry import Placed, Rectangle, Way
from viz.picture import LEADING, measured
from viz.setting import set_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from viz.geometry import Point
    from viz.picture import Group, Picture

__all__ = ["lay_out"]

_SWEEPS: Final = 8  # down and up, to find an order with few crossings
_ROUNDS: Final = 60  # to find places near to what a box is connected with
_ROUNDS_OF_MANY: Final = 16
_MANY: Final = 1500  # boxes and points
_HEAD: Final = 6.5  # points: the length of an arrow's head
_PORT: Final = 9.0  # between two arrows at a box
_PASSING: Final = 5.0  # the breadth of an arrow in a row
_MARGIN: Final = 9.0  # around the boxes of a group


@dataclass(eq=False)
class _Item:
    """A box, or the point of an arrow that passes a row; across is along its row."""

    name: str
    row: int
    across: float
    along: float
    group: tuple[str, ...]  # from the outermost in
    key: float = 0.0
    before: list[_Item] = field(default_factory=list)
    after: list[_Item] = field(default_factory=list)
    place: float = 0.0


class _Chain(NamedTuple):
    """An arrow: its points from its start to its end."""

    items: list[_Item]


def lay_out(picture: Picture, spread: float) -> Placed:
    """Finds a place for everything; `spread` above 1 gives more room between."""
    return _Layout(picture, spread).placed()


class _Layout:
    """A layout in the making."""

    def __init__(self, picture: Picture, spread: float) -> None:
        self.picture = picture
        self.sideways = picture.direction in ("LR", "RL")
        size = picture.font_size
        labels = [line for arrow in picture.arrows for line in arrow.label]
        longest = max((set_line(line, 0.88 * size).width for line in labels), default=0.0)
        self.between_rows = spread * (
            max(2.6 * size, longest + 2.0 * size) if self.sideways else 3.0 * size
        )
        self.beside = spread * (1.25 if self.sideways else 1.15) * size
        self.title = LEADING * size if picture.groups else 0.0
        self.groups: dict[str, Group] = {}
        self.outer: dict[str, tuple[str, ...]] = {}
        for group in picture.groups:
            self._register(group, ())
        self.rank: dict[str, int] = _ranks(picture)
        self.items = self._boxes()
        self.spans = self._spans()
        self.chains = [self._chain(index) for index in range(len(picture.arrows))]
        self.rows: list[list[_Item]] = [[] for _ in range(1 + max(self.rank.values()))]
        for item in self._all_items():
            self.rows[item.row].append(item)

    def _register(self, group: Group, around: tuple[str, ...]) -> None:
        path = (*around, group.name)
        self.groups[group.name] = group
        self.outer[group.name] = path
        for inner in group.groups:
            self._register(inner, path)

    def _boxes(self) -> dict[str, _Item]:
        of_box = {name: self.outer[g.name] for g in self.groups.values() for name in g.boxes}
        found = {}
        for box in self.picture.boxes:
            size = measured(box, self.picture.font_size)
            across, along = size.width, size.height
            if self.sideways:
                across, along = along, across
            group = of_box.get(box.name, ())
            found[box.name] = _Item(box.name, self.rank[box.name], across, along, group)
        return found

    def _spans(self) -> dict[str, tuple[int, int]]:
        """The first and the last row of each group."""
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for item in self.items.values():
            for group in item.group:
                rows[group].append(item.row)
        return {group: (min(found), max(found)) for group, found in rows.items()}

    def _chain(self, index: int) -> _Chain:
        """An arrow with a point for each row it passes, in the group that it leads into there."""
        arrow = self.picture.arrows[index]
        start, end = self.items[arrow.start], self.items[arrow.end]
        items = [start]
        for row in range(start.row + 1, end.row):
            inside = self._at(end.group, row) or self._at(start.group, row)
            items.append(_Item("", row, _PASSING, 0.0, inside))
        items.append(end)
        for one, other in pairwise(items):
            one.after.append(other)
            other.before.append(one)
        return _Chain(items)

    def _at(self, group: tuple[str, ...], row: int) -> tuple[str, ...]:
        """Of nested groups those that reach a row."""
        inside: tuple[str, ...] = ()
        for name in group:
            first, last = self.spans[name]
            if not first <= row <= last:
                break
            inside = (*inside, name)
        return inside

    def _all_items(self) -> Iterator[_Item]:
        yield from self.items.values()
        for chain in self.chains:
            yield from chain.items[1:-1]

    # The order in each row

    def _order(self) -> None:
        self._number()
        for row in self.rows:
            row.sort(key=lambda item: item.key)
        self._arrange(None)
        best, fewest = self._copied(), _crossings(self.rows)
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            self._arrange(sweep % 2 == 0)
            crossings = _crossings(self.rows)
            if crossings < fewest:
                best, fewest = self._copied(), crossings
        self.rows = best

    def _copied(self) -> list[list[_Item]]:
        return [list(row) for row in self.rows]

    def _number(self) -> None:
        """Keys in the order in which one comes to everything from the root, inputs as written."""
        into: defaultdict[str, list[_Chain]] = defaultdict(list)
        for chain in self.chains:
            into[chain.items[-1].name].append(chain)
        ends = {chain.items[0].name for chain in self.chains}
        waiting: list[_Item | _Chain] = [i for i in self.items.values() if i.name not in ends]
        seen: set[str] = set()
        count = 0.0
        while waiting:
            thing = waiting.pop()
            count += 1.0
            if isinstance(thing, _Chain):
                for item in thing.items[1:-1]:
                    item.key = count
                thing = thing.items[0]
            if thing.name not in seen:
                seen.add(thing.name)
                thing.key = count
                waiting += reversed(into[thing.name])

    def _arrange(self, down: bool | None) -> None:
        """Sorts each row by what it is connected with in the row before, or after, it."""
        rows = self.rows if down is not False else self.rows[::-1]
        for row in rows:
            if down is not None:
                where = {}
                for item in row:
                    near = item.before if down else item.after
                    if near:
                        where[item] = sum(other.place for other in near) / len(near)
                self._sort(row, where)
            else:
                self._sort(row, {item: float(at) for at, item in enumerate(row)})
            for at, item in enumerate(row):
                item.place = float(at)

    def _sort(self, row: list[_Item], where: Mapping[_Item, float]) -> None:
        """Sorts a row: free boxes by `where`; groups in their order, and their boxes as keyed."""
        tops: defaultdict[str, list[_Item]] = defaultdict(list)
        free: list[_Item] = []
        for item in row:
            (tops[item.group[0]] if item.group else free).append(item)
        blocks: list[tuple[float, list[_Item]]] = []
        last = -1.0
        for group in self.picture.groups:
            if group.name in tops:
                members = sorted(tops[group.name], key=self._inside)
                known = [where[item] for item in members if item in where]
                middle = sum(known) / len(known) if known else members[0].place
                last = max(last + 1e-6, middle)
                blocks.append((last, members))
        blocks += [(where.get(item, item.place), [item]) for item in free]
        blocks.sort(key=lambda block: block[0])
        row[:] = [item for _, members in blocks for item in members]
        self._keep_families(row)

    def _inside(self, item: _Item) -> tuple[object, ...]:
        """The place of a box within its outermost group."""
        ranks = tuple(self._rank_in(name) for name in item.group[1:])
        return (*ranks, item.key)

    def _rank_in(self, name: str) -> float:
        """A group's place among those around it."""
        outer = self.groups[self.outer[name][-2]]
        return [inner.name for inner in outer.groups].index(name)

    def _keep_families(self, row: list[_Item]) -> None:
        """Puts what is a row of the picture in its order, at the places that it has."""
        where = {item.name: at for at, item in enumerate(row) if item.name}
        for family in self.picture.rows:
            names = [name for name in family if name in where]
            if len(names) > 1 and len({self.items[name].group for name in names}) == 1:
                for at, name in zip(sorted(where[n] for n in names), names, strict=True):
                    row[at] = self.items[name]

    # Places along the rows

    def _place(self) -> tuple[dict[str, float], dict[str, float]]:
        """Finds a place for every item in its row; gives the sides of the groups."""
        constraints = self._constraints()
        solver = _Solver(constraints)
        x: dict[object, float] = solver.leftmost()
        items = list(self._all_items())
        rounds = _ROUNDS if len(items) < _MANY else _ROUNDS_OF_MANY
        for turn in range(rounds):
            wanted: dict[object, float] = dict(x)
            if turn % 4 == 3:
                self._move_groups(items, x, wanted, depth=turn // 4 % 2)
            else:
                for item in items:
                    near = [(x[other], _pull(item, other)) for other in (*item.before, *item.after)]
                    if near:
                        total = sum(pull for _, pull in near)
                        mean = sum(place * pull for place, pull in near) / total
                        wanted[item] = (x[item] + mean) / 2  # all at once, they would swing
            sides: dict[str, tuple[float, float]] = {}
            for item in items:
                for name in item.group:
                    low, high = sides.get(name, (float("inf"), float("-inf")))
                    half = item.across / 2
                    sides[name] = min(low, wanted[item] - half), max(high, wanted[item] + half)
            for name, (low, high) in sides.items():
                wanted["left", name], wanted["right", name] = low, high
            x = solver.nearest(wanted)
        for item in items:
            item.place = x[item]
        tight: dict[str, tuple[float, float]] = {}
        for name in self.spans:
            tight[name] = x["left", name], x["right", name]
        return {n: a for n, (a, _) in tight.items()}, {n: b for n, (_, b) in tight.items()}

    def _move_groups(
        self,
        items: Sequence[_Item],
        x: Mapping[object, float],
        wanted: dict[object, float],
        depth: int,
    ) -> None:
        """Wants each group as a whole where what its boxes are connected with is."""
        pulls: defaultdict[str, list[float]] = defaultdict(list)
        for item in items:
            if len(item.group) > depth:
                for other in (*item.before, *item.after):
                    if other.group[: depth + 1] != item.group[: depth + 1]:
                        pulls[item.group[depth]].append(x[other] - x[item])
        for item in items:
            if len(item.group) > depth and pulls[item.group[depth]]:
                found = pulls[item.group[depth]]
                wanted[item] = x[item] + sum(found) / len(found)

    def _constraints(self) -> list[tuple[object, object, float]]:
        """(a, b, distance): b stands at least so far behind a."""
        found: list[tuple[object, object, float]] = []
        lead, trail = self._sides()
        for name, path in self.outer.items():
            if name not in self.spans:
                continue
            found.append((("left", name), ("right", name), self._least(name)))
            if len(path) > 1:
                found.append((("left", path[-2]), ("left", name), lead))
                found.append((("right", name), ("right", path[-2]), trail))
        for number, row in enumerate(self.rows):
            for item in row:
                if item.group:
                    half = item.across / 2
                    found.append((("left", item.group[-1]), item, lead + half))
                    found.append((item, ("right", item.group[-1]), trail + half))
            self._separate(number, row, (), found)
        return found

    def _sides(self) -> tuple[float, float]:
        """The margins of a group across: where its title stands at a side, with room for that."""
        return (_MARGIN + self.title if self.sideways else _MARGIN), _MARGIN

    def _least(self, name: str) -> float:
        """How long a group is at least across, for its title."""
        if self.sideways:
            return 0.0
        return set_line(self.groups[name].title, 0.88 * self.picture.font_size).width + 12

    def _separate(
        self,
        number: int,
        row: Sequence[_Item],
        inside: tuple[str, ...],
        found: list[tuple[object, object, float]],
    ) -> None:
        """Keeps neighbours in a row apart: boxes, and groups as wholes."""
        depth = len(inside)
        blocks: list[tuple[str, list[_Item]]] = []
        for item in row:
            name = item.group[depth] if len(item.group) > depth else ""
            if name and blocks and blocks[-1][0] == name:
                blocks[-1][1].append(item)
            else:
                blocks.append((name, [item]))
        among = self.groups[inside[-1]].groups if inside else self.picture.groups
        there = {name for name, _ in blocks}
        for group in among:  # a group reaches through a row even where it has nothing in it
            first, last = self.spans.get(group.name, (1, 0))
            if first <= number <= last and group.name not in there:
                later = [g.name for g in among[among.index(group) + 1 :]]
                at = next((i for i, (name, _) in enumerate(blocks) if name in later), len(blocks))
                blocks.insert(at, (group.name, []))
        for (name, items), (other, others) in pairwise(blocks):
            gap = self.beside
            if not name and not other:
                passing = (not items[-1].name) + (not others[0].name)
                gap = (gap, 0.7 * gap, 0.55 * gap)[passing]
            start: object = ("right", name) if name else items[-1]
            end: object = ("left", other) if other else others[0]
            gap += 0.0 if name else items[-1].across / 2
            gap += 0.0 if other else others[0].across / 2
            found.append((start, end, gap))
        for name, items in blocks:
            if name:
                self._separate(number, items, (*inside, name), found)

    # Places of the rows

    def _levels(self) -> tuple[list[float], list[float], list[float]]:
        """The middle of each row and half its breadth, and the breadth of the gap after it."""
        first = [0.0] * len(self.rows)  # the margins of groups that begin with a row
        last = [0.0] * len(self.rows)
        at_start, at_end = self._ends()
        for name, (begin, end) in self.spans.items():
            depth = sum(self.spans[n][0] == begin for n in self.outer[name])
            first[begin] = max(first[begin], depth * at_start)
            depth = sum(self.spans[n][1] == end for n in self.outer[name])
            last[end] = max(last[end], depth * at_end)
        halves = [max((item.along for item in row), default=0.0) / 2 for row in self.rows]
        middles, gaps = [], []
        at = 0.0
        for number, half in enumerate(halves):
            if number:
                farthest = max(
                    (abs(item.place - other.place) for item in self.rows[number]
                     for other in item.before), default=0.0,
                )  # fmt: skip
                gap = self.between_rows + min(0.07 * farthest, 1.3 * self.between_rows)
                gap += 0.6 * (last[number - 1] + first[number])
                gap = max(gap, last[number - 1] + first[number] + 0.9 * self.between_rows)
                gaps.append(gap)
                at += gap
            middles.append(at + half)
            at += 2 * half
        return middles, halves, gaps

    def _ends(self) -> tuple[float, float]:
        """The margins of a group along, towards the first row and the last one."""
        title = 0.0 if self.sideways else self.title
        if self.picture.direction in ("TB", "LR"):
            return _MARGIN + title, _MARGIN
        return _MARGIN, _MARGIN + title

    # The whole

    def placed(self) -> Placed:
        self._order()
        low, high = self._place()
        middles, halves, _ = self._levels()
        starts, ends = self._ports()
        arrows = []
        for index, chain in enumerate(self.chains):
            points = self._curve(chain, starts[index], ends[index], middles, halves)
            tip = points[-1]
            arrow = self.picture.arrows[index]
            head = _HEAD + 1.2 * (arrow.width - 1.0)
            stop = (tip[0], tip[1] - head)
            # The last curve ends where the head begins.
            a, b = points[-4], points[-3]
            half = (stop[1] - a[1]) / 2
            points[-4:] = [a, (b[0], a[1] + half), (stop[0], stop[1] - half), stop]
            arrows.append(Way([self._turned(*p) for p in points], self._turned(*tip)))
        boxes = {
            name: self._turned(item.place, middles[item.row]) for name, item in self.items.items()
        }
        at_start, at_end = self._ends()
        groups = {}
        for name, (first, last) in self.spans.items():
            inner = [p for p in self.outer.values() if name in p]
            above = max(
                sum(self.spans[n][0] == first for n in path[path.index(name) :]) for path in inner
            )
            below = max(
                sum(self.spans[n][1] == last for n in path[path.index(name) :]) for path in inner
            )
            top = middles[first] - halves[first] - above * at_start
            bottom = middles[last] + halves[last] + below * at_end
            (x0, y0), (x1, y1) = self._turned(low[name], top), self._turned(high[name], bottom)
            groups[name] = Rectangle(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        return Placed(boxes, arrows, groups)

    def _turned(self, across: float, along: float) -> Point:
        """A place as it is in the picture."""
        return {
            "TB": (across, along),
            "BT": (across, -along),
            "LR": (along, across),
            "RL": (-along, across),
        }[self.picture.direction]

    def _ports(self) -> tuple[list[float], list[float]]:
        """Where each arrow leaves its first box and meets its last one: in order, apart."""
        starts = [0.0] * len(self.chains)
        ends = [0.0] * len(self.chains)
        leaving: defaultdict[str, list[int]] = defaultdict(list)
        coming: defaultdict[str, list[int]] = defaultdict(list)
        for index, chain in enumerate(self.chains):
            leaving[chain.items[0].name].append(index)
            coming[chain.items[-1].name].append(index)
        for arrows, ports, side in ((leaving, starts, 1), (coming, ends, -2)):
            for name, indices in arrows.items():
                there = {index: self.chains[index].items[side].place for index in indices}
                indices.sort(key=lambda index, there=there: (there[index], index))  # type: ignore[misc]
                wanted = [there[index] for index in indices]
                for index, port in zip(indices, _spread(wanted, self.items[name]), strict=True):
                    ports[index] = port
        for name, (index, *others) in leaving.items():
            if not others:  # straight on, where that is possible
                box, near = self.items[name], self.chains[index].items[1]
                straight = ends[index] if len(self.chains[index].items) == 2 else near.place
                room = max(0.0, box.across / 2 - 8.0)
                starts[index] = box.place + max(-room, min(room, straight - box.place))
        return starts, ends

    def _curve(
        self,
        chain: _Chain,
        start: float,
        end: float,
        middles: Sequence[float],
        halves: Sequence[float],
    ) -> list[Point]:
        """Out of a box, straight through the rows passed, and into a box; bent in the gaps only."""
        first, *passed, last = chain.items
        x, y = start, middles[first.row] + first.along / 2
        points = [(x, y)]
        for item in (*passed, None):
            if item is None:
                to_x, to_y = end, middles[last.row] - last.along / 2
                row, previous = last.row, last.row - 1
            else:
                to_x, to_y = item.place, middles[item.row] - halves[item.row]
                row, previous = item.row, item.row - 1
            # Boxes smaller than their row are left and met straight on.
            leave = middles[previous] + halves[previous]
            meet = middles[row] - halves[row]
            if leave - y > 0.5:
                points += _line((x, y), (x, leave))
                y = leave
            half = (meet - y) / 2
            points += [(x, y + half), (to_x, meet - half), (to_x, meet)]
            x, y = to_x, meet
            if to_y - y > 0.5:
                points += _line((x, y), (x, to_y))
                y = to_y
            if item is not None:
                below = middles[item.row] + halves[item.row]
                points += _line((x, y), (x, below))
                y = below
        return points


def _line(start: Point, end: Point) -> list[Point]:
    """A straight way as a cubic curve, without its start."""
    (x, y), (to_x, to_y) = start, end
    return [
        (x + (to_x - x) / 3, y + (to_y - y) / 3),
        (x + (to_x - x) * 2 / 3, y + (to_y - y) * 2 / 3),
        end,
    ]


def _ranks(picture: Picture) -> dict[str, int]:
    """The row of each box: as near to the root as what it is used for allows."""
    after: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    ends = set()
    for arrow in picture.arrows:
        after[arrow.start].append((arrow.end, 2 if arrow.long else 1))
        ends.add(arrow.end)
    level: dict[str, int] = {}
    for box in reversed(picture.boxes):
        level[box.name] = max((level[end] + far for end, far in after[box.name]), default=0)
    for family in picture.rows:
        leaves = [name for name in family if name not in ends]
        highest = max((level[name] for name in leaves), default=0)
        level |= dict.fromkeys(leaves, highest)
    highest = max(level.values(), default=0)
    return {name: highest - found for name, found in level.items()}


def _pull(item: _Item, other: _Item) -> float:
    """How much two connected items want to stand in line: long arrows are to be straight."""
    pull = {0: 1.0, 1: 2.0, 2: 8.0}[(not item.name) + (not other.name)]
    return 3.0 * pull if item.group and item.group == other.group else pull


def _crossings(rows: Sequence[Sequence[_Item]]) -> int:
    """How many pairs of arrows cross."""
    count = 0
    for row in rows:
        where = {item: at for at, item in enumerate(row)}
        ends: list[int] = []
        for item in rows[row[0].row - 1] if row and row[0].row else ():
            below = sorted(where[other] for other in item.after)
            count += sum(len(ends) - bisect_right(ends, at) for at in below)
            for at in below:
                insort(ends, at)
    return count


def _spread(wanted: Sequence[float], box: _Item) -> list[float]:
    """Places on a side of a box near those wanted, in their order and apart."""
    room = max(0.0, box.across - 12.0)
    step = min(_PORT, room / max(1, len(wanted) - 1))
    low, high = box.place - room / 2, box.place + room / 2
    # Towards what it is connected with, but not all to the corner.
    inner = 0.62
    wanted = [
        box.place + max(-inner * room / 2, min(inner * room / 2, place - box.place))
        for place in wanted
    ]
    forward = list(wanted)
    for at in range(1, len(forward)):
        forward[at] = max(forward[at], forward[at - 1] + step)
    backward = list(wanted)
    for at in range(len(backward) - 2, -1, -1):
        backward[at] = min(backward[at], backward[at + 1] - step)
    places = [(a + b) / 2 for a, b in zip(forward, backward, strict=True)]
    over = max(0.0, places[-1] - high)
    under = max(0.0, low - places[0])
    return [place - over + under for place in places]


class _Solver:
    """Places that keep distances: of all that do, some near to places that are wanted."""

    def __init__(self, constraints: Sequence[tuple[object, object, float]]) -> None:
        self._ahead: defaultdict[object, list[tuple[object, float]]] = defaultdict(list)
        self._behind: defaultdict[object, list[tuple[object, float]]] = defaultdict(list)
        waiting: defaultdict[object, int] = defaultdict(int)
        things: dict[object, None] = {}
        for one, other, distance in constraints:
            self._ahead[one].append((other, distance))
            self._behind[other].append((one, distance))
            waiting[other] += 1
            things |= {one: None, other: None}
        ready = [thing for thing in things if not waiting[thing]]
        self._order: list[object] = []
        while ready:
            thing = ready.pop()
            self._order.append(thing)
            for other, _ in self._ahead[thing]:
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)

    def leftmost(self) -> dict[object, float]:
        """Everything as far to the left as it can be."""
        return _Zero(self._forward(_Zero()))

    def nearest(self, wanted: dict[object, float]) -> dict[object, float]:
        """The mean of the places nearest above and below those wanted, which keeps distances."""
        above = self._forward(wanted)
        below = self._backward(wanted)
        found = _Zero(wanted)
        for thing in self._order:
            found[thing] = (above[thing] + below[thing]) / 2
        return found

    def _forward(self, wanted: dict[object, float]) -> dict[object, float]:
        found: dict[object, float] = {}
        for thing in self._order:
            place = wanted[thing]
            for other, distance in self._behind[thing]:
                place = max(place, found[other] + distance)
            found[thing] = place
        return found

    def _backward(self, wanted: dict[object, float]) -> dict[object, float]:
        found: dict[object, float] = {}
        for thing in reversed(self._order):
            place = wanted[thing]
            for other, distance in self._ahead[thing]:
                place = min(place, found[other] - distance)
            found[thing] = place
        return found


class _Zero(dict[object, float]):
    """Places, 0 for what has none: what stands alone in its row."""

    def __missing__(self, thing: object) -> float:
        return 0.0
