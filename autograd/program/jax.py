"""The JAX target: a program as a function to jit, vmap and shard over many devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from autograd.program.instructions import LEAVES
from autograd.program.native import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.program.recording import Recording

__all__ = ["jax_function"]

# Where jax.numpy or jax.lax call a function of libm otherwise.
_NAMES: Final = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "atan2": "arctan2", "pow": "power", "fabs": "abs",
}  # fmt: skip


def jax_function(recording: Recording) -> Callable[[Any, Any], Any]:
    """`f(inputs, parameters)`, arrays of one dimension: an array of the outputs.

    Turn on 64 bits first: `jax.config.update("jax_enable_x64", True)`. Raises MissingError where
    jax is not installed.
    """
    try:
        import jax  # noqa: PLC0415  # optional, and slow to load
        import jax.numpy as jnp  # noqa: PLC0415
    except ImportError as error:
        raise MissingError(
            "to_jax() needs jax, which is not installed", hint="pip install 'chalkgrad[jax]'"
        ) from error
    code, outputs = recording.code, recording.outputs
    order = code.live(outputs)
    arithmetic: dict[str, Callable[..., Any]] = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda x: -x,
        "above": lambda a, b: a > b,
        "equal": lambda a, b: a == b,
        "select": jnp.where,
        "erf": jax.scipy.special.erf,
        "erfc": jax.scipy.special.erfc,
        "logistic": jax.nn.sigmoid,
    }

    def program(inputs: Any, parameters: Any) -> Any:
        places: dict[int, Any] = {}
        for at in order:
            kind, arguments = code.names[at], code.arguments[at]
            if kind in LEAVES:
                number = arguments[0]
                leaves = {"input": inputs, "parameter": parameters}
                places[at] = number if kind == "constant" else leaves[kind][number]
            else:
                known = arithmetic.get(kind) or getattr(jnp, _NAMES.get(kind, kind))
                places[at] = known(*[places[a] for a in arguments])
        return jnp.stack([jnp.asarray(places[at], dtype=float) for at in outputs])

    return program
