"""A training in a file, from which it goes on to the last bit: `Checkpoint`."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autograd import ArgumentError, ChalkgradError, Value
from nn.callbacks import Callback
from nn.evaluation import name_of
from nn.modules import Module
from nn.rows import plain
from nn.saving import read_json, replace_file

if TYPE_CHECKING:
    from nn.callbacks import Training

    Examples = Sequence[tuple[Any, Any]]

__all__ = ["Checkpoint", "rows_digest"]

_FORMAT: Final = "chalkgrad checkpoint"
_VERSION: Final = 1
_PARTS: Final = frozenset(
    "about epoch stopped parameters optimizer history callbacks generators".split()  # noqa: SIM905
)
_NOT_FINITE: Final = "not finite"  # the key under which nan and the infinities stand in JSON


class Checkpoint(Callback):
    """Writes all that a training is after each `every` epochs, and the last; goes on from it.

    That is parameters, optimizer, history, what callbacks remember, and the generators that shuffle
    and drop out. `about` says what training it is, by which a file of another one is refused.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int,
        resume: bool,
        callbacks: Sequence[Callback],
        shuffler: Any,
        about: Mapping[str, Any],
    ) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ArgumentError(
                f"checkpoint_every is {every!r}", hint="a number of epochs, 1 or more"
            )
        self.every = every
        self._path, self._resume = os.fspath(path), resume
        self._callbacks, self._shuffler = callbacks, shuffler
        self._about = dict(about)
        self._written = -1

    def begin(self, training: Training) -> None:
        """Takes up what the file holds, where that is asked for; refuses to replace other files."""
        self._about = {
            "model": _model_name(training.model),
            "optimizer": training.optimizer.description(),
            **self._about,
        }
        self._about["callbacks"] = [
            {"kind": type(each).__name__, **each.settings()} for each in self._callbacks
        ]
        names = {parameter: name for name, parameter in training.parameters().items()}
        self._about["trained"] = [names[p] for p in training.optimizer.parameters]
        self._generators = _generators(training.model) | {"shuffle": self._shuffler}
        folder = Path(self._path).resolve().parent
        if not folder.is_dir():
            raise ArgumentError(f"checkpoint: there is no folder {folder}", hint="make it first")
        if not Path(self._path).exists():
            return
        if self._resume:
            self._load(training)
            self._written = training.epoch
        elif not _is_ours(self._path):
            raise ArgumentError(
                f"checkpoint: {self._path} is there already, and is no checkpoint",
                hint="choose another name, so that nothing of yours is replaced",
            )

    def after_epoch(self, training: Training) -> None:
        """Writes the file."""
        if self._written != training.epoch:
            text = json.dumps(_packed(self._state(training)), ensure_ascii=False, allow_nan=False)
            head = {"format": _FORMAT, "version": _VERSION, "sha256": _digest(text)}
            replace_file(self._path, f'{json.dumps(head)[:-1]},\n"training": {text}}}\n')
            self._written = training.epoch

    def end(self, training: Training) -> None:
        """Writes it once more after the last epoch, as the training left all."""
        self.after_epoch(training)

    def _state(self, training: Training) -> dict[str, Any]:
        return {
            "about": self._about,
            "epoch": training.epoch,
            "stopped": training.stopped,
            "parameters": {name: p.data for name, p in training.parameters().items()},
            "optimizer": training.optimizer.state_dict(),
            "history": training.history.state_dict(),
            "callbacks": [callback.state_dict() for callback in self._callbacks],
            "generators": {name: each.getstate() for name, each in self._generators.items()},
        }

    def _load(self, training: Training) -> None:
        """Takes up the file's state; on an error all is as before."""
        state = self._read()
        self._check(state, training)
        before = self._state(training)
        try:
            self._set(training, state)
        except BaseException as error:
            self._set(training, before)
            if isinstance(error, (ChalkgradError, ValueError, TypeError, KeyError, AttributeError)):
                told = error.message if isinstance(error, ChalkgradError) else repr(error)
                raise ArgumentError(f"{self._path} cannot be used: {told}", hint=_HINT) from error
            raise

    def _set(self, training: Training, state: Mapping[str, Any]) -> None:
        for name, each in self._generators.items():
            each.setstate(_tuples(state["generators"][name]))
        for callback, remembered in zip(self._callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(remembered)
        training.optimizer.load_state_dict(state["optimizer"])
        training.history.load_state_dict(state["history"])
        training.stopped = state["stopped"]
        for name, parameter in training.parameters().items():
            parameter.data = state["parameters"][name]

    def _read(self) -> dict[str, Any]:
        """What the file holds, which is whole."""
        held = read_json(self._path, _FORMAT, _VERSION, "checkpoint of nn.fit")
        state = held.get("training")
        if held.get("sha256") != _digest(json.dumps(state, ensure_ascii=False)):
            raise ArgumentError(f"{self._path} is damaged: its sha256 is another", hint=_HINT)
        if not isinstance(state, dict) or state.keys() != _PARTS:
            raise ArgumentError(
                f"{self._path} is damaged: it does not have all of {', '.join(sorted(_PARTS))}",
                hint=_HINT,
            )
        found: dict[str, Any] = _unpacked(state)
        return found

    def _check(self, state: Mapping[str, Any], training: Training) -> None:
        """Raises ArgumentError where the file is of another training, saying what differs."""
        theirs, ours = state["about"], _unpacked(json.loads(json.dumps(_packed(self._about))))
        for what in [*ours, *(theirs.keys() - ours.keys())]:
            if theirs.get(what) != ours.get(what):
                raise ArgumentError(
                    f"{self._path} is of another training: {_differing(what, theirs, ours)}",
                    hint=_HINT,
                )
        missing = training.parameters().keys() ^ state["parameters"].keys()
        if missing:
            raise ArgumentError(
                f"{self._path} is of another training: only one of both has the parameter "
                f"{min(missing)}",
                hint=_HINT,
            )
        for name, number in state["parameters"].items():
            if not isinstance(number, float) or not math.isfinite(number):
                raise ArgumentError(f"{self._path}: {name} is {number!r}", hint=_HINT)
        if state["epoch"] > training.epochs:
            raise ArgumentError(
                f"{self._path} is of a training that has gone on for {state['epoch']} epochs, "
                f"and epochs is {training.epochs}",
                hint="epochs counts all of them, those before the checkpoint too",
            )


_HINT: Final = "to begin anew leave out resume=True, or name another file"


def rows_digest(rows: Examples) -> str:
    """A hash of the numbers in rows, however they are held.

    >>> rows_digest([([80, 8], 8)]) == rows_digest([((80.0, 8.0), 8)]) != rows_digest([([1], 2)])
    True
    """
    return _digest(repr([[_numbers(part) for part in row] for row in rows]))


def _numbers(thing: Any) -> Any:
    thing = plain(thing)
    if isinstance(thing, Value):
        return thing.data
    if isinstance(thing, Real):
        return float(thing)
    if isinstance(thing, str):
        return thing
    if isinstance(thing, Mapping):
        return [[str(key), _numbers(each)] for key, each in thing.items()]
    if isinstance(thing, Iterable):
        return [_numbers(each) for each in thing]
    return type(thing).__name__


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _differing(what: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """What differs, shortly."""
    if what in ("rows", "validation"):
        return f"the numbers of its {'validation ' * (what != 'rows')}rows are others"
    if what == "trained":
        return "its optimizer moves other parameters"
    their, own = theirs.get(what), ours.get(what)
    if isinstance(their, dict) and isinstance(own, dict) and their.get("kind") == own.get("kind"):
        key = next(key for key in [*own, *their] if their.get(key) != own.get(key))
        return f"{what} {own.get('kind')} has {key} {their.get(key)!r}, here it is {own.get(key)!r}"
    return f"{what} is {_shown(their)}, here it is {_shown(own)}"


def _shown(thing: Any) -> str:
    if isinstance(thing, dict):
        settings = ", ".join(f"{name}={each}" for name, each in thing.items() if name != "kind")
        return f"{thing.get('kind')}({settings})"
    if isinstance(thing, list):
        return f"[{', '.join(map(_shown, thing))}]"
    return str(thing)


def _model_name(model: Callable[[Any], Any]) -> str:
    return repr(model) if isinstance(model, Module) else name_of(model)


def _generators(model: object) -> dict[str, Any]:
    """The random generators inside a Module, Dropout's among them, by place."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    for place, module in enumerate(model.modules() if isinstance(model, Module) else []):
        for name, thing in vars(module).items():
            if callable(getattr(thing, "getstate", None)) and id(thing) not in seen:
                seen.add(id(thing))
                found[f"{type(module).__name__} {place}, {name}"] = thing
            elif callable(getattr(thing, "gauss", None)) and not hasattr(thing, "getstate"):
                raise ArgumentError(
                    f"{type(module).__name__}'s {name} is a {type(thing).__name__}, whose state "
                    "cannot be kept in a checkpoint",
                    hint="give a number as the seed, or a random.Random",
                )
    return found


def _is_ours(path: str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(200).startswith(f'{{"format": "{_FORMAT}"'.encode())


def _packed(thing: Any) -> Any:
    """Plain data as JSON can hold it: nan and the infinities in a form of their own."""
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else {_NOT_FINITE: repr(thing)}
    if thing is None or isinstance(thing, (bool, int, str)):
        return thing
    if isinstance(thing, Mapping):
        return {str(name): _packed(each) for name, each in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_packed(each) for each in thing]
    raise ArgumentError(
        f"a callback remembers {thing!r} ({type(thing).__name__})",
        hint="what stands in its memory is plain data: numbers, text, lists and dicts of them",
    )


def _unpacked(thing: Any) -> Any:
    if isinstance(thing, list):
        return [_unpacked(each) for each in thing]
    if isinstance(thing, dict):
        if thing.keys() == {_NOT_FINITE}:
            return float(thing[_NOT_FINITE])
        return {name: _unpacked(each) for name, each in thing.items()}
    return thing


def _tuples(thing: Any) -> Any:
    return tuple(map(_tuples, thing)) if isinstance(thing, list) else thing
