# cython: annotation_typing=True
"""`Tape`: a graph as a list, for sweeps that go by places instead of by nodes."""

from __future__ import annotations

from autograd import uncompiled as cython
from autograd.value import Value

if False:  # nothing runs this: it tells Cython that `cython` is its own
    import cython  # type: ignore

if not cython.compiled:  # compiled, tape.pxd has it
    from autograd.value import _linearized


@cython.final
@cython.cclass
class Tape:
    """The graph of `outputs` as a list, parents first, with what in it depends on `inputs`.

    `lefts` and `rights` are the places of each node's parents, -1 where there is none; `sources`
    and `ends` those of the inputs and the outputs. Where it is `bounded` the inputs come first, and
    what they were computed from is left out.
    """

    __slots__ = ("depends", "ends", "inputs", "lefts", "nodes", "rights", "sources")

    def __init__(self, outputs: list[Value], inputs: list[Value], bounded: bool) -> None:
        self.inputs = inputs
        self.nodes, self.lefts, self.rights, places = _linearized(
            outputs, inputs if bounded else [], [*inputs, *outputs]
        )
        self.sources = places[: len(inputs)]
        self.ends = places[len(inputs) :]
        self.depends = bytearray(len(self.nodes))
        _mark_dependents(self)


@cython.cfunc
def _mark_dependents(tape: Tape) -> None:
    depends: bytearray = tape.depends
    nodes: list[Value] = tape.nodes
    lefts: list[int] = tape.lefts
    rights: list[int] = tape.rights
    node: Value
    at: cython.Py_ssize_t
    left: cython.Py_ssize_t
    right: cython.Py_ssize_t
    for at in tape.sources:
        if at >= 0:
            depends[at] = 1
    for at in range(len(lefts)):
        left = lefts[at]
        right = rights[at]
        if (left >= 0 and depends[left]) or (right >= 0 and depends[right]):
            node = nodes[at]
            if not node._operation.flat:  # else nothing that is not 0 passes through it
                depends[at] = 1
