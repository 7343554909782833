"""The text of a training's loop: rows in turn, the graph each takes, and the rule that moves.

With batches the rows of one run in lanes; each row's gradient is added to one of eight partial
sums, as in loops.py, and the rule comes after the last row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autograd.program.llvm import formula
from autograd.program.loops import BLOCK, PARTS, counters, in_order, loop
from autograd.program.native import module_text

if TYPE_CHECKING:
    from autograd.program.pieces import Pieces
    from autograd.program.rule import Rule

__all__ = ["scan_text"]

_LOCAL: Final = 128  # numbers of state that a loop may keep in registers


def scan_text(
    pieces: list[Pieces], rule: Rule, count: int, columns: int, memory: int, batch: int
) -> str:
    """A module with `@scan`, see `Scan`, of the graphs' pieces, for `count` parameters."""
    return _Text(pieces, rule, count, columns, memory, batch).module()


class _Text:
    """What is the same for all parts of the text."""

    def __init__(
        self, pieces: list[Pieces], rule: Rule, count: int, columns: int, memory: int, batch: int
    ) -> None:
        self._pieces, self._rule = pieces, rule
        self.count, self.columns = count, columns
        self.memory, self.batch = memory, batch
        self.lanes = pieces[0].lanes
        self._called: set[str] = set()

    def module(self) -> str:
        """The whole text."""
        one = self.batch == 1
        function = self._by_rows() if one else self._by_batches()
        extra = _Called(self._called)
        return module_text([function], [*self._pieces, extra])  # type: ignore[list-item]

    def _function(self, names: str, head: str, body: str, tail: str) -> str:
        settings = "".join(
            f"  %set{i}.at = getelementptr double, ptr %settings, i64 {i}\n"
            f"  %set{i} = load double, ptr %set{i}.at\n"
            for i in range(self._rule.settings)
        )
        return f"""\
define i64 @scan(ptr noalias %rows, ptr noalias %which, ptr noalias %order, \
ptr noalias %{names}, ptr noalias %losses, ptr noalias %sums, ptr noalias %settings, \
double %before, i64 %begin, i64 %end, i64 %count) nounwind {{
  %place.at = alloca i64
  %first = srem i64 %begin, %count
  store i64 %first, ptr %place.at
  %taken.at = alloca double
  store double 0.0, ptr %taken.at
{settings}{head}{body}
  br label %over
bad:
  br label %over
over:
  %answer = phi i64 [ -1, %s.done ], [ %s, %bad ]
{tail}  ret i64 %answer
}}
"""

    # A step for each row.

    def _by_rows(self) -> str:
        size, local = (1 + self.memory) * self.count, (1 + self.memory) * self.count <= _LOCAL
        slots = max(pieces.slots for pieces in self._pieces)
        spaces = [("state", size), ("results", 1 + self.count), ("frame", slots)]
        head, tail = counters("s", "k", "m", "q") + "\n" + self._measures(), ""
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
{self._update()}"""
        return self._function(names, head, loop("s", "%begin", "%end", 1, body), tail)

    # A step for each batch, whose rows run in lanes.

    def _by_batches(self) -> str:
        lanes, count, kinds = self.lanes, self.count, len(self._pieces)
        each = range(lanes)
        own = [f"{name}{g}" for g in range(kinds) for name in "cb"]
        head = f"""\
{counters("s", "j", "k", "m", "q", "a", "f", *own)}
  %x = alloca [{max(1, self.columns * lanes)} x double], align 64
  %places = alloca [{lanes} x i64], align 64
  %kinds = alloca [{lanes} x i8], align 64
  %parts = getelementptr double, ptr %sums, i64 {PARTS}
  %kept = getelementptr double, ptr %parts, i64 {PARTS * count}
  %spare = getelementptr double, ptr %kept, i64 {PARTS * (1 + count)}
  %whole = getelementptr double, ptr %spare, i64 {PARTS * (1 + count)}
  store i64 %begin, ptr %s.at
{self._measures()}  br label %s.test
"""
        rows = "".join(
            f"""\
  %i{lane} = call i64 @llvm.smin.i64(i64 {lane}, i64 %final)
  %pl{lane} = add i64 %place, %i{lane}
  %op{lane} = getelementptr i64, ptr %order, i64 %pl{lane}
  %row{lane} = load i64, ptr %op{lane}
  %wp{lane} = getelementptr i8, ptr %which, i64 %row{lane}
  %w{lane} = load i8, ptr %wp{lane}
  %kp{lane} = getelementptr i8, ptr %kinds, i64 {lane}
  store i8 %w{lane}, ptr %kp{lane}
  %rp{lane} = getelementptr i64, ptr %places, i64 {lane}
  store i64 %row{lane}, ptr %rp{lane}
