"""`explore`: a graph as one HTML file that needs no network, no server and no installation."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from viz.errors import PictureError
from viz.explorer.model import Model, model_of
from viz.files import write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from autograd import Value

Detail = Literal["full", "labelled"]

__all__ = ["Detail", "as_html", "data_of", "explore", "module_of", "style"]

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body class="chalk-page">
<div id="chalk"></div>
<noscript>This page computes: it needs JavaScript, though no network.</noscript>
<script type="application/json" id="chalk-graph">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""

_START: Final = """
const graph = JSON.parse(document.getElementById("chalk-graph").textContent);
mount(document.getElementById("chalk"), graph, program, { page: true });
"""


def explore(
    root: Value,
    path: str | os.PathLike[str],
    *,
    title: str = "",
    parameters: Iterable[Value] = (),
    lr: float | None = None,
    detail: Detail | None = None,
    max_nodes: int = 5000,
) -> Path:
    """Writes the graph of `root` as a page to be stepped through and changed; gives its path.

    One `.html` file, that opens anywhere: the graph with each number, gradient and local
    derivative; forward and backward node by node, with a question before each gradient if wished;
    the derivation of what is clicked; inputs and parameters that can be changed, and trained by
    gradient descent with the loss's curve growing. All of it is computed in the page.

    title: the heading; by default what the root is called.
    parameters: leaves that are parameters whatever they are called, as for `draw`.
    lr: the learning rate at first; by default a power of ten at which one step takes off half of
        the loss, or less, as far as the slope tells.
    detail: "labelled" shows the symbols at first, "full" every operation; by default symbols where
        there are any between inputs and root. Both are on the page.
    max_nodes: the most nodes to put on a page.

    The graph itself, its gradients too, stays as it is; where `data` was changed, the page shows
    what follows from it. Raises ArgumentTypeError for what is no Value, ArgumentError for options
    that do not exist, PictureError for another ending and for too many nodes, GradientError and
    PictureError where a derivative is not finite, GraphError for what only Python can compute,
    PictureFileError where the file cannot be written.

    >>> import tempfile
    >>> from autograd import Value
    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     explore((w * x).tanh(), folder + "/page.html").name
    'page.html'
    """
    place = Path(path)
    if place.suffix.lower() not in (".html", ".htm"):
        raise PictureError(
            f"{place.name!r} does not end in .html", hint="explore() writes a page: page.html"
        )
    model = model_of(
        root, title=title, parameters=parameters, lr=lr, detail=detail, max_nodes=max_nodes
    )
    write_whole(place, as_html(model).encode())
    return place


def as_html(model: Model) -> str:
    """The page, which may run no script and load no style but its own, and load nothing else."""
    script = module_of(model) + _START
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style())}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return _PAGE.format(
        policy=policy,
        title=escape(model.graph["title"]),
        style=style(),
        data=data_of(model),
        script=script,
    )


def data_of(model: Model) -> str:
    """The graph as JSON in which nothing can end the element that it stands in."""
    text = json.dumps(model.graph, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def module_of(model: Model) -> str:
    """JavaScript with `mount`, and `program`, which computes the graph."""
    body = model.program.partition("\n")[2]  # without what it says of the labels
    made = f"const program = (() => {{\n{body}return program;\n}})();\n"
    return f"\n{_file('graph.js')}\n{_file('page.js')}\n{made}"


def style() -> str:
    """The style sheet."""
    return _file("page.css")


@cache
def _file(name: str) -> str:
    return files("viz.explorer").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What a Content-Security-Policy calls a text by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
