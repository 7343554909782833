"""Curves over the epochs of a training: how the loss went down, how long the gradients were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from autograd import ArgumentError, ArgumentTypeError
from viz.extras import for_pictures
from viz.figures import BLUE, COLOURS, new_axes, place_of, save_figure

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from viz.figures import Plot

__all__ = ["History", "figure_of", "plot_gradients", "plot_loss"]

_LARGEST: Final = 1e150  # with room around the curve, an axis must end among the floats
_WIDE: Final = 20  # from this ratio of largest to smallest on, a logarithmic axis shows more
_DOTTED: Final = 30  # epochs up to which each is shown as a dot


class History(Protocol):
    """What training returns: the loss of each epoch."""

    @property
    def losses(self) -> Sequence[float]:
        """One number per epoch, the first epoch first."""
        ...


def plot_loss(
    history: History | Sequence[float], path: str | os.PathLike[str], *, title: str = ""
) -> Plot:
    """Writes the loss of each epoch as a curve, `.png`, `.svg` or `.pdf` by the ending; gives it.

    `history` is what `nn.fit` returns, or the losses themselves; where it has losses of validation
    rows there are two curves. The loss axis is logarithmic where all losses are positive and the
    largest is 20 times the smallest or more. An old file is replaced only when the new one is
    whole. What it gives is the file's path, which a notebook shows as the picture.

    Raises ArgumentTypeError for what is not numbers, ArgumentError for none, or one that is nan or
    beyond 1e150 (saying which epoch), PictureError for an unknown format, PictureFileError where
    the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_loss([9.0, 4.0, 1.0], folder + "/loss.png").name
    'loss.png'
    """
    place = place_of(path)
    losses = _checked(history)
    validation = list(getattr(history, "validation", ()))
    return save_figure(figure_of(losses, title, validation), place)


def plot_gradients(gradients: Any, path: str | os.PathLike[str], *, title: str = "") -> Plot:
    """Writes how long each layer's gradient was after each epoch, a curve for each layer.

    `gradients` is the history of a training with the callback `nn.GradientNorms`, or a dict of the
    norms by the layer's name. The axis is logarithmic where it can be: curves that fall away from
    one layer to the one before it tell of gradients that vanish. Errors are those of `plot_loss`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_gradients({"layer 1": [0.1, 0.2], "layer 2": [1, 2]}, folder + "/norms.png").name
    'norms.png'
    """
    place = place_of(path)
    norms = getattr(gradients, "gradients", gradients)
    if not isinstance(norms, Mapping):
        raise ArgumentTypeError(
            f"plot_gradients() needs norms by layer, not {type(gradients).__name__}",
            hint="fit(..., callbacks=[nn.GradientNorms()]), and give its history",
        )
    if not norms:
        raise ArgumentError(
            "there are no gradients to plot", hint="fit(..., callbacks=[nn.GradientNorms()])"
        )
    axes = new_axes(title)
    curves = {str(layer): _checked(each) for layer, each in norms.items()}
    for (layer, each), colour in zip(curves.items(), _in_turn(len(curves)), strict=True):
        axes.plot(range(1, len(each) + 1), each, color=colour, label=layer, **_dots(each))
    _finish(axes, [norm for each in curves.values() for norm in each], "length of the gradient")
    _number_epochs(axes, max(map(len, curves.values())))
    axes.legend(frameon=False)
    return save_figure(axes.figure, place)  # type: ignore[arg-type]  # no figure within a figure


def _checked(history: History | Sequence[float]) -> list[float]:
    numbers: Any = getattr(history, "losses", history)
    try:
        losses = [float(loss) for loss in numbers]
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"plot_loss() needs losses, not {type(history).__name__}: {error}",
            hint="give what nn.fit returned, or a list of numbers",
        ) from error
    if not losses:
        raise ArgumentError("there are no losses to plot", hint="train for at least one epoch")
    for epoch, loss in enumerate(losses, start=1):
        if not abs(loss) <= _LARGEST:  # nan is not, either
            raise ArgumentError(
                f"the loss of epoch {epoch} is {loss}", hint="take a smaller learning rate"
            )
    return losses


def figure_of(losses: Sequence[float], title: str, validation: Sequence[float] = ()) -> Figure:
    """The curve as a figure, with that of the validation rows beside it where there are some."""
    axes = new_axes(title)
    axes.plot(range(1, len(losses) + 1), losses, color=BLUE, label="training rows", **_dots(losses))
    if validation:
        axes.plot(
            range(1, len(validation) + 1), validation,
            color=COLOURS[1], label="validation rows", **_dots(validation),
        )  # fmt: skip
        axes.legend(frameon=False)
    _finish(axes, [*losses, *validation], "loss")
    _number_epochs(axes, len(losses))
    return axes.figure  # type: ignore[return-value]  # no figure within a figure


def _dots(numbers: Sequence[float]) -> dict[str, Any]:
    return {"marker": "o", "markersize": 4} if len(numbers) <= _DOTTED else {}


def _in_turn(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _finish(axes: Axes, numbers: Sequence[float], what: str) -> None:
    if min(numbers) > 0 and max(numbers) / _WIDE >= min(numbers):
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel(what)
    axes.grid(visible=True, alpha=0.3)


def _number_epochs(axes: Axes, epochs: int) -> None:
    """Ticks at whole epochs, the first and the last among them, and none before or after."""
    with for_pictures():
        from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - heavy

    locator = MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10])
    found = [int(t) for t in locator.tick_values(1, epochs)]
    step = found[1] - found[0] if len(found) > 1 else 1
    inside = [t for t in found if 1 < t <= epochs and t - 1 >= step / 2]
    axes.set_xticks([1, *inside])
    if epochs == 1:
        axes.set_xlim(0.5, 1.5)