"""
            for lane in each
        )
        numbers = ", ".join(f"i64 {lane}" for lane in each)
        computed = self._several() if kinds > 1 else self._alone()
        body = f"""\
s.test:
  %s = load i64, ptr %s.at
  %s.more = icmp slt i64 %s, %end
  br i1 %s.more, label %s.body, label %s.done
s.body:
  %place = load i64, ptr %place.at
  %inside = srem i64 %place, {self.batch}
  %in.batch = sub i64 {self.batch}, %inside
  %in.all = sub i64 %count, %place
  %left = call i64 @llvm.smin.i64(i64 %in.batch, i64 %in.all)
  %in.lanes = call i64 @llvm.smin.i64(i64 %left, i64 {lanes})
  %in.call = sub i64 %end, %s
  %n = call i64 @llvm.smin.i64(i64 %in.lanes, i64 %in.call)
  %final = sub i64 %n, 1
{rows}\
  %nv.0 = insertelement <{lanes} x i64> poison, i64 %n, i64 0
  %nv = shufflevector <{lanes} x i64> %nv.0, <{lanes} x i64> poison, \
<{lanes} x i32> zeroinitializer
  %valid = icmp slt <{lanes} x i64> <{numbers}>, %nv
  %kinds.v = load <{lanes} x i8>, ptr %kinds, align 1
  %since = sub i64 %s, %begin
  %eighth = and i64 %inside, {PARTS - 1}
{computed}
  %s.next = add i64 %s, %n
  store i64 %s.next, ptr %s.at
  %following = add i64 %place, %n
  %through = icmp eq i64 %following, %count
  %wrapped = select i1 %through, i64 0, i64 %following
  store i64 %wrapped, ptr %place.at
  %number = add i64 %inside, %n
  %size = sitofp i64 %number to double
  %ends = icmp eq i64 %n, %left
  %rest = srem i64 %number, {BLOCK}
  %block = icmp eq i64 %rest, 0
  %folds = or i1 %ends, %block
  br i1 %folds, label %fold, label %s.test
fold:
{self._folded()}
  br i1 %ends, label %move, label %s.test
move:
{self._update()}
  br label %s.test
