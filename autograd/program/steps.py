"""The text of a training's loop: rows in turn, the graph each takes, and the rule that moves.

With batches each row's gradient is added to one of eight partial sums, as in loops.py, and the rule
comes after the last row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from autograd.program.code import Code
from autograd.program.llvm import formula
from autograd.program.loops import BLOCK, PARTS, counters, in_order, loop
from autograd.program.native import module_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.program.pieces import Pieces

__all__ = ["Steps"]

_LOCAL: Final = 128  # numbers of state that a loop may keep in registers


class Steps:
    """What is the same for all parts of the text: `@scan`, see `Scan`."""

    def __init__(
        self, pieces: list[Pieces], count: int, columns: int, memory: int, batch: int
    ) -> None:
        self._pieces = pieces
        self.count, self.columns = count, columns
        self.memory, self.batch = memory, batch

    def text(
        self,
        schedule: Callable[..., Sequence[Any]],
        rule: Callable[..., Sequence[Any]],
        settings: int = 0,
    ) -> str:
        """The module, given how a step's numbers and a parameter's move come about."""
        called: set[str] = set()
        code = Code()
        leaves = [code.leaf("input", i) for i in range(1 + settings)]
        numbers = [code.place(number) for number in schedule(*map(code.number, leaves))]
        given = ["%time", *(f"%setting{i}" for i in range(settings))]
        named = dict(zip(leaves, given, strict=True))
        before, known = formula(code, numbers, named, called, "n")
        moving, moved = self._rule(rule, len(numbers), known, called)
        size, local = (1 + self.memory) * self.count, (1 + self.memory) * self.count <= _LOCAL
        spaces = [("state", size), ("results", 1 + self.count), ("frame", len(self._frame_slots()))]
        head, tail = "", ""
        for i, name in enumerate(given[1:]):
            head += f"  {name}.at = getelementptr double, ptr %settings, i64 {i}\n"
            head += f"  {name} = load double, ptr {name}.at\n"
        if local:  # what is the loop's own can be kept in registers
            for name, space in spaces:
                head += f"  %{name} = alloca [{space} x double], align 64\n"
            head += _copied("%state", "%states", size)
            tail = _copied("%states", "%state", size)
            tail += _copied("%resultss", "%results", 1 + self.count)
        names = "state{0}, ptr noalias %results{0}, ptr noalias %frame{0}".format("s" * local)
        cases = "\n".join(f"    i8 {n}, label %graph{n}" for n in range(len(self._pieces)))
        graphs = "\n".join(
            f"graph{n}:\n{pieces.calls('%x', '%results')}\n  br label %known"
            for n, pieces in enumerate(self._pieces)
        ).replace("ptr %parameters", "ptr %state")
        update = f"""\
  %taken.0 = load double, ptr %taken.at
  %taken = fadd double %taken.0, 1.0
  store double %taken, ptr %taken.at
  %time = fadd double %before, %taken
  {chr(10).join(before)}
{loop("k", "0", str(self.count), 1, moving + moved)}"""
        if self.batch > 1:
            update = self._summed(update)
        body = f"""\
  %place = load i64, ptr %place.at
  %following = add i64 %place, 1
  %again = icmp eq i64 %following, %count
  %wrapped = select i1 %again, i64 0, i64 %following
  store i64 %wrapped, ptr %place.at
  %op = getelementptr i64, ptr %order, i64 %place
  %row = load i64, ptr %op
  %skip = mul i64 %row, {self.columns}
  %x = getelementptr double, ptr %rows, i64 %skip
  %wp = getelementptr i8, ptr %which, i64 %row
  %w = load i8, ptr %wp
  switch i8 %w, label %graph0 [
{cases}
  ]
{graphs}
known:
  %flag = load double, ptr %frame
  %none = fsub double %flag, %flag
  %fine = fcmp oeq double %none, 0.0
  br i1 %fine, label %step, label %bad
step:
  %loss = load double, ptr %results
  %since = sub i64 %s, %begin
  %lp = getelementptr double, ptr %losses, i64 %since
  store double %loss, ptr %lp
{update}"""
        function = f"""\
