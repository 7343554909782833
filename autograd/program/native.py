"""`Native`: a program's functions, at once as they can be had and later optimised by LLVM."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from autograd.errors import ChalkgradError
from autograd.program.assembly import libm
from autograd.program.llvm import INTRINSICS, lane_function
from autograd.program.vectors import fast_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from autograd.program.pieces import Pieces

__all__ = ["MissingError", "Native", "NativeError", "lanes_here", "module_text", "native_available"]


class MissingError(ChalkgradError, ImportError):
    """A package is needed that is not installed."""


class NativeError(ChalkgradError, RuntimeError):
    """LLVM is installed and does not work here."""


def _llvm() -> Any:
    try:
        import llvmlite.binding as llvm  # noqa: PLC0415  # optional, and slow to load
    except ImportError as error:
        raise MissingError(
            "native programs are compiled by llvmlite, which is not installed",
            hint="pip install 'chalkgrad[native]'",
        ) from error
    if not _ready:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        _ready.append(True)
    return llvm


_ready: Final[list[bool]] = []
_unsaid: Final[list[NativeError]] = []  # met in the background
_broken: Final[list[NativeError]] = []
_named: Final[set[str]] = set()


def native_available() -> bool:
    """Whether llvmlite is installed, and nothing has shown that LLVM does not work here."""
    if _broken:
        return False
    try:
        _llvm()
    except (MissingError, RuntimeError):
        return False
    return True


def _given_up(error: NativeError) -> None:
    """Says once that there will be no native code."""
    if not _broken:
        warnings.warn(f"{error.message}: programs run without it", RuntimeWarning, stacklevel=2)
    _broken.append(error)


def lanes_here() -> int:
    """How many rows this machine's vectors hold."""
    features = _llvm().get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2


def module_text(functions: Iterable[str], pieces: Iterable[Pieces]) -> str:
    """A module of functions with what they call: pieces, lane by lane libm."""
    parts = list(pieces)
    texts = [text for part in parts for text in part.texts]
    calls = sorted({(name, part.lanes) for part in parts for name in part.called})
    for name, lanes in calls:
        if name.startswith("fast_"):
            texts.append(fast_function(name[5:], lanes))
    own = {(n, lanes) for n, lanes in calls if n not in INTRINSICS and not n.startswith("fast_")}
    for name, lanes in sorted(own):
        if lanes > 1:
            texts.append(lane_function(name, _arity(name), lanes))
    for name in sorted({name for name, _ in own}):
        inputs = ", ".join(["double"] * _arity(name))
        texts.append(f"declare double @libm_{name}({inputs}) nounwind willreturn memory(none)\n")
    return "\n".join([*functions, *texts])


def _arity(name: str) -> int:
    return 2 if name in ("pow", "atan2") else 1


def _name_functions(llvm: Any, text: str) -> None:
    """Tells LLVM where libm's functions are, by names of which it knows nothing."""
    at = text.find("declare double @libm_")  # they stand at the end, one a line
    for line in text[at:].splitlines() if at >= 0 else ():
        if line.startswith("declare double @libm_"):
            name = line.partition("@libm_")[2].partition("(")[0]
            if name not in _named:
                llvm.add_symbol(f"libm_{name}", libm(name))
                _named.add(name)


class Running(NamedTuple):
    """Functions that can be called, the pieces of LLVM's that they are made of, and the code."""

    calls: dict[str, Any]
    pieces: list[Pieces] | None
    engine: Any


_CACHED: Final = 64  # modules kept in memory
_compiled: Final[dict[bytes, tuple[Running, int]]] = {}
_lock: Final = threading.Lock()  # what is compiled comes from several threads


def _keep(key: bytes, running: Running, level: int) -> None:
    """Keeps what was last asked for, so that the same program is compiled once."""
    with _lock:
        _compiled.pop(key, None)
        _compiled[key] = running, level
        while len(_compiled) > _CACHED:
            del _compiled[next(iter(_compiled))]


class Native:
    """A program's functions, the best of them so far in `current`, compiled once for a `key`.

    `at_once` are functions that need no compiling; where there are none LLVM compiles at its lowest
    level. `level` 0 is either of these, 1 runs fast: `improve()` compiles what `make()` writes, in
    the background or at once. Raises NativeError where LLVM does not work.
    """

    def __init__(
        self,
        key: bytes,
        make: Callable[[], tuple[str, list[Pieces]]],
        prototypes: dict[str, Any],
        at_once: dict[str, Any] | None = None,
    ) -> None:
        self._key, self._make, self._prototypes = key, make, prototypes
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None
        known = _compiled.get(key)
        if known is not None:
            self.current, self.level = known
            _keep(key, *known)
        elif at_once is not None:
            self.current, self.level = Running(at_once, None, None), 0
        else:
            try:
                self._compile(0)
            except NativeError as error:
                _given_up(error)
                raise

    def _compile(self, level: int) -> None:
        llvm = _llvm()
        text, pieces = self._make()
        try:
            _name_functions(llvm, text)
            module = llvm.parse_assembly(text)
            machine = _machine(llvm, level)
            # Passes make it hardly faster where it is long, and take longer than the rest.
            if level and len(text) < _LONG:
                options = llvm.create_pipeline_tuning_options(speed_level=level)
                options.slp_vectorization = False
                passes = llvm.create_pass_builder(machine, options)
                passes.getModulePassManager().run(module, passes)
            engine = llvm.create_mcjit_compiler(module, machine)
            engine.finalize_object()
        except RuntimeError as error:
            raise NativeError(
                f"LLVM does not compile programs here: {error}",
                hint="another version of llvmlite may know this processor",
            ) from error
        calls = {
            name: prototype(engine.get_function_address(name))
            for name, prototype in self._prototypes.items()
        }
        self.current, self.level = Running(calls, pieces, engine), level
        _keep(self._key, self.current, level)

    def _optimise(self) -> None:
        try:
            self._compile(HIGHEST)
        except MissingError as error:  # to whoever waits for it
            self._failed = error
        except NativeError as error:  # what runs so far runs on
            _unsaid.append(error)
            self._failed = error
        except Exception as error:  # told when it is next asked for, in a thread that is heard
            self._failed = error

    def improve(self, *, wait: bool = False) -> None:
        """Compiles at the highest level, in a thread of its own unless one waits for it."""
        while _unsaid:
            _given_up(_unsaid.pop())
        if self.level < HIGHEST and self._thread is None and (wait or not _broken):
            # Python waits for it at its end: LLVM, taken apart while it compiles, would abort.
            self._thread = threading.Thread(target=self._optimise)
            self._thread.start()
        if wait and self._thread is not None:
            self._thread.join()
        error = self._failed
        if error is not None and (wait or not isinstance(error, (MissingError, NativeError))):
            raise error


_LONG: Final = 8_000_000  # characters
HIGHEST: Final = 1  # more passes than the first few make straight-line code no faster


def _machine(llvm: Any, level: int) -> Any:
    # At a higher level LLVM orders instructions anew, which makes straight-line code slower.
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=level,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )
