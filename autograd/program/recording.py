"""`Recording`: a graph as instructions, and its gradient, in the order in which `backward()` adds.

A node's gradient is the sum of what its results pass on, each result's partial times its own
gradient, added as the ready list of `backward()` brings them: so that every bit is the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from autograd import ops
from autograd.errors import ArgumentError, ArgumentTypeError, ChalkgradError, GraphError
from autograd.program.code import Code
from autograd.tape import Tape
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Recording"]

# What is infinite or nan in an argument of these is so in the result: it need not be looked at.
_PASSING_ON: Final = frozenset((ops.add, ops.sub, ops.mul, ops.neg, ops.square, ops.cube))

_ADD, _MUL = ops.add, ops.mul  # asked for at each edge


class Recording:
    """Outputs of a graph as instructions: a row's numbers in, outputs and gradients out.

    `inputs` are the leaves that change from row to row, `wrt` those to differentiate by, and
    `parameters` all leaves whose number is read at each run, those of `wrt` that are no inputs
    first; where `frozen`, these only, all others being constants. `outputs` and `gradients` are
    places in `code`; `checked` the places whose numbers must be finite, for an infinite one would
    not show in the outputs.

    Raises ArgumentTypeError and ArgumentError for what cannot be in- or outputs.
    """

    def __init__(
        self,
        outputs: Sequence[Value],
        inputs: Sequence[Value],
        wrt: Sequence[Value] | None,
        *,
        frozen: bool = False,
        exact: bool = True,
    ) -> None:
        self.inputs = _leaves(inputs, "an input")
        self.roots = list(outputs)
        for root in self.roots:
            if not isinstance(root, Value):
                raise ArgumentTypeError(
                    f"compile() was given {root!r} ({type(root).__name__}) as an output",
                    hint="it takes recorded Values; for functions there is autograd.jit",
                )
        self.tape = Tape(self.roots, [], False)
        free = [node for node in self.tape.nodes if node.is_leaf and not node.is_constant]
        given = set(self.inputs)
        chosen = [node for node in free if node not in given] if wrt is None else wrt
        self.wrt = _leaves(chosen, "a Value to differentiate by")
        own = dict.fromkeys(node for node in self.wrt if node not in given)
        if not frozen:
            own.update(dict.fromkeys(node for node in free if node not in given))
        self.parameters = list(own)
        self.code = Code(exact=exact)
        self.places: list[int] = []
        self._forward()
        self.outputs = [self.places[at] for at in self.tape.ends]
        self.checked = self._checked()
        self._gradients: list[int] | None = None

    @property
    def gradients(self) -> list[int]:
        """The places of d(output)/d(each of wrt), worked out when first asked for."""
        if self._gradients is None:
            if len(self.outputs) != 1:
                raise ArgumentError(
                    f"the gradient of {len(self.outputs)} outputs",
                    hint="compile one output at a time, or their sum",
                )
            self._gradients = self._backward()
        return self._gradients

    def _forward(self) -> None:
        code, places, tape = self.code, self.places, self.tape
        inputs = {node: number for number, node in enumerate(self.inputs)}
        parameters = {node: number for number, node in enumerate(self.parameters)}
        for node, left, right in zip(tape.nodes, tape.lefts, tape.rights, strict=True):
            if left >= 0:
                at = (places[left],) if right < 0 else (places[left], places[right])
                places.append(code.operation(node.op, *at))
            elif node in inputs:
                places.append(code.leaf("input", inputs[node]))
            elif node in parameters:
                places.append(code.leaf("parameter", parameters[node]))
            else:
                places.append(code.leaf("constant", node.data))
            if node._hooked:
                raise GraphError(
                    f"{node.label or node.op.name} has a gradient hook, which a program cannot run",
                    hint="undo it, or compute with the engine",
                )

    def _checked(self) -> list[int]:
        """Where results stand that go into what may hide that they are infinite."""
        tape = self.tape
        found: dict[int, None] = {}
        for node, left, right in zip(tape.nodes, tape.lefts, tape.rights, strict=True):
            if left < 0 or node.op in _PASSING_ON:
                continue
            if node.op is not ops.div and not tape.nodes[left].is_constant:
                found[self.places[left]] = None
            if right >= 0 and not tape.nodes[right].is_constant:
                found[self.places[right]] = None
        return [*found, *[at for at in self.outputs if at not in found]]

    def forget(self, count: int) -> None:
        """Leaves only the first outputs as such; the others were recorded for guards."""
        del self.outputs[count:]
        self.checked = self._checked()

    def guard(self, value: Value, low: float, high: float, inside: bool) -> None:
        """Has it checked that a value is (not) from low to high, as it was while recording."""
        code, off = self.code, self.code.leaf("constant", math.inf)
        fine = code.leaf("constant", 0.0)
        x = code.number(self.places[self.tape.nodes.index(value)])
        beyond, within = (off, fine) if inside else (fine, off)
        upper = (x > high).choose(code.number(beyond), code.number(within))
        self.checked.append((x < low).choose(code.number(beyond), upper).at)

    def _backward(self) -> list[int]:
        tape, code = self.tape, self.code
        lefts, rights = tape.lefts, tape.rights
        depends = bytearray(len(tape.nodes))
        wanted = set(self.wrt)
        for at, node in enumerate(tape.nodes):
            left, right = lefts[at], rights[at]
            if left >= 0:
                depends[at] = depends[left]
                if right >= 0:
                    depends[at] = depends[left] | depends[right]
            else:
                depends[at] = node in wanted
        gradients: dict[int, int] = {}
        root = tape.ends[0]
        edges = self._edges(root)
        gradients[root] = code.leaf("constant", 1.0)
        ready = [root]
        while ready:
            at = ready.pop()
            left, right = lefts[at], rights[at]
            if left < 0:
                continue
            gradient = gradients.get(at)
            if gradient is not None:
                if depends[left]:
                    self._pass_on(at, 0, gradient, left, gradients)
                if right >= 0 and depends[right]:
                    self._pass_on(at, 1, gradient, right, gradients)
            edges[left] -= 1
            if edges[left] == 0:
                ready.append(left)
            if right >= 0:
                edges[right] -= 1
                if edges[right] == 0:
                    ready.append(right)
        places = {node: at for at, node in enumerate(tape.nodes) if lefts[at] < 0}
        zero = code.leaf("constant", 0.0)
        return [gradients.get(places.get(node, -1), zero) for node in self.wrt]

    def _edges(self, root: int) -> list[int]:
        """How many edges lead to each node from those under the root."""
        lefts, rights = self.tape.lefts, self.tape.rights
        edges = [0] * len(lefts)
        edges[root] = 1
        for at in range(root, -1, -1):  # parents stand before their results
            if edges[at] and lefts[at] >= 0:
                edges[lefts[at]] += 1
                if rights[at] >= 0:
                    edges[rights[at]] += 1
        return edges

    def _pass_on(
        self, at: int, which: int, gradient: int, parent: int, gradients: dict[int, int]
    ) -> None:
        """Adds the partial times the gradient to that of a parent."""
        code, op = self.code, self.tape.nodes[at].op
        passed = gradient
        if op is _MUL:
            other = self.tape.rights[at] if which == 0 else self.tape.lefts[at]
            passed = code.emit("mul", self.places[other], gradient)
        elif op is _ADD:
            pass
        elif op is ops.neg or (op is ops.sub and which == 1):
            passed = code.emit("neg", gradient)
        elif op is not ops.sub:
            slope = self._slope(at, which)
            if code.names[slope] == "constant" and code.arguments[slope][0] == 0.0:
                return
            passed = code.emit("mul", slope, gradient)
        before = gradients.get(parent)
        gradients[parent] = passed if before is None else code.emit("add", before, passed)

    def _slope(self, at: int, which: int) -> int:
        """Where the local derivative stands, by the rule of the table."""
        node, code = self.tape.nodes[at], self.code
        parents = [self.tape.lefts[at], self.tape.rights[at]][: node.op.arity]
        numbers: list[Any] = [code.number(self.places[parent]) for parent in [*parents, at]]
        try:
            return code.place(node.op.rules[which](*numbers))
        except ChalkgradError as error:
            raise type(error)(
                f"the derivative of {node.op.usage} cannot be recorded: {error.message}",
                hint=error.hint,
            ) from error


def _leaves(values: Sequence[Value], what: str) -> list[Value]:
    if isinstance(values, Value) or not isinstance(values, Iterable):
        raise ArgumentTypeError(
            f"{values!r} was given where {what}s are listed", hint="in brackets: inputs=[x]"
        )
    found = list(values)
    for value in found:
        if not isinstance(value, Value) or not value.is_leaf:
            shown = "the result of an operation" if isinstance(value, Value) else repr(value)
            raise ArgumentTypeError(
                f"{shown} was given as {what}",
                hint="only Values you made yourself, Value(80, 'iq'), change from row to row",
            )
    if len(set(found)) != len(found):
        raise ArgumentError(f"the same Value was given twice as {what}", hint="list it once")
    return found
