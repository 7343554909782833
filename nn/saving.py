"""Parameters in files: JSON in which every double is exact, replaced only by a whole new one."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

from autograd import ArgumentError, ArgumentTypeError
from nn.modules import Module

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["load", "read_json", "replace_file", "save"]

_FORMAT: Final = "chalkgrad parameters"
_VERSION: Final = 1

AnyModule = TypeVar("AnyModule", bound=Module)


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Writes the parameters of `model` to a file, by name, for `load` or for reading.

    It is JSON: {"format", "version", "model" (as it shows itself), "parameters"}, each number the
    shortest decimal that is read back as the same double. It is written to a file beside `path`
    that then takes its place, so that a crash or a full disk never costs what stood there.

    Raises ArgumentTypeError for what is no module, ArgumentError naming the parameter where one is
    infinite or nan, OSError where the file cannot be written.

    >>> import tempfile
    >>> from nn import MLP
    >>> model = MLP(2, [2, 1], seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.json")
    ...     twin = load(f"{folder}/model.json", MLP(2, [2, 1], seed=2))
    >>> twin.state_dict() == model.state_dict()
    True
    """
    _need_module("save(model, path)", model)
    state = model.state_dict()
    for name, number in state.items():
        if not math.isfinite(number):
            raise ArgumentError(
                f"{name} is {number!r}, which is nothing to be kept",
                hint="train again from the last good file, with a smaller learning rate",
            )
    whole = {"format": _FORMAT, "version": _VERSION, "model": repr(model), "parameters": state}
    replace_file(path, json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def load(path: str | os.PathLike[str], model: AnyModule) -> AnyModule:
    """Sets the parameters of `model` to those in a file that `save` wrote, and gives it back.

    The model is made first, with the same layers. Nothing in the file is run: it is read as JSON.
    Raises ArgumentError for a file that is damaged or none of `save`'s, or where names are missing
    or unknown or a number is not finite, naming it; ArgumentTypeError where it is no number; and
    OSError where the file cannot be read. Then no parameter has changed.

    >>> import tempfile
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(1, [1], seed=1), f"{folder}/model.json")
    ...     load(f"{folder}/model.json", MLP(1, [1]))
    MLP(1 -> 1 linear; 2 parameters)
    """
    _need_module("load(path, model)", model)
    name = os.fspath(path)
    held = read_json(name, _FORMAT, _VERSION, "parameters saved by nn.save")
    parameters = held.get("parameters")
    if not isinstance(parameters, dict):
        raise ArgumentError(f"{name} is damaged: it has no parameters", hint="save it anew")
    for parameter, number in parameters.items():
        if isinstance(number, bool):
            raise ArgumentTypeError(
                f"{parameter} was given {number!r} (bool)", hint="a parameter is a number"
            )
    saved = held.get("model")
    try:
        model.load_state_dict(parameters)
    except (ArgumentError, ArgumentTypeError) as error:
        raise type(error)(
            f"{name} does not fit {model!r}: {error.message}",
            hint=f"it was saved from {saved}; {error.hint}" if saved else error.hint,
        ) from error
    return model


def read_json(path: str, format_name: str, version: int, what: str) -> dict[str, Any]:
    """What a file holds that says in itself what it is: `what`, of this format and version.

    Raises ArgumentError for a damaged file and for any other, OSError where it cannot be read.
    """
    try:
        held = json.loads(Path(path).read_bytes().decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are such
        raise ArgumentError(
            f"{path} is damaged: {str(error) or 'it is nested too deeply'}",
            hint="it is left as it is: give another file, or have it written anew",
        ) from error
    if not isinstance(held, dict) or held.get("format") != format_name:
        raise ArgumentError(
            f"{path} holds no {what}", hint=f'such a file begins with "format": "{format_name}"'
        )
    if held.get("version") != version:
        raise ArgumentError(
            f"{path} has the version {held.get('version')!r} of the format, this reads {version}",
            hint="a newer Chalkgrad wrote it: pip install --upgrade chalkgrad",
        )
    return held


def replace_file(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file by way of one beside it that then takes its place; a link stays a link.

    At no moment is there half a file: on an error or an interrupt what stood there still stands.
    """
    home = Path(os.path.realpath(path))
    beside = home.with_name(f".{home.name}.{uuid4().hex}")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):
            beside.chmod(home.stat().st_mode & 0o777)
        beside.replace(home)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):  # of the file that was asked for
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
        raise
    with suppress(OSError, AttributeError):  # that the name is on the disk too; not on Windows
        folder = os.open(home.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{double} is in it twice")
    return held


def _need_module(call: str, model: object) -> None:
    if not isinstance(model, Module):
        raise ArgumentTypeError(
            f"{call} was given {model!r} ({type(model).__name__}) as the model",
            hint="a model is an nn.Module, such as nn.MLP(2, [16, 1])",
        )
