"""The same problems for Chalkgrad and for PyTorch, and PyTorch's golden numbers.

`python -m tests.against_torch` writes them. Each case has a name, by which its numbers are drawn,
and says both ways to compute it. The tests without PyTorch are held to what it made of the cases;
those with it see that the file is still true.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nn
from autograd import Value, log_softmax

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).with_name("torch_golden.json")
CLASSES, ROWS = 4, 5
WEIGHTS = [0.5, 2.0, 1.25, 0.0]


@dataclass
class Case:
    """A loss: `ours(prediction, target)`, `theirs(torch, prediction, target)`, what is drawn."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    draw: Callable[[random.Random], tuple[Any, Any]]


def numbers(generator: random.Random) -> tuple[Any, Any]:
    return tuple([generator.uniform(-3, 3) for _ in range(ROWS)] for _ in range(2))  # type: ignore[return-value]


def signs(generator: random.Random) -> tuple[Any, Any]:
    return numbers(generator)[0], [float(generator.choice([-1, 1])) for _ in range(ROWS)]


def chances(generator: random.Random) -> tuple[Any, Any]:
    return tuple([generator.uniform(0.05, 0.95) for _ in range(ROWS)] for _ in range(2))  # type: ignore[return-value]


def row(generator: random.Random, low: float = -3, high: float = 3) -> list[float]:
    return [generator.uniform(low, high) for _ in range(CLASSES)]


def distribution(generator: random.Random) -> list[float]:
    drawn = row(generator, 0.1, 1)
    return [p / sum(drawn) for p in drawn]


def labels(generator: random.Random) -> list[int]:
    return [generator.randrange(CLASSES) for _ in range(ROWS)]


def logits_and_labels(generator: random.Random) -> tuple[Any, Any]:
    return [row(generator) for _ in range(ROWS)], [0, *labels(generator)[1:]]


def logits_and_label(generator: random.Random) -> tuple[Any, Any]:
    return row(generator), 1


def chances_and_labels(generator: random.Random) -> tuple[Any, Any]:
    return [distribution(generator) for _ in range(ROWS)], [0, *labels(generator)[1:]]


def logits_and_targets(generator: random.Random) -> tuple[Any, Any]:
    return [row(generator) for _ in range(ROWS)], [distribution(generator) for _ in range(ROWS)]


def distributions(generator: random.Random) -> tuple[Any, Any]:
    return tuple([distribution(generator) for _ in range(ROWS)] for _ in range(2))  # type: ignore[return-value]


def one_hot(labels: list[int]) -> list[list[int]]:
    return [[int(j == k) for j in range(CLASSES)] for k in labels]


def cases() -> dict[str, Case]:
    found: dict[str, Case] = {}
    functional = "mean", "sum", "none"
    for how in functional:
        plain = {
            "mse": (nn.mse, "mse_loss", numbers, {}),
            "mae": (nn.mae, "l1_loss", numbers, {}),
            "huber": (nn.huber, "huber_loss", numbers, {"delta": 0.75}),
            "binary_cross_entropy": (nn.binary_cross_entropy, "binary_cross_entropy", chances, {}),
        }
        for name, (ours, theirs, draw, options) in plain.items():
            found[f"{name} {how}"] = Case(
                lambda p, y, ours=ours, o=options, how=how: ours(p, y, reduction=how, **o),
                lambda torch, p, y, theirs=theirs, o=options, how=how: getattr(
                    torch.nn.functional, theirs
                )(p, y, reduction=how, **o),
                draw,
            )
        found[f"binary from logits {how}"] = Case(
            lambda p, y, how=how: nn.binary_cross_entropy(p, y, from_logits=True, reduction=how),
            lambda torch, p, y, how=how: torch.nn.functional.binary_cross_entropy_with_logits(
                p, y, reduction=how
            ),
            lambda generator: (numbers(generator)[0], [0.0, 0.25, 0.5, 1.0, 0.9]),
        )
        for margin in (1.0, 0.25):
            found[f"hinge {margin} {how}"] = Case(
                lambda p, y, how=how, m=margin: nn.hinge(p, y, m, reduction=how),
                lambda torch, p, y, how=how, m=margin: torch.nn.functional.margin_ranking_loss(
                    p, torch.zeros_like(p), y, margin=m, reduction=how
                ),
                signs,
            )
        for weights in (None, WEIGHTS):
            for smoothing in (0.0, 0.1):
                for ignored in (None, 2):
                    said = (
                        ("weighted " if weights else "")
                        + ("smoothed " if smoothing else "")
                        + ("ignoring " if ignored is not None else "")
                    )

                    def sparse(
                        p: Any, y: Any, w: Any = weights, s: Any = smoothing, i: Any = ignored,
                        how: Any = how, **more: Any,
                    ) -> Any:  # fmt: skip
                        return nn.sparse_cross_entropy(
                            p, y, class_weights=w, label_smoothing=s, ignore_index=i,
                            reduction=how, **more,
                        )  # fmt: skip

                    def theirs_from(
                        torch: Any, p: Any, y: Any, w: Any = weights, s: Any = smoothing,
                        i: Any = ignored, how: Any = how,
                    ) -> Any:  # fmt: skip
                        return torch.nn.functional.cross_entropy(
                            p, y, weight=None if w is None else torch.tensor(w),
                            label_smoothing=s, ignore_index=-100 if i is None else i, reduction=how,
                        )  # fmt: skip

                    found[f"sparse {said}{how}"] = Case(
                        lambda p, y, f=sparse: f(p, y),
                        lambda torch, p, y, w=weights, s=smoothing, i=ignored, how=how: smoothed(
                            torch, p.log(), y, w, s, i, how
                        ),
                        chances_and_labels,
                    )
                    for draw in (logits_and_labels, logits_and_label):
                        found[f"{draw.__name__} {said}{how}"] = Case(
                            lambda p, y, f=sparse: f(p, y, from_logits=True), theirs_from, draw
                        )
        found[f"negative_log_likelihood {how}"] = Case(
            lambda p, y, how=how: nn.negative_log_likelihood(
                list(map(log_softmax, p)), y, class_weights=WEIGHTS, reduction=how
            ),
            lambda torch, p, y, how=how: torch.nn.functional.nll_loss(
                torch.log_softmax(p, -1), y, weight=torch.tensor(WEIGHTS), reduction=how
            ),
            logits_and_labels,
        )
        found[f"categorical from logits {how}"] = Case(
            lambda p, y, how=how: nn.categorical_cross_entropy(
                p, one_hot(y), from_logits=True, reduction=how
            ),
            lambda torch, p, y, how=how: torch.nn.functional.cross_entropy(
                p, torch.tensor(one_hot(y.tolist())).double(), reduction=how
            ),
            logits_and_labels,
        )
        for name, draw, logits in (
            ("kl_divergence", distributions, False),
            ("kl from logits", logits_and_targets, True),
        ):
            found[f"{name} {how}"] = Case(
                lambda p, y, how=how, logits=logits: nn.kl_divergence(
                    p, y, from_logits=logits, reduction=how
                ),
                lambda torch, p, y, how=how, logits=logits: kl_of_torch(torch, p, y, how, logits),
                draw,
            )
    one_row = {
        "LayerNorm": (nn.LayerNorm(CLASSES), "layer_norm", ((CLASSES,),)),
        "RMSNorm": (nn.RMSNorm(CLASSES), "rms_norm", ((CLASSES,),)),
        "Softmax": (nn.Softmax(), "softmax", (-1,)),
    }
    for name, (module, function, given) in one_row.items():
        found[name] = Case(
            lambda p, y, module=module: module(p),
            lambda torch, p, y, function=function, given=given: getattr(
                torch.nn.functional, function
            )(p, *given),
            logits_and_label,
        )
    return found


