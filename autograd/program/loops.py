"""The loops around a program's pieces, as LLVM text: rows in lanes, and sums in one fixed order.

The order of a sum over rows, whatever the machine and the number of threads: rows are taken in
blocks of 1024; in a block row i is added to partial sum i mod 8, each from 0 on; of these
s0 + s4, s1 + s5, s2 + s6 and s3 + s7 are added, of the four the first and third and the second and
fourth, then both; the blocks' sums are added in turn, from 0 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from autograd.program.pieces import Pieces

__all__ = ["BLOCK", "PARTS", "for_one", "for_rows", "for_sums", "in_order", "loop"]

BLOCK: Final = 1024  # rows whose sums are added up by themselves
PARTS: Final = 8  # partial sums in a block, so lanes at most
SHUFFLED: Final = 4  # columns that are taken apart in registers

_BUFFERS: Final = (
    "ptr noalias %rows, ptr noalias %parameters, ptr noalias %frame, ptr noalias %x, "
    "ptr noalias %sums, ptr noalias %spare, ptr noalias %out, i64 %begin, i64 %end"
)


def loop(name: str, begin: str, end: str, step: int, body: str) -> str:
    """`for (name = begin; name < end; name += step) body`, its counter being `%name.at`."""
    return f"""\
  store i64 {begin}, ptr %{name}.at
  br label %{name}.test
{name}.test:
  %{name} = load i64, ptr %{name}.at
  %{name}.more = icmp slt i64 %{name}, {end}
  br i1 %{name}.more, label %{name}.body, label %{name}.done
{name}.body:
{body}
  %{name}.next = add i64 %{name}, {step}
  store i64 %{name}.next, ptr %{name}.at
  br label %{name}.test
{name}.done:"""


def counters(*names: str) -> str:
    """What holds the counters of a function's loops."""
    return "\n".join(f"  %{name}.at = alloca i64" for name in names)


def in_order(part: str) -> str:
    """`%part.all`, the sum of the partial sums `%part0` to `%part7`, in the order told above."""
    lines = []
    for name, a, b in (
        (".04", "0", "4"), (".15", "1", "5"), (".26", "2", "6"), (".37", "3", "7"),
        (".even", ".04", ".26"), (".odd", ".15", ".37"), (".all", ".even", ".odd"),
    ):  # fmt: skip
        lines.append(f"  %{part}{name} = fadd double %{part}{a}, %{part}{b}")
    return "\n".join(lines)


def _smaller(name: str, a: str, b: str) -> str:
    return f"  %{name} = call i64 @llvm.smin.i64(i64 {a}, i64 {b})"


def _gather(columns: int, lanes: int, base: str) -> str:
    """The inputs of `lanes` rows from address `base` on into %x, a column's lanes together."""
    kind = f"<{lanes} x double>"
    if columns <= SHUFFLED:
        wide = f"<{lanes * columns} x double>"
        lines = [f"%wide = load {wide}, ptr {base}, align 8"]
        for c in range(columns):
            mask = ", ".join(f"i32 {c + lane * columns}" for lane in range(lanes))
            lines += [
                f"%x{c} = shufflevector {wide} %wide, {wide} poison, <{lanes} x i32> <{mask}>",
                f"%to{c} = getelementptr double, ptr %x, i64 {c * lanes}",
                f"store {kind} %x{c}, ptr %to{c}, align 8",
            ]
        return "\n".join(f"  {line}" for line in lines)
    lines = []
    vector = "poison"
    for lane in range(lanes):
        lines += [
            f"%a{lane} = add i64 %c, {lane * columns}",
            f"%source{lane} = getelementptr double, ptr {base}, i64 %a{lane}",
            f"%n{lane} = load double, ptr %source{lane}",
            f"%v{lane} = insertelement {kind} {vector}, double %n{lane}, i64 {lane}",
        ]
        vector = f"%v{lane}"
    lines += [
        f"%cl = mul i64 %c, {lanes}",
        "%home = getelementptr double, ptr %x, i64 %cl",
        f"store {kind} {vector}, ptr %home, align 8",
    ]
    return loop("c", "0", str(columns), 1, "\n".join(f"  {line}" for line in lines))


def _finite(lanes: int, row: str, then: str) -> str:
    """Gives a row back where the checked numbers are not all finite."""
    kind, truth = f"<{lanes} x double>", f"<{lanes} x i1>"
    return f"""\
  %flag = load {kind}, ptr %frame, align 8
  %none = fsub {kind} %flag, %flag
  %is = fcmp oeq {kind} %none, zeroinitializer
  %all = call i1 @llvm.vector.reduce.and.v{lanes}i1({truth} %is)
  br i1 %all, label %{then}, label %bad
bad:
  ret i64 {row}
{then}:"""


