"""Planes seen from above: what a model says of two inputs, what a loss is at two parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import autograd
from autograd import ArgumentError, ArgumentTypeError, DomainError, Value, no_grad
from viz.extras import for_pictures
from viz.figures import COLOURS, new_axes, place_of, save_figure
from viz.text import symbol

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes

    from viz.figures import Plot

    Range = tuple[float, float]

__all__ = ["plot_boundary", "plot_confusion", "plot_landscape"]

_SIDE: Final = 121  # points along each side of a plane
_ROOM: Final = 0.15  # of the width, around what is shown


def plot_boundary(
    model: Callable[[Any], Any],
    rows: Iterable[Sequence[float]],
    targets: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    threshold: float | None = None,
    names: Sequence[str] = ("x₁", "x₂"),
    classes: Sequence[str] = (),
    title: str = "",
) -> Plot:
    """Colours the plane of two inputs by what `model` says there, with the rows as points on it.

    A model with one output divides the plane where that is `threshold`: 0 unless told where a
    target is -1, else 1/2; with several outputs the largest is the class, and a target names it
    from 0. `names` are those of the inputs, `classes` those of the outputs. Raises ArgumentError
    for rows that have not two numbers or not as many targets, and what `plot_loss` raises.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_boundary(
    ...         lambda row: row[0] - row[1], [[0, 1], [1, 0]], [-1, 1], folder + "/line.png"
    ...     ).name
    'line.png'
    """
    place = place_of(path)
    points, wanted = [list(map(float, row)) for row in rows], list(targets)
    if not points or len(points) != len(wanted):
        raise ArgumentError(
            f"plot_boundary() was given {len(points)} rows and {len(wanted)} targets",
            hint="give a target for each row, at least one",
        )
    for number, point in enumerate(points, start=1):
        if len(point) != 2 or not all(map(math.isfinite, point)):
            raise ArgumentError(
                f"row {number} is {point}", hint="a plane has rows of two finite numbers"
            )
    across, up = (_widened(min(each), max(each)) for each in zip(*points, strict=True))
    ask = _quickly(model, points[0])
    found = [[_numbers(ask([x, y])) for x in _steps(across)] for y in _steps(up)]
    axes = new_axes(title, width=5.6, height=5.0)
    if isinstance(found[0][0], list):
        _paint_classes(axes, across, up, found)
        kinds = list(range(len(found[0][0])))
    else:
        kinds = sorted(set(wanted))
        limit = threshold if threshold is not None else 0.0 if -1 in kinds else 0.5
        _paint_sides(axes, across, up, found, limit)
    for kind in kinds:
        own = [point for point, target in zip(points, wanted, strict=True) if target == kind]
        if own:
            xs, ys = zip(*own, strict=True)
            axes.scatter(
                xs, ys, s=26, color=_colour(kind, kinds), edgecolors="white",
                linewidths=0.8, label=classes[kind] if classes else str(kind), zorder=3,
            )  # fmt: skip
    axes.set_xlim(across)
    axes.set_ylim(up)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.legend(frameon=True, framealpha=0.9, loc="best")
    return save_figure(axes.figure, place)  # type: ignore[arg-type]  # no figure within a figure


def plot_landscape(
    loss: Callable[[], Value],
    a: Value,
    b: Value,
    path: str | os.PathLike[str],
    *,
    trail: Sequence[tuple[float, float]] = (),
    span: float = 1.0,
    title: str = "",
) -> Plot:
    """Draws the lines of equal loss over two parameters, `a` and `b`, and a training's trail.

    `loss()` computes it with the parameters as they stand; all others stay as they are, and these
    two are in the end as they were. `trail` holds the pairs (a, b) that a training went through;
    the plane has room for all of them, and without any goes `span` to each side of where a and b
    are. Where the loss cannot be computed or is not finite the plane is white. Raises
    ArgumentTypeError for what are no Values, and what `plot_loss` raises.

    >>> import tempfile
    >>> w, c = Value(1.0, "w"), Value(0.0, "b")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_landscape(lambda: (w * 2 + c - 3) ** 2, w, c, folder + "/bowl.png").name
    'bowl.png'
    """
    place = place_of(path)
    for each in (a, b):
        if not isinstance(each, Value) or not each.is_leaf:
            raise ArgumentTypeError(
                f"plot_landscape() was given {each!r} as a parameter",
                hint="two of the model's: model.parameters()[0], or a Value of your own",
            )
    pairs = [(float(x), float(y)) for x, y in trail]
    if pairs:
        across, up = (_widened(min(each), max(each)) for each in zip(*pairs, strict=True))
    else:
        across, up = ((p.data - span, p.data + span) for p in (a, b))
    side = _SIDE // 2
    heights = _over_plane(loss, a, b, _steps(across, side), _steps(up, side))
    finite = [h for row in heights for h in row if math.isfinite(h)]
    if not finite:
        raise ArgumentError("the loss is nowhere finite", hint="take a smaller span")
    axes = new_axes(title, width=5.8, height=4.8)
    levels, norm = _levels(min(finite), max(finite))
    filled = axes.contourf(
        _steps(across, side), _steps(up, side), heights, levels=levels, norm=norm, cmap="Blues_r"
    )
    axes.contour(
        _steps(across, side), _steps(up, side), heights,
        levels=levels, norm=norm, colors="white", linewidths=0.5,
    )  # fmt: skip
    bar = axes.figure.colorbar(filled, ax=axes, label="loss", format="%.3g")
    bar.ax.minorticks_off()
    if pairs:
        axes.plot(*zip(*pairs, strict=True), color=COLOURS[1], marker=".", markersize=4)
        for (x, y), name, mark in ((pairs[0], "begin", "o"), (pairs[-1], "end", "*")):
            axes.plot(
                x, y, mark, color=COLOURS[1], markeredgecolor="black", label=name,
                markersize=8 if mark == "o" else 14, linestyle="none",
            )  # fmt: skip
        axes.legend(framealpha=0.9)
    axes.set_xlabel(symbol(a.label) if a.label else "a")
    axes.set_ylabel(symbol(b.label) if b.label else "b")
    return save_figure(axes.figure, place)  # type: ignore[arg-type]  # no figure within a figure


def plot_confusion(
    truth: Iterable[Any],
    predicted: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    title: str = "",
) -> Plot:
    """Draws how often each class was taken for which: true classes downwards, predicted across.

    Raises ArgumentError for another number of predictions than of true classes, or none, and what
    `plot_loss` raises.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_confusion([0, 1, 1], [0, 1, 0], folder + "/confusion.png").name
    'confusion.png'
    """
    place = place_of(path)
    true, said = list(truth), list(predicted)
    if not true or len(true) != len(said):
        raise ArgumentError(
            f"plot_confusion() was given {len(true)} classes and {len(said)} predictions",
            hint="give a prediction for each row, at least one",
        )
    kinds = sorted({*true, *said})
    counts = [[0] * len(kinds) for _ in kinds]
    for t, s in zip(true, said, strict=True):
        counts[kinds.index(t)][kinds.index(s)] += 1
    size = 1.6 + 0.45 * max(len(kinds), 4)
    axes = new_axes(title, width=size, height=size)
    largest = max(map(max, counts))
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=largest * 1.2)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            colour = "white" if count > 0.6 * largest else "#c0c0c0" if count == 0 else "black"
            axes.text(j, i, str(count), ha="center", va="center", color=colour, fontsize=9)
    names = list(map(str, kinds))
    axes.set_xticks(range(len(kinds)), names)
    axes.set_yticks(range(len(kinds)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    return save_figure(axes.figure, place)  # type: ignore[arg-type]  # no figure within a figure


def _widened(low: float, high: float) -> Range:
    room = _ROOM * (high - low) or 1.0
    return low - room, high + room


def _steps(ends: Range, count: int = _SIDE) -> list[float]:
    low, high = ends
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def _quickly(model: Callable[[Any], Any], row: list[float]) -> Callable[[Any], Any]:
    """The model as a program where that can be had: it is asked thousands of times."""
    if autograd.native_available():
        program = autograd.jit(model)
        try:
            program(row)
        except Exception:  # noqa: S110  # models are the user's code; then it is asked as it is
            pass
        else:
            return program

    def ask(row: list[float]) -> Any:
        with no_grad():
            return model(row)

    return ask


def _numbers(output: Any) -> Any:
    """An output in plain numbers: one, or a list of several."""
    if isinstance(output, (list, tuple)):
        each = [float(x) for x in output]
        return each[0] if len(each) == 1 else each
    return float(output)


def _colour(kind: Any, kinds: Sequence[Any]) -> str:
    # Of two classes the upper is blue, as a positive weight is.
    at = kinds.index(kind)
    return COLOURS[(1 - at if len(kinds) == 2 else at) % len(COLOURS)]


def _paint_sides(axes: Axes, across: Range, up: Range, heights: Any, limit: float) -> None:
    """Both sides of where the heights are `limit`, and the line between them."""
    grid = _steps(across), _steps(up)
    far = max((abs(h - limit) for row in heights for h in row), default=0.0) or 1.0
    axes.contourf(
        *grid, heights, levels=[limit - 2 * far, limit, limit + 2 * far],
        colors=[COLOURS[1], COLOURS[0]], alpha=0.22,
    )  # fmt: skip
    if min(map(min, heights)) < limit < max(map(max, heights)):
        axes.contour(*grid, heights, levels=[limit], colors="#404040", linewidths=1.2)


def _paint_classes(axes: Axes, across: Range, up: Range, outputs: Any) -> None:
    """Each region in the colour of the class whose output is largest there."""
    with for_pictures():
        from matplotlib.colors import ListedColormap  # noqa: PLC0415 - heavy

    kinds = list(range(len(outputs[0][0])))
    winners = [[each.index(max(each)) for each in row] for row in outputs]
    axes.imshow(
        winners, origin="lower", extent=(*across, *up), aspect="auto", alpha=0.25,
        cmap=ListedColormap([_colour(kind, kinds) for kind in kinds]),
        vmin=-0.5, vmax=len(kinds) - 0.5, interpolation="nearest",
    )  # fmt: skip


def _over_plane(
    loss: Callable[[], Value], a: Value, b: Value, across: list[float], up: list[float]
) -> list[list[float]]:
    """The loss at each point; nan where there is none."""
    before = a.data, b.data
    heights = []
    try:
        with no_grad():
            for y in up:
                row = []
                for x in across:
                    a.data, b.data = x, y
                    try:
                        row.append(float(loss()))
                    except (ArithmeticError, DomainError):
                        row.append(math.nan)
                heights.append(row)
    finally:
        a.data, b.data = before
    return heights


def _levels(low: float, high: float) -> tuple[list[float], Any]:
    """Where lines are drawn, and how colours go between them: by powers where that shows more."""
    with for_pictures():
        from matplotlib.colors import LogNorm, Normalize  # noqa: PLC0415 - heavy

    if high - low <= 1e-12 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    count = 14
    if low > 0 and high / low > 100:
        levels = [low * (high / low) ** (i / count) for i in range(count + 1)]
        return levels, LogNorm(low, high)
    # Closer together near the bottom, where a training ends.
    levels = [low + (high - low) * (i / count) ** 2 for i in range(count + 1)]
    return levels, Normalize(low, low + (high - low) * 0.8)