def kl_of_torch(torch: Any, p: Any, y: Any, how: str, logits: bool) -> Any:
    log = torch.log_softmax(p, -1) if logits else p.log()
    by = {"mean": "batchmean"}.get(how, how)
    loss = torch.nn.functional.kl_div(log, y, reduction=by)
    return loss.sum(-1) if how == "none" else loss


def smoothed(torch: Any, logs: Any, y: Any, w: Any, s: float, i: Any, how: str) -> Any:
    """PyTorch's cross_entropy without its softmax, for what are probabilities already."""
    w, i = torch.tensor(w or [1.0] * CLASSES), -100 if i is None else i
    true = torch.nn.functional.nll_loss(logs, y, weight=w, ignore_index=i, reduction="none")
    kept = (y != i).double()
    each = (1 - s) * true - s / CLASSES * (logs * w).sum(-1) * kept
    return {"none": each, "sum": each.sum(), "mean": each.sum() / (w[y] * kept).sum()}[how]


def drawn(name: str, case: Case) -> tuple[Any, Any]:
    return case.draw(random.Random(name))


def ours(name: str, case: Case) -> dict[str, list[float]]:
    """Values and gradients: of a list of losses those of l_1 + 2 l_2 + 3 l_3 + ..."""
    prediction, target = drawn(name, case)
    nested = isinstance(prediction[0], list)
    leaves = [[Value(x) for x in r] for r in prediction] if nested else list(map(Value, prediction))
    loss = case.ours(leaves, target)
    losses = loss if isinstance(loss, list) else [loss]
    sum(count * each for count, each in enumerate(losses, start=1)).backward()
    flat = [leaf for r in leaves for leaf in r] if nested else leaves
    return {"values": [each.data for each in losses], "gradients": [leaf.grad for leaf in flat]}


def theirs(name: str, case: Case) -> dict[str, list[float]]:
    import torch  # noqa: PLC0415  # it need not be there

    torch.set_default_dtype(torch.float64)
    prediction, target = drawn(name, case)
    leaf = torch.tensor(prediction, requires_grad=True)
    loss = case.theirs(torch, leaf, torch.tensor(target))
    losses = loss if loss.dim() else loss[None]
    (losses * torch.arange(1.0, len(losses) + 1)).sum().backward()
    return {"values": losses.tolist(), "gradients": leaf.grad.flatten().tolist()}


# Optimizers and schedules: 40 steps down the same valley, 4 an epoch

STEPS, EPOCH = 40, 4
START = [1.0, -0.9, 0.25]

OPTIMIZERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sgd": ("SGD", "SGD", {"lr": 0.05}),
    "momentum": ("SGD", "SGD", {"lr": 0.02, "momentum": 0.9}),
    "nesterov": (
        "SGD", "SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ),
    "sgd decayed": ("SGD", "SGD", {"lr": 0.05, "weight_decay": 0.1}),
    "adam": ("Adam", "Adam", {"lr": 0.05, "betas": (0.8, 0.95)}),
    "adam decayed": ("Adam", "Adam", {"lr": 0.05, "weight_decay": 0.1}),
    "adamw": ("AdamW", "AdamW", {"lr": 0.05, "weight_decay": 0.1}),
    "adamw defaults": ("AdamW", "AdamW", {}),
    "rmsprop": ("RMSProp", "RMSprop", {"lr": 0.05}),
    "rmsprop with all": (
        "RMSProp", "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1, "eps": 1e-6},
    ),
    "adagrad": ("Adagrad", "Adagrad", {"lr": 0.1}),
    "adagrad decayed": ("Adagrad", "Adagrad", {"lr": 0.1, "weight_decay": 0.1}),
    "clipped by value": ("SGD", "SGD", {"lr": 0.05, "clip_value": 0.5}),
    "clipped by norm": ("Adam", "Adam", {"lr": 0.05, "clip_norm": 0.5}),
}  # fmt: skip
SCHEDULES: dict[str, Callable[[Any, Any], Any]] = {
    "step": lambda kind, o: kind.StepLR(o, step_size=3, gamma=0.5),
    "cosine": lambda kind, o: kind.CosineAnnealingLR(o, T_max=8, eta_min=0.001),
    "cosine to nothing": lambda kind, o: kind.CosineAnnealingLR(o, T_max=10),
    "warm-up": lambda kind, o: kind.LinearLR(o, start_factor=0.25, total_iters=4),
    "warm-up, then cosine": lambda kind, o: kind.SequentialLR(
        o, [kind.LinearLR(o, 0.1, 1.0, 3), kind.CosineAnnealingLR(o, T_max=7)], [3]
    ),
    "plateau": lambda kind, o: kind.ReduceLROnPlateau(
        o, factor=0.5, patience=1, threshold=0.05, cooldown=1, min_lr=0.01
    ),
    "plateau of an accuracy": lambda kind, o: kind.ReduceLROnPlateau(
        o, mode="max", factor=0.25, patience=0
    ),
}


def valley(a: Any, b: Any, c: Any) -> Any:
    return 0.5 * (a - b) ** 2 + (b + 0.5) ** 4 + (c * a - 1) ** 2 + 0.1 * c * c


def goes(schedule: Any, at: float) -> None:
    schedule.step(at) if type(schedule).__name__ == "ReduceLROnPlateau" else schedule.step()


def our_steps(optimizer: str, schedule: str = "") -> dict[str, list[float]]:
    """Each step's parameters, and each epoch's rate."""
    kind, _, options = OPTIMIZERS[optimizer]
    parameters = list(map(Value, START))
    steps = getattr(nn, kind)(parameters, **options)
    change = SCHEDULES[schedule](nn, steps) if schedule else None
    path, rates = [], []
    for step in range(STEPS):
        loss = valley(*parameters)
        steps.zero_grad()
        loss.backward()
        steps.step()
        path += [p.data for p in parameters]
        if change is not None and step % EPOCH == EPOCH - 1:
            goes(change, loss.data)
            rates.append(steps.lr)
    return {"path": path, "rates": rates}


def their_steps(optimizer: str, schedule: str = "") -> dict[str, list[float]]:
    import torch  # noqa: PLC0415  # it need not be there

    _, kind, options = OPTIMIZERS[optimizer]
    options = dict(options)
    value, norm = options.pop("clip_value", None), options.pop("clip_norm", None)
    parameters = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]
    steps = getattr(torch.optim, kind)(parameters, **options)
    change = SCHEDULES[schedule](torch.optim.lr_scheduler, steps) if schedule else None
    path, rates = [], []
    for step in range(STEPS):
        loss = valley(*parameters)
        steps.zero_grad()
        loss.backward()
        if value is not None:
            torch.nn.utils.clip_grad_value_(parameters, value)
        if norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, norm)
        steps.step()
        path += [p.item() for p in parameters]
        if change is not None and step % EPOCH == EPOCH - 1:
            goes(change, loss.item())
            rates.append(steps.param_groups[0]["lr"])
    return {"path": path, "rates": rates}


def trainings() -> dict[str, tuple[str, str]]:
    """Every optimizer by itself, every schedule with the first."""
    alone = {name: (name, "") for name in OPTIMIZERS}
    return alone | {name: ("momentum", name) for name in SCHEDULES}


def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


def main() -> None:
    found: dict[str, dict[str, Any]] = {
        "losses": {name: theirs(name, case) for name, case in cases().items()},
        "steps": {name: their_steps(*of) for name, of in trainings().items()},
    }
    lines = ",\n".join(
        f"{json.dumps(part)}: {{\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in entries.items())
        + "\n}"
        for part, entries in found.items()
    )
    GOLDEN.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