s.done:"""
        return self._function("state, ptr noalias %results, ptr noalias %frame", head, body, "")

    def _losses(self, place: str) -> str:
        """The rows' losses put where they belong, from the first of their results."""
        body = f"""\
  %jp = getelementptr double, ptr {place}, i64 %j
  %jv = load double, ptr %jp
  %js = add i64 %since, %j
  %jq = getelementptr double, ptr %losses, i64 %js
  store double %jv, ptr %jq"""
        return loop("j", "0", "%n", 1, body)

    def _added(self, count: int, start: str, to: str) -> str:
        """So many results of the rows that there are added to the partial sums of their lanes."""
        lanes = self.lanes
        kind = f"<{lanes} x double>"
        body = f"""\
  %a8 = mul i64 %a, {PARTS}
  %ap = getelementptr double, ptr {start}, i64 %a8
  %av = load {kind}, ptr %ap, align 8
  %aw = select <{lanes} x i1> %valid, {kind} %av, {kind} zeroinitializer
  %aq = getelementptr double, ptr {to}, i64 %a8
  %ax = load {kind}, ptr %aq, align 8
  %ay = fadd {kind} %ax, %aw
  store {kind} %ay, ptr %aq, align 8"""
        return loop("a", "0", str(count), 1, body)

    def _alone(self) -> str:
        """One graph for all rows: it adds to the partial sums itself where all lanes are rows."""
        lanes, pieces, results = self.lanes, self._pieces[0], 1 + self.count
        kind = f"<{lanes} x double>"
        bases = "".join(
            f"""\
  %skip{lane} = mul i64 %row{lane}, {self.columns}
  %base{lane} = getelementptr double, ptr %rows, i64 %skip{lane}
"""
            for lane in range(lanes)
        )
        calls = pieces.calls("%x", "%target").replace("ptr %parameters", "ptr %state")
        return f"""\
{bases}{loop("c0", "0", str(self.columns), 1, self._gathered("0", "%base{lane}"))}
  %own = getelementptr double, ptr %sums, i64 %eighth
  store {kind} zeroinitializer, ptr %own, align 8
  %full = icmp eq i64 %n, {lanes}
  %target = select i1 %full, ptr %own, ptr %spare
  br i1 %full, label %run, label %clear
clear:
  call void @llvm.memset.p0.i64(ptr %spare, i8 0, i64 {8 * PARTS * results}, i1 false)
  br label %run
run:
{calls}
{self._finite("0")}
  br i1 %allfine0, label %fine, label %bad
fine:
  br i1 %full, label %computed, label %merge
merge:
{self._added(results, "%spare", "%own")}
  br label %computed
computed:
{self._losses("%own")}"""

    def _several(self) -> str:
        """Several graphs: the results of each are kept for the rows that take it, then added."""
        kinds = len(self._pieces)
        graphs = "\n".join(self._graph(number) for number in range(kinds))
        return f"""\
  br label %graph0
{graphs}
graph{kinds}:
{self._losses("%kept")}
  %own = getelementptr double, ptr %parts, i64 %eighth
  %kept.gradients = getelementptr double, ptr %kept, i64 {PARTS}
{self._added(self.count, "%kept.gradients", "%own")}"""

    def _gathered(self, name: str, base: str) -> str:
        """Column %c of the rows whose addresses are `base`, into %x."""
        lines = f"  %cl{name} = mul i64 %c{name}, {self.lanes}\n"
        return lines + "\n".join(
            f"""\
  %gp{name}.{lane} = getelementptr double, ptr {base.format(lane=lane)}, i64 %c{name}
  %gv{name}.{lane} = load double, ptr %gp{name}.{lane}
  %gl{name}.{lane} = add i64 %cl{name}, {lane}
  %gq{name}.{lane} = getelementptr double, ptr %x, i64 %gl{name}.{lane}
  store double %gv{name}.{lane}, ptr %gq{name}.{lane}"""
            for lane in range(self.lanes)
        )

    def _finite(self, name: str) -> str:
        """%allfine: whether all that was checked is finite in every lane."""
        lanes = self.lanes
        kind, bits = f"<{lanes} x double>", f"i{lanes}"
        return f"""\
  %flag{name} = load {kind}, ptr %frame, align 8
  %zero{name} = fsub {kind} %flag{name}, %flag{name}
  %fine{name} = fcmp oeq {kind} %zero{name}, zeroinitializer
  %fineb{name} = bitcast <{lanes} x i1> %fine{name} to {bits}
  %allfine{name} = icmp eq {bits} %fineb{name}, -1"""

    def _graph(self, g: int) -> str:
        """The rows in lanes that take graph g; other lanes do what the first of these does."""
        lanes, pieces = self.lanes, self._pieces[g]
        kind, bits = f"<{lanes} x double>", f"i{lanes}"
        bases = "".join(
            f"""\
  %m{g}.{lane} = extractelement <{lanes} x i1> %mask{g}, i64 {lane}
  %from{g}.{lane} = select i1 %m{g}.{lane}, i64 %row{lane}, i64 %any{g}
  %skip{g}.{lane} = mul i64 %from{g}.{lane}, {self.columns}
  %base{g}.{lane} = getelementptr double, ptr %rows, i64 %skip{g}.{lane}
"""
            for lane in range(lanes)
        )
        gather = self._gathered(str(g), f"%base{g}.{{lane}}")
        blend = f"""\
  %bl{g} = mul i64 %b{g}, {PARTS}
  %bp{g} = getelementptr double, ptr %spare, i64 %bl{g}
  %bq{g} = getelementptr double, ptr %kept, i64 %bl{g}
  %bv{g} = load {kind}, ptr %bp{g}, align 8
  %bw{g} = load {kind}, ptr %bq{g}, align 8
  %bx{g} = select <{lanes} x i1> %mask{g}, {kind} %bv{g}, {kind} %bw{g}
  store {kind} %bx{g}, ptr %bq{g}, align 8"""
        calls = pieces.calls("%x", "%spare").replace("ptr %parameters", "ptr %state")
        return f"""\
graph{g}:
  %kind{g} = icmp eq <{lanes} x i8> %kinds.v, splat (i8 {g})
  %mask{g} = and <{lanes} x i1> %valid, %kind{g}
  %bits{g} = bitcast <{lanes} x i1> %mask{g} to {bits}
  %none{g} = icmp eq {bits} %bits{g}, 0
  br i1 %none{g}, label %graph{g + 1}, label %run{g}
run{g}:
  %lowest{g} = call {bits} @llvm.cttz.{bits}({bits} %bits{g}, i1 true)
  %lane{g} = zext {bits} %lowest{g} to i64
  %anyp{g} = getelementptr i64, ptr %places, i64 %lane{g}
  %any{g} = load i64, ptr %anyp{g}
{bases}{loop(f"c{g}", "0", str(self.columns), 1, gather)}
{calls}
{self._finite(str(g))}
  br i1 %allfine{g}, label %blend{g}, label %bad
blend{g}:
{loop(f"b{g}", "0", str(1 + self.count), 1, blend)}
  br label %graph{g + 1}"""

    def _folded(self) -> str:
        """Partial sums added to the sum, which is made the mean where a batch ends.

        By halves of the vector, which is the order of `in_order`.
        """
        halves = "\n".join(
            f"""\
  %f.low{n} = shufflevector <{2 * n} x double> %f.v{2 * n}, <{2 * n} x double> poison, \
<{n} x i32> <{", ".join(f"i32 {i}" for i in range(n))}>
  %f.high{n} = shufflevector <{2 * n} x double> %f.v{2 * n}, <{2 * n} x double> poison, \
<{n} x i32> <{", ".join(f"i32 {i}" for i in range(n, 2 * n))}>
  %f.v{n} = fadd <{n} x double> %f.low{n}, %f.high{n}"""
            for n in (4, 2, 1)
        )
        fold = f"""\
  %f8 = mul i64 %f, {PARTS}
  %fp = getelementptr double, ptr %parts, i64 %f8
  %f.v{PARTS} = load <{PARTS} x double>, ptr %fp, align 8
  store <{PARTS} x double> zeroinitializer, ptr %fp, align 8
{halves}
  %f.all = extractelement <1 x double> %f.v1, i64 0
  %ft = getelementptr double, ptr %whole, i64 %f
  %fu = load double, ptr %ft
  %fv = fadd double %fu, %f.all
  %fw = select i1 %ends, double 0.0, double %fv
  store double %fw, ptr %ft
  %fx = fdiv double %fv, %size
  %f1r = add i64 %f, 1
  %fr = getelementptr double, ptr %results, i64 %f1r
  store double %fx, ptr %fr"""
        return loop("f", "0", str(self.count), 1, fold)

    # The rule.

    def _update(self) -> str:
        """Every parameter moved, by the gradients in %results."""
        rule = self._rule
        given = {at: f"%set{i}" for i, at in enumerate(rule.given)}
        before, known = formula(
            rule.schedule, rule.numbers, {**given, rule.time: "%time", rule.measured: "%measured"},
            self._called, "n",
        )  # fmt: skip
        return f"""\
  %taken.0 = load double, ptr %taken.at
  %taken = fadd double %taken.0, 1.0
  store double %taken, ptr %taken.at
  %time = fadd double %before, %taken
{self._measured()}\
  {f"{chr(10)}  ".join(before)}
{loop("k", "0", str(self.count), 1, self._moved(known))}"""

    def _measures(self) -> str:
        """Where the sum of the measure is made, if there is one."""
        if self._rule.measure is None:
            return ""
        return f"  %measured.at = alloca double\n  %eight = alloca [{PARTS} x double], align 64\n"

    def _measured(self) -> str:
        """%measured: the sum of the measure over all parameters, in order; `bad` if not finite."""
        rule = self._rule
        if rule.measure is None:
            return ""
        names = {**{at: f"%set{i}" for i, at in enumerate(rule.weights)}, rule.slope: "%mg"}
        lines, (found,) = formula(rule.measure, [rule.size], names, self._called, "u")
        load = "\n".join(
            f"  %q{part}.at = getelementptr double, ptr %eight, i64 {part}\n"
            f"  %q{part} = load double, ptr %q{part}.at"
            for part in range(PARTS)
        )
        each = f"""\
  %mi = add i64 %q, %m
  %mi1 = add i64 %mi, 1
  %mp = getelementptr double, ptr %results, i64 %mi1
  %mg = load double, ptr %mp
  {f"{chr(10)}  ".join(lines)}
  %mpart = and i64 %m, {PARTS - 1}
  %mq = getelementptr double, ptr %eight, i64 %mpart
  %mv = load double, ptr %mq
  %mw = fadd double %mv, {found}
  store double %mw, ptr %mq"""
        block = f"""\
  call void @llvm.memset.p0.i64(ptr %eight, i8 0, i64 {8 * PARTS}, i1 false)
  %q.left = sub i64 {self.count}, %q
  %q.size = call i64 @llvm.smin.i64(i64 %q.left, i64 {BLOCK})
{loop("m", "0", "%q.size", 1, each)}
{load}
{in_order("q")}
  %q.before = load double, ptr %measured.at
  %q.sum = fadd double %q.before, %q.all
  store double %q.sum, ptr %measured.at"""
        return f"""\
  store double 0.0, ptr %measured.at
{loop("q", "0", str(self.count), BLOCK, block)}
  %measured = load double, ptr %measured.at
  %mnone = fsub double %measured, %measured
  %mfine = fcmp oeq double %mnone, 0.0
  br i1 %mfine, label %measured.on, label %bad
measured.on:
"""

    def _moved(self, known: list[str]) -> str:
        """The lines for parameter %k: what is loaded and computed, and what is stored."""
        rule = self._rule
        names = dict(zip(rule.taken, known, strict=True))
        own = ["%p", "%g", *[f"%m{i}" for i in range(self.memory)]]
        names.update(zip(rule.own, own, strict=True))
        lines, found = formula(rule.rule, rule.moved, names, self._called, "r")
        loads = "  %g1 = add i64 %k, 1\n  %gp = getelementptr double, ptr %results, i64 %g1\n"
        loads += "  %g = load double, ptr %gp\n"
        stores = ""
        for i, name in enumerate([own[0], *own[2:]]):
            loads += f"  %at{i} = add i64 %k, {i * self.count}\n"
            loads += f"  %own{i}.at = getelementptr double, ptr %state, i64 %at{i}\n"
            loads += f"  {name} = load double, ptr %own{i}.at\n"
            stores += f"  store double {found[i]}, ptr %own{i}.at\n"
        return loads + "".join(f"  {line}\n" for line in lines) + stores


def _copied(to: str, start: str, count: int) -> str:
    size = f"i64 {8 * count}"
    return f"  call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {start}, {size}, i1 false)\n"


class _Called:
    """What the rule calls, in the shape in which pieces say what they call."""

    lanes = 1
    texts = ()

    def __init__(self, called: set[str]) -> None:
        self.called = called