def _last_rows(name: str, pieces: Pieces, columns: int, results: int, then: str) -> str:
    """A function for fewer rows than there are lanes: the last row is repeated, results dropped."""
    lanes = pieces.lanes
    pad = f"""\
{_smaller("row", "%lane", "%last")}
  %from = mul i64 %row, {columns}
  %to = mul i64 %lane, {columns}
  %fp = getelementptr double, ptr %rows, i64 %from
  %tp = getelementptr double, ptr %pad, i64 %to
  call void @llvm.memcpy.p0.p0.i64(ptr %tp, ptr %fp, i64 {8 * columns}, i1 false)"""
    each = f"  %kl = mul i64 %k, {lanes}\n" + loop(
        "l", "0", "%left", 1, f"  %kx = add i64 %kl, %l\n{then}"
    )
    return f"""\
define internal i64 @{name}_last(ptr noalias %rows, ptr noalias %parameters, ptr noalias %frame, \
ptr noalias %x, ptr noalias %spare, ptr noalias %out, i64 %left, i64 %i) noinline nounwind {{
{counters("lane", "c", "k", "l")}
  %pad = alloca [{lanes * columns} x double], align 64
  %last = sub i64 %left, 1
{loop("lane", "0", str(lanes), 1, pad)}
  call void @llvm.memset.p0.i64(ptr %spare, i8 0, i64 {8 * results * lanes}, i1 false)
{_gather(columns, lanes, "%pad")}
{pieces.calls("%x", "%spare")}
{_finite(lanes, "%i", "fine")}
{loop("k", "0", str(results), 1, each)}
  ret i64 -1
}}
"""


def _groups(begin: str, end: str, columns: int, lanes: int, body: str) -> str:
    """`body` for each whole group of rows, whose first is %i and stands at %base."""
    each = f"""\
  %skip = mul i64 %i, {columns}
  %base = getelementptr double, ptr %rows, i64 %skip
{_gather(columns, lanes, "%base")}
{body}"""
    return f"""\
  %rest = sub i64 {end}, {begin}
  %left = srem i64 %rest, {lanes}
  %wholes = sub i64 {end}, %left
{loop("i", begin, "%wholes", lanes, each)}
  %some = icmp sgt i64 %left, 0
  %lskip = mul i64 %wholes, {columns}
  %lbase = getelementptr double, ptr %rows, i64 %lskip"""


def for_rows(pieces: Pieces, columns: int, results: int, name: str = "map") -> str:
    """`@map`: the results of each row from begin to end, row after row; -1, or a row in trouble."""
    lanes = pieces.lanes
    last = f"""\
  %lk = mul i64 %l, {results}
  %at = add i64 %lk, %k
  %got = getelementptr double, ptr %spare, i64 %kx
  %v = load double, ptr %got
  %put = getelementptr double, ptr %out, i64 %at
  store double %v, ptr %put"""
    put = f"""\
  %kl = mul i64 %k, {lanes}
  %op = getelementptr double, ptr %spare, i64 %kl
  %ov = load <{lanes} x double>, ptr %op, align 8
""" + "".join(
        f"""\
  %w{lane} = add i64 %i, {lane}
  %wk{lane} = mul i64 %w{lane}, {results}
  %at{lane} = add i64 %wk{lane}, %k
  %e{lane} = extractelement <{lanes} x double> %ov, i64 {lane}
  %ep{lane} = getelementptr double, ptr %out, i64 %at{lane}
  store double %e{lane}, ptr %ep{lane}
"""
        for lane in range(lanes)
    )
    body = f"""\
{pieces.calls("%x", "%spare")}
{_finite(lanes, "%i", "fine")}
{loop("k", "0", str(results), 1, put)}"""
    return f"""\
define i64 @{name}({_BUFFERS}) nounwind {{
{counters("i", "c", "k")}
{_groups("%begin", "%end", columns, lanes, body)}
  br i1 %some, label %last, label %over
last:
  %done = mul i64 %wholes, {results}
  %lout = getelementptr double, ptr %out, i64 %done
  %found = call i64 @{name}_last(ptr %lbase, ptr %parameters, ptr %frame, ptr %x, ptr %spare, \
ptr %lout, i64 %left, i64 %wholes)
  ret i64 %found
over:
  ret i64 -1
}}
{_last_rows(name, pieces, columns, results, last)}"""