define i64 @scan(ptr noalias %rows, ptr noalias %which, ptr noalias %order, \
ptr noalias %{names}, ptr noalias %losses, ptr noalias %sums, \
ptr noalias %settings, double %before, \
i64 %begin, i64 %end, i64 %count) nounwind {{
{counters("s", "k", "a", "f")}
  %place.at = alloca i64
  %first = srem i64 %begin, %count
  store i64 %first, ptr %place.at
  %taken.at = alloca double
  store double 0.0, ptr %taken.at
{head}{loop("s", "%begin", "%end", 1, body)}
  br label %over
bad:
  br label %over
over:
  %answer = phi i64 [ -1, %s.done ], [ %s, %bad ]
{tail}  ret i64 %answer
}}
"""
        extra = _Called(called)
        return module_text([function], [*self._pieces, extra])  # type: ignore[list-item]

    def _summed(self, update: str) -> str:
        """What is done after each row of a batch, and `update` after its last."""
        count = self.count
        add = """\
  %u1 = add i64 %a, 1
  %up = getelementptr double, ptr %results, i64 %u1
  %uv = load double, ptr %up
  %us = add i64 %part, %a
  %uq = getelementptr double, ptr %sums, i64 %us
  %uw = load double, ptr %uq
  %ux = fadd double %uw, %uv
  store double %ux, ptr %uq"""
        loads = "".join(
            f"""\
  %fa{part} = add i64 %f, {(1 + part) * count}
  %fp{part} = getelementptr double, ptr %sums, i64 %fa{part}
  %f{part} = load double, ptr %fp{part}
  store double 0.0, ptr %fp{part}
"""
            for part in range(PARTS)
        )
        fold = f"""\
{loads}\
{in_order("f")}
  %ft = getelementptr double, ptr %sums, i64 %f
  %fu = load double, ptr %ft
  %fv = fadd double %fu, %f.all
  %fw = select i1 %ends, double 0.0, double %fv
  store double %fw, ptr %ft
  %fx = fdiv double %fv, %size
  %f1r = add i64 %f, 1
  %fr = getelementptr double, ptr %results, i64 %f1r
  store double %fx, ptr %fr"""
        return f"""\
  %inside = srem i64 %place, {self.batch}
  %eighth = and i64 %inside, {PARTS - 1}
  %eighth1 = add i64 %eighth, 1
  %part = mul i64 %eighth1, {count}
{loop("a", "0", str(count), 1, add)}
  %number = add i64 %inside, 1
  %size = sitofp i64 %number to double
  %full = icmp eq i64 %number, {self.batch}
  %place1 = add i64 %place, 1
  %through = icmp eq i64 %place1, %count
  %ends = or i1 %full, %through
  %rest = srem i64 %number, {BLOCK}
  %block = icmp eq i64 %rest, 0
  %folds = or i1 %ends, %block
  br i1 %folds, label %fold, label %on
fold:
{loop("f", "0", str(count), 1, fold)}
  br i1 %ends, label %move, label %on
move:
{update}
  br label %on
on:"""

    def _frame_slots(self) -> range:
        return range(max(pieces.slots for pieces in self._pieces))

    def _rule(
        self, rule: Callable[..., Sequence[Any]], count: int, known: list[str], called: set[str]
    ) -> tuple[str, str]:
        """The lines for parameter %k: what is loaded and computed, and what is stored."""
        code = Code()
        leaves = [code.leaf("input", i) for i in range(count + 2 + self.memory)]
        given = [code.number(leaf) for leaf in leaves]
        result = rule(given[:count], *given[count:])
        names = [*known, "%p", "%g", *[f"%m{i}" for i in range(self.memory)]]
        lines, found = formula(
            code,
            [code.place(n) for n in result],
            dict(zip(leaves, names, strict=True)),
            called,
            "r",
        )
        loads = "  %g1 = add i64 %k, 1\n  %gp = getelementptr double, ptr %results, i64 %g1\n"
        loads += "  %g = load double, ptr %gp\n"
        stores = ""
        for i, name in enumerate(names[count : count + 1] + names[count + 2 :]):
            loads += f"  %a{i} = add i64 %k, {i * self.count}\n"
            loads += f"  %ap{i} = getelementptr double, ptr %state, i64 %a{i}\n"
            loads += f"  {name} = load double, ptr %ap{i}\n"
            stores += f"  store double {found[i]}, ptr %ap{i}\n"
        return loads + "".join(f"  {line}\n" for line in lines), stores


def _copied(to: str, start: str, count: int) -> str:
    size = f"i64 {8 * count}"
    return f"  call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {start}, {size}, i1 false)\n"


class _Called:
    """What the rule calls, in the shape in which pieces say what they call."""

    lanes = 1
    texts = ()

    def __init__(self, called: set[str]) -> None:
        self.called = called
