"""Programs in JAX: every operation to 1e-12, rows mapped, and spread over four devices."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograd import Value, compile

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed"),
    pytest.mark.slow,
]

# In a process of its own: JAX is told of its devices before it starts, and stays in memory.
SCRIPT = """
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from autograd import TABLE, Value, compile
from nn import MLP, mse
from tests.test_targets import close, eagerly, graph, rows

for name, op in TABLE.items():
    cases = [(row, found) for row in rows(op) if (found := eagerly(op, row)) is not None]
    f = graph(op).to_jax()
    data = jnp.array([row for row, _ in cases])
    found = jax.jit(jax.vmap(lambda x: f(x, jnp.zeros(0))[0]))(data)
    for (row, expected), value in zip(cases, found.tolist()):
        assert close(value, expected[0]) or abs(value - expected[0]) < 1e-300, (name, row, value)

model = MLP(2, [4, 1], activation="tanh", seed=1)
x, z, y = Value(0.5), Value(0.1), Value(2.0)
program = compile(mse(model([x, z]), y), [x, z, y], wrt=model.parameters())
f = program.to_jax()
draw = np.random.default_rng(1)
data = draw.normal(size=(64, 3))
parameters = jnp.array([p.data for p in program.parameters])

def total(p, data):
    return jnp.sum(jax.vmap(lambda row: f(row, p)[0])(data))

assert len(jax.devices()) == 4
mesh = Mesh(np.array(jax.devices()), ("rows",))
spread = jax.device_put(data, NamedSharding(mesh, PartitionSpec("rows")))
assert len(spread.sharding.device_set) == 4
value, gradients = jax.jit(jax.value_and_grad(total))(parameters, spread)
ours, own = program.total(data)
assert abs(value - ours) < 1e-12 * abs(ours)
assert np.allclose(gradients, own, rtol=1e-12, atol=1e-12)
print("as expected")
"""


def test_jax_gives_the_numbers_of_the_engine() -> None:
    root = Path(__file__).resolve().parents[1]
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(root),
    }
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        env=environment, cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.stdout.strip() == "as expected", told.stderr[-3000:]


def test_without_jax_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    x = Value(1.0)
    with pytest.raises(ImportError, match=r"pip install 'chalkgrad\[jax\]'"):
        compile(x * 2, [x]).to_jax()
