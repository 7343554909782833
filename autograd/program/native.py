"""`Native`: LLVM text compiled for this machine, at once as it stands and later optimised."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from autograd.errors import ChalkgradError
from autograd.program.llvm import INTRINSICS, lane_function
from autograd.program.vectors import fast_function

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd.program.pieces import Pieces

__all__ = ["MissingError", "Native", "native_available", "lanes_here", "module_text"]


class MissingError(ChalkgradError, ImportError):
    """A package is needed that is not installed."""


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
_named: Final[set[str]] = set()
_libraries: Final[list[Any]] = []


def native_available() -> bool:
    """Whether llvmlite is installed."""
    try:
        _llvm()
    except MissingError:
        return False
    return True


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
    if not _libraries:
        path = ctypes.util.find_library("m") or ctypes.util.find_library("msvcrt")
        _libraries.append(ctypes.CDLL(path if sys.platform == "win32" else None))
    for line in text.splitlines():
        if line.startswith("declare double @libm_"):
            name = line.partition("@libm_")[2].partition("(")[0]
            if name not in _named:
                function = getattr(_libraries[0], name)
                llvm.add_symbol(f"libm_{name}", ctypes.cast(function, ctypes.c_void_p).value)
                _named.add(name)


class Native:
    """A module's functions as ctypes calls, of which `level` says how well they are optimised.

    `level` 0 compiles fast, 1 runs fast; `improve()` compiles the same text once more, in the
    background or at once, and puts the faster functions in the place of the others.
    """

    def __init__(self, text: str, functions: dict[str, Any], level: int) -> None:
        self.text = text
        self.level = -1
        self._prototypes = functions
        self._engines: list[Any] = []
        self._thread: threading.Thread | None = None
        self.calls: dict[str, Any] = {}
        self._compile(level)

    def _compile(self, level: int) -> None:
        llvm = _llvm()
        _name_functions(llvm, self.text)
        module = llvm.parse_assembly(self.text)
        # At a higher level LLVM orders instructions anew, which makes straight-line code slower.
        machine = _machine(llvm, level)
        # Passes make it hardly faster where it is long, and take longer than the rest.
        if level and len(self.text) < _LONG:
            options = llvm.create_pipeline_tuning_options(speed_level=level)
            options.slp_vectorization = False
            passes = llvm.create_pass_builder(machine, options)
            passes.getModulePassManager().run(module, passes)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        self._engines.append(engine)  # keeps the code alive, that of earlier levels too
        for name, prototype in self._prototypes.items():
            self.calls[name] = prototype(engine.get_function_address(name))
        self.level = level

    def improve(self, *, wait: bool = False) -> None:
        """Compiles at the highest level, in a thread of its own unless one waits for it."""
        if self.level < HIGHEST and self._thread is None:
            # Python waits for it at its end: LLVM, taken apart while it compiles, would abort.
            self._thread = threading.Thread(target=self._compile, args=(HIGHEST,))
            self._thread.start()
        if wait and self._thread is not None:
            self._thread.join()


_LONG: Final = 8_000_000  # characters
HIGHEST: Final = 1  # more passes than the first few make straight-line code no faster


def _machine(llvm: Any, level: int) -> Any:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=level,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )
