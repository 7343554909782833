"""nn against PyTorch: the same values and gradients, steps and networks, to 1e-12."""

from __future__ import annotations

import pytest

from tests import against_torch

GOLDEN = against_torch.golden()
LOSSES = against_torch.cases()
TRAININGS = against_torch.trainings()


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


@pytest.mark.parametrize("name", TRAININGS)
def test_every_step_and_rate_is_pytorchs(name):
    ours, theirs = against_torch.our_steps(*TRAININGS[name]), GOLDEN["steps"][name]
    assert ours["path"] == close(theirs["path"])
    assert ours["rates"] == close(theirs["rates"])


def test_the_golden_steps_are_pytorchs():
    pytest.importorskip("torch")
    assert GOLDEN["steps"].keys() == TRAININGS.keys()
    for name, training in TRAININGS.items():
        fresh, theirs = against_torch.their_steps(*training), GOLDEN["steps"][name]
        assert fresh["path"] == close(theirs["path"])
        assert fresh["rates"] == close(theirs["rates"])