def for_sums(pieces: Pieces, columns: int, results: int, name: str = "total") -> str:
    """`@total`: for each block from row begin to end the sums of its results; -1, or a bad row.

    `@fold` adds the blocks' sums, which follow one another, to %sums.
    """
    lanes, count = pieces.lanes, results * PARTS
    merge = """\
  %px = getelementptr double, ptr %spare, i64 %kx
  %py = getelementptr double, ptr %out, i64 %kx
  %vx = load double, ptr %px
  %vy = load double, ptr %py
  %vz = fadd double %vy, %vx
  store double %vz, ptr %py"""
    own = f"""\
  %since = sub i64 %i, %b
  %part = and i64 %since, {PARTS - 1}
  %partk = mul i64 %part, {results}
  %own = getelementptr double, ptr %sums, i64 %partk
"""
    group = f"""\
{own if lanes < PARTS else ""}\
{pieces.calls("%x", "%own" if lanes < PARTS else "%sums")}
{_finite(lanes, "%i", "fine")}"""
    loads = "".join(
        f"""\
  %f{part}a = add i64 %fl, {part // lanes * results * lanes + part % lanes}
  %f{part}p = getelementptr double, ptr %sums, i64 %f{part}a
  %s{part} = load double, ptr %f{part}p
"""
        for part in range(PARTS)
    )
    fold = f"""\
  %fl = mul i64 %f, {lanes}
{loads}\
{in_order("s")}
  %o = add i64 %block, %f
  %op = getelementptr double, ptr %out, i64 %o
  store double %s.all, ptr %op"""
    block = f"""\
  %b1 = add i64 %b, {BLOCK}
{_smaller("stop", "%b1", "%end")}
  call void @llvm.memset.p0.i64(ptr %sums, i8 0, i64 {8 * count}, i1 false)
{_groups("%b", "%stop", columns, lanes, group)}
  br i1 %some, label %last, label %whole
last:
  %lsince = sub i64 %wholes, %b
  %lpart = and i64 %lsince, {PARTS - 1}
  %lpartk = mul i64 %lpart, {results}
  %lown = getelementptr double, ptr %sums, i64 %lpartk
  %found = call i64 @{name}_last(ptr %lbase, ptr %parameters, ptr %frame, ptr %x, ptr %spare, \
ptr %lown, i64 %left, i64 %wholes)
  %good = icmp slt i64 %found, 0
  br i1 %good, label %whole, label %worse
worse:
  ret i64 %found
whole:
  %done = sub i64 %b, %begin
  %number = sdiv i64 %done, {BLOCK}
  %block = mul i64 %number, {results}
{loop("f", "0", str(results), 1, fold)}"""
    one = """\
  %xp = getelementptr double, ptr %bp, i64 %k
  %yp = getelementptr double, ptr %sums, i64 %k
  %xv = load double, ptr %xp
  %yv = load double, ptr %yp
  %zv = fadd double %yv, %xv
  store double %zv, ptr %yp"""
    add = f"""\
  %bk = mul i64 %b, {results}
  %bp = getelementptr double, ptr %out, i64 %bk
{loop("k", "0", str(results), 1, one)}"""
    return f"""\
define i64 @{name}({_BUFFERS}) nounwind {{
{counters("b", "i", "c", "f")}
{loop("b", "%begin", "%end", BLOCK, block)}
  ret i64 -1
}}
{_last_rows(name, pieces, columns, results, merge)}
define void @fold(ptr noalias %out, ptr noalias %sums, i64 %blocks) nounwind {{
{counters("b", "k")}
{loop("b", "0", "%blocks", 1, add)}
  ret void
}}
"""


def for_one(pieces: Pieces, outputs: int, results: int, name: str = "one") -> str:
    """`@one`: the results of a single row, whose inputs stand in %x; the sum of what is checked.

    To gradients 0 is added: where -0 came out, the engine has 0, as it adds to that.
    """
    gradient = """\
  %p = getelementptr double, ptr %results, i64 %k
  %v = load double, ptr %p
  %w = fadd double %v, 0.0
  store double %w, ptr %p
  %f = load double, ptr %frame
  %g = fadd double %f, %w
  store double %g, ptr %frame"""
    return f"""\
define double @{name}(ptr noalias %x, ptr noalias %parameters, ptr noalias %frame, \
ptr noalias %results) nounwind {{
{counters("k")}
{pieces.calls("%x", "%results")}
{loop("k", str(outputs), str(results), 1, gradient)}
  %flag = load double, ptr %frame, align 8
  ret double %flag
}}
"""
