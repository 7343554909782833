"""nn against PyTorch: the same values and gradients, steps and networks, to 1e-12."""

from __future__ import annotations

import pytest

from tests import against_torch

GOLDEN = against_torch.golden()
LOSSES = against_torch.cases()


def close(numbers):
    return pytest.approx(numbers, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_pytorchs(name):
    ours, theirs = against_torch.ours(name, LOSSES[name]), GOLDEN["losses"][name]
    assert ours["values"] == close(theirs["values"])
    assert ours["gradients"] == close(theirs["gradients"])


def test_the_golden_losses_are_pytorchs():
    pytest.importorskip("torch")
    assert GOLDEN["losses"].keys() == LOSSES.keys()
    for name, case in LOSSES.items():
        fresh, theirs = against_torch.theirs(name, case), GOLDEN["losses"][name]
        assert fresh["values"] == close(theirs["values"])
        assert fresh["gradients"] == close(theirs["gradients"])
