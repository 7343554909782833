"""`widget`: the page in a notebook, in Jupyter, marimo, VS Code and Colab, by way of anywidget."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from viz.errors import MissingPackageError
from viz.explorer.model import model_of
from viz.explorer.page import module_of, style

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd import Value
    from viz.explorer.page import Detail

__all__ = ["widget"]

_START: Final = """
export default {
    render({ model, el }) {
        const page = mount(el, model.get("graph"), program, {
            numbers: model.get("numbers"),
            changed(numbers) { model.set("numbers", numbers); model.save_changes(); },
        });
        const take = () => page.take(model.get("numbers"));
        model.on("change:numbers", take);
        return () => {
            model.off("change:numbers", take);
            page.close();
        };
    },
};
"""


def widget(
    root: Value,
    *,
    title: str = "",
    parameters: Iterable[Value] = (),
    lr: float | None = None,
    detail: Detail | None = None,
    max_nodes: int = 5000,
) -> Any:
    """The page of `explore` as a widget for a notebook, to be the last line of a cell.

    Its `numbers` are those that the reader has set or trained, by their symbols, and setting them
    sets those on the page; the graph itself stays as it is. Raises as `explore` does, and
    MissingPackageError without anywidget.
    """
    model = model_of(
        root, title=title, parameters=parameters, lr=lr, detail=detail, max_nodes=max_nodes
    )
    leaves = [model.graph["nodes"][leaf] for leaf in model.graph["leaves"]]
    return _kind()(
        graph=model.graph,
        numbers={leaf["text"]: leaf["data"] for leaf in leaves},
        _esm=module_of(model) + _START,
    )


@cache
def _kind() -> Any:
    """The class of widgets, made when first asked for: anywidget need not be there."""
    try:
        import anywidget  # noqa: PLC0415
        import traitlets  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"a widget needs {error.name}, which is not installed",
            hint="pip install 'chalkgrad[notebook]'; or explore(root, 'page.html')",
        ) from error

    # No `class` statement, of which type checkers say one thing with anywidget and another without.
    traits = {
        "__doc__": "A graph to be explored in a notebook.",
        "_esm": traitlets.Unicode().tag(sync=True),
        "_css": style(),
        "graph": traitlets.Dict().tag(sync=True),
        "numbers": traitlets.Dict().tag(sync=True),
    }
    return type("Explorer", (anywidget.AnyWidget,), traits)
