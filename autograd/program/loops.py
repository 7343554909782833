"""The loops around a program's pieces, as LLVM text: rows in lanes, and sums in one fixed order.

The order of a sum over rows, whatever the machine and the number of threads: rows are taken in
blocks of 1024; in a block row i is added to partial sum i mod 8, each from 0 on; of these
s0 + s4, s1 + s5, s2 + s6 and s3 + s7 are added, of the four the first and third and the second and
fourth, then both; the blocks' sums are added in turn, from 0 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from autograd.program.llvm import Pieces

__all__ = ["BLOCK", "PARTS", "for_one", "for_rows", "for_sums", "loop"]

BLOCK: Final = 1024  # rows whose sums are added up by themselves
PARTS: Final = 8  # partial sums in a block, so lanes at most

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


def _smaller(name: str, a: str, b: str) -> str:
    return f"  %{name} = call i64 @llvm.smin.i64(i64 {a}, i64 {b})"


def _gather(columns: int, lanes: int, last: str) -> str:
    """The inputs of rows %i to %i + lanes into %x, a column's lanes together; the last repeated."""
    body = ""
    for lane in range(lanes):
        body += f"""\
  %l{lane} = add i64 %i, {lane}
{_smaller(f"m{lane}", f"%l{lane}", last)}
  %r{lane} = mul i64 %m{lane}, {columns}
  %a{lane} = add i64 %r{lane}, %c
  %from{lane} = getelementptr double, ptr %rows, i64 %a{lane}
  %n{lane} = load double, ptr %from{lane}
  %k{lane} = add i64 %cl, {lane}
  %to{lane} = getelementptr double, ptr %x, i64 %k{lane}
  store double %n{lane}, ptr %to{lane}
"""
    return loop("c", "0", str(columns), 1, f"  %cl = mul i64 %c, {lanes}\n{body}")


def _finite(lanes: int, then: str) -> str:
    """Gives row %i back where the checked numbers are not all finite."""
    kind = f"<{lanes} x double>" if lanes > 1 else "double"
    zero = "zeroinitializer" if lanes > 1 else "0.0"
    truth = f"<{lanes} x i1>" if lanes > 1 else "i1"
    every = f"call i1 @llvm.vector.reduce.and.v{lanes}i1({truth} %is)" if lanes > 1 else ""
    return f"""\
  %flag = load {kind}, ptr %frame, align 8
  %none = fsub {kind} %flag, %flag
  %is = fcmp oeq {kind} %none, {zero}
  {f"%all = {every}" if every else "%all = and i1 %is, true"}
  br i1 %all, label %{then}, label %bad
bad:
  ret i64 %i
{then}:"""


def for_rows(pieces: Pieces, columns: int, results: int, name: str = "map") -> str:
    """`@map`: the results of each row from begin to end, row after row; -1, or a row in trouble."""
    lanes = pieces.lanes
    put = f"""\
  %w = add i64 %i, %lane
  %wk = mul i64 %w, {results}
  %at = add i64 %wk, %k
  %from = getelementptr double, ptr %spare, i64 %klane
  %v = load double, ptr %from
  %to = getelementptr double, ptr %out, i64 %at
  store double %v, ptr %to"""
    each = f"  %kl = mul i64 %k, {lanes}\n" + loop(
        "lane", "0", "%valid", 1, f"  %klane = add i64 %kl, %lane\n{put}"
    )
    body = f"""\
{_gather(columns, lanes, "%last")}
{pieces.calls("%x", "%spare")}
{_finite(lanes, "fine")}
  %left = sub i64 %end, %i
{_smaller("valid", "%left", str(lanes))}
{loop("k", "0", str(results), 1, each)}"""
    return f"""\
define i64 @{name}({_BUFFERS}) nounwind {{
{counters("i", "c", "k", "lane")}
  %last = sub i64 %end, 1
{loop("i", "%begin", "%end", lanes, body)}
  ret i64 -1
}}
"""


def for_sums(pieces: Pieces, columns: int, results: int, name: str = "total") -> str:
    """`@total`: for each block from row begin to end the sums of its results; -1, or a bad row."""
    lanes, count = pieces.lanes, results * PARTS
    merge = loop(
        "k", "0", str(results), 1,
        f"  %kl = mul i64 %k, {lanes}\n"
        + loop(
            "lane", "0", "%left", 1,
            """\
  %kx = add i64 %kl, %lane
  %px = getelementptr double, ptr %spare, i64 %kx
  %py = getelementptr double, ptr %own, i64 %kx
  %vx = load double, ptr %px
  %vy = load double, ptr %py
  %vz = fadd double %vy, %vx
  store double %vz, ptr %py""",
        ),
    )  # fmt: skip
    group = f"""\
{_gather(columns, lanes, "%last")}
  %since = sub i64 %i, %b
  %part = and i64 %since, {PARTS - 1}
  %skip = mul i64 %part, {results}
  %own = getelementptr double, ptr %sums, i64 %skip
  %left = sub i64 %stop, %i
  %whole = icmp sge i64 %left, {lanes}
  %target = select i1 %whole, ptr %own, ptr %spare
  br i1 %whole, label %go, label %clear
clear:
  call void @llvm.memset.p0.i64(ptr %spare, i8 0, i64 {8 * results * lanes}, i1 false)
  br label %go
go:
{pieces.calls("%x", "%target")}
{_finite(lanes, "fine")}
  br i1 %whole, label %on, label %merge
merge:
{merge}
  br label %on
on:"""
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
  %s04 = fadd double %s0, %s4
  %s15 = fadd double %s1, %s5
  %s26 = fadd double %s2, %s6
  %s37 = fadd double %s3, %s7
  %s0426 = fadd double %s04, %s26
  %s1537 = fadd double %s15, %s37
  %s = fadd double %s0426, %s1537
  %o = add i64 %block, %f
  %op = getelementptr double, ptr %out, i64 %o
  store double %s, ptr %op"""
    block = f"""\
  %b1 = add i64 %b, {BLOCK}
{_smaller("stop", "%b1", "%end")}
  %last = sub i64 %stop, 1
  call void @llvm.memset.p0.i64(ptr %sums, i8 0, i64 {8 * count}, i1 false)
{loop("i", "%b", "%stop", lanes, group)}
  %done = sub i64 %b, %begin
  %number = sdiv i64 %done, {BLOCK}
  %block = mul i64 %number, {results}
{loop("f", "0", str(results), 1, fold)}"""
    return f"""\
define i64 @{name}({_BUFFERS}) nounwind {{
{counters("b", "i", "c", "k", "lane", "f")}
{loop("b", "%begin", "%end", BLOCK, block)}
  ret i64 -1
}}
"""


def for_one(pieces: Pieces, name: str = "one") -> str:
    """`@one`: the results of a single row, whose inputs stand in %x; the sum of what is checked."""
    return f"""\
define double @{name}(ptr noalias %x, ptr noalias %parameters, ptr noalias %frame, \
ptr noalias %results) nounwind {{
{pieces.calls("%x", "%results")}
  %flag = load double, ptr %frame, align 8
  ret double %flag
}}
"""
