"""Programs in files: the graph as plain JSON with a checksum, recorded anew when it is loaded.

No machine code and nothing that is unpickled: a file can be read on any machine, and damaged or
foreign ones are refused with the reason. It belongs to the table of operations it was made with.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import ArgumentError, ChalkgradError, GraphError
from autograd.ops import TABLE
from autograd.program.recording import Recording
from autograd.value import Value

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["load_recording", "save_recording"]

_FORMAT: Final = 1


def _table() -> str:
    """What tells this version's table of operations from others."""
    told = [(op.name, op.arity, op.latex) for op in TABLE.values()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def save_recording(recording: Recording, path: str | PathLike[str]) -> None:
    """Writes a recording's graph. Raises GraphError for operations that are not the table's."""
    tape = recording.tape
    nodes: list[list[Any]] = []
    for node, left, right in zip(tape.nodes, tape.lefts, tape.rights, strict=True):
        if left < 0:
            kind = "constant" if node.is_constant else "leaf"
            nodes.append([kind, node.data.hex(), node.label])
        elif TABLE.get(node.op.name) is node.op:
            nodes.append([node.op.name, left, right, node.label])
        else:
            raise GraphError(
                f"the operation {node.op.usage} is none of the table, so no file can name it",
                hint="keep the program's source, or compile it where the operation is defined",
            )
    places = {node: at for at, node in enumerate(tape.nodes)}
    for leaf in [*recording.inputs, *recording.wrt]:
        if leaf not in places:
            places[leaf] = len(nodes)
            nodes.append(["leaf", leaf.data.hex(), leaf.label])
    graph = {
        "nodes": nodes,
        "inputs": [places[leaf] for leaf in recording.inputs],
        "wrt": [places[leaf] for leaf in recording.wrt],
        "outputs": tape.ends,
        "exact": recording.code.exact,
    }
    text = json.dumps(graph, separators=(",", ":"))
    head = {"chalkgrad program": _FORMAT, "table": _table(), "sha256": _sum(text)}
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(head) + "\n" + text + "\n")


def load_recording(path: str | PathLike[str]) -> Recording:
    """The recording of a saved graph, on fresh leaves. Raises ArgumentError for other files."""
    with open(path, encoding="utf-8", errors="replace") as file:
        head, _, text = file.read().partition("\n")
    told = _json(head)
    if not isinstance(told, dict) or "chalkgrad program" not in told:
        raise _refused(path, "it is no program saved by Chalkgrad", "save one: program.save(path)")
    if told["chalkgrad program"] != _FORMAT or told.get("table") != _table():
        raise _refused(
            path,
            "it was saved by another version of Chalkgrad, whose operations differ",
            "record and save it again with this one",
        )
    text = text.rstrip("\n")
    if told.get("sha256") != _sum(text):
        raise _refused(path, "it is damaged: its checksum is another", "copy or save it again")
    graph = _json(text)
    nodes: list[Value] = []
    try:
        for kind, *rest in graph["nodes"]:
            if kind in ("leaf", "constant"):
                node = Value(float.fromhex(rest[0]), rest[1])
                nodes.append(node if kind == "leaf" else node.detach())
            else:
                left, right, label = rest
                inputs = [nodes[left]] if right < 0 else [nodes[left], nodes[right]]
                nodes.append(TABLE[kind](*inputs))
                if label:
                    nodes[-1].label = label
        outputs, inputs, wrt = (
            [nodes[at] for at in graph[name]] for name in ("outputs", "inputs", "wrt")
        )
    except (ChalkgradError, LookupError, TypeError, ValueError) as error:
        raise _refused(path, f"its graph makes no sense: {error}", "save it again") from error
    return Recording(outputs, inputs, wrt, exact=bool(graph["exact"]))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refused(path: str | PathLike[str], why: str, hint: str) -> ArgumentError:
    return ArgumentError(f"{path} cannot be loaded: {why}", hint=hint)
