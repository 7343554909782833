"""gradbench/: the published figures, and for the rest the mathematics done otherwise."""

from __future__ import annotations

import io
import itertools
import json
import math
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.gradbench import ba, det, gmm, ht, kmeans, llsq, lse, lstm, ode, particle, saddle
from tests.gradbench.protocol import MODULES, answer, converse

ROOT = Path(__file__).resolve().parents[1]


def ask(module: str, function: str, given: Any) -> Any:
    """The output, as it comes out of JSON."""
    message = {"id": 7, "kind": "evaluate", "module": module, "function": function, "input": given}
    reply = json.loads(json.dumps(answer(message)))
    assert reply["success"], reply.get("error")
    return reply["output"]


def random_numbers(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).uniform(0.1, 1.0, shape).tolist()


def slope(function: Any, x: np.ndarray[Any, Any], h: float = 1e-6) -> np.ndarray[Any, Any]:
    """The derivatives of a function by central differences, the entry last."""
    steps = np.eye(x.size).reshape(x.size, *x.shape) * h
    return np.stack(
        [(np.array(function(x + e)) - np.array(function(x - e))) / (2 * h) for e in steps], -1
    )


# The protocol.


def test_a_session() -> None:
    messages = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "square", "input": 3.0},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
        {"id": 4, "kind": "evaluate", "module": "hello", "function": "double", "input": 3.0},
        {"id": 5, "kind": "define", "module": "goodbye"},
        {"id": 6, "kind": "evaluate", "module": "hello", "function": "triple", "input": 3.0},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.gradbench"], cwd=ROOT, check=True, capture_output=True,
        input="".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8",
    )  # fmt: skip
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [reply["id"] for reply in replies] == list(range(7))
    assert replies[0]["tool"] == "chalkgrad"
    assert [replies[at].get("success") for at in (1, 2, 3, 4, 5, 6)] == [
        True, True, None, True, False, False,
    ]  # fmt: skip
    assert [replies[at]["output"] for at in (2, 4)] == [9.0, 6.0]
    assert "KeyError" in replies[6]["error"]
    (timing,) = replies[2]["timings"]
    assert timing["name"] == "evaluate"
    assert timing["nanoseconds"] > 0


def test_runs_are_repeated_as_often_and_as_long_as_is_asked_for() -> None:
    given = {"x": [1.0, 2.0], "min_runs": 3, "min_seconds": 0}
    message = {"id": 1, "kind": "evaluate", "module": "lse", "function": "primal", "input": given}
    assert len(answer(message)["timings"]) == 3
    message["input"] = {**given, "min_runs": 1, "min_seconds": 0.01}
    assert sum(timing["nanoseconds"] for timing in answer(message)["timings"]) >= 1e7


def test_nothing_is_said_unasked() -> None:
    told = io.StringIO()
    converse(io.StringIO(""), told)
    assert told.getvalue() == ""


def test_all_twelve_are_there() -> None:
    assert set(MODULES) == {
        "ba", "det", "gmm", "hello", "ht", "kmeans", "llsq", "lse", "lstm", "ode", "particle",
        "saddle",
    }  # fmt: skip


# The nested ones, against the figures that GradBench has published for them.

MODES = ["rr", "fr", "rf", "ff"]


@pytest.mark.parametrize(
    "modes", ["rr", *(pytest.param(m, marks=pytest.mark.slow) for m in MODES[1:])]
)
def test_saddle(modes: str) -> None:
    assert ask("saddle", modes, {"start": [1.0, 1.0]}) == [8.246324826140356e-06] * 4


@pytest.mark.parametrize(
    "modes", ["rr", *(pytest.param(m, marks=pytest.mark.slow) for m in MODES[1:])]
)
def test_particle(modes: str) -> None:
    assert ask("particle", modes, {"w": 0.0}) == pytest.approx(0.2071918746486116, rel=1e-12)


def test_particle_in_coarse_steps_is_the_same_in_all_modes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(particle, "STEP", 4.0)
    found = [ask("particle", modes, {"w": 0.0}) for modes in MODES]
    assert found == pytest.approx([found[0]] * 4, rel=1e-9)
    assert particle.miss(found[0], "r") < 1e-3


# The others, against numpy and differences.


def test_llsq() -> None:
    x, n = random_numbers(1, 4), 16
    t = np.linspace(-1, 1, n)
    powers = np.vander(t, len(x), increasing=True)
    rest = np.sign(t) - powers @ x
    assert ask("llsq", "primal", {"x": x, "n": n}) == pytest.approx(rest @ rest / 2)
    assert ask("llsq", "gradient", {"x": x, "n": n}) == pytest.approx(-powers.T @ rest)
    odd = llsq.objective([0.0], 3).data  # the sign of 0 is 0
    assert odd == 1.0


def test_lse() -> None:
    x = (np.array(random_numbers(2, 50)) * 2000 - 1000).tolist()
    shares = np.exp(np.array(x) - max(x))
    assert ask("lse", "primal", {"x": x}) == pytest.approx(max(x) + math.log(shares.sum()))
    assert ask("lse", "gradient", {"x": x}) == pytest.approx(shares / shares.sum(), abs=1e-15)
    assert lse.objective([3.0]).data == 3.0


@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_det(size: int) -> None:
    matrix = np.random.default_rng(size).normal(size=(size, size))
    given = {"A": matrix.ravel().tolist(), "ell": size}
    expected = np.linalg.det(matrix)
    assert ask("det", "primal", given) == pytest.approx(expected)
    assert ask("det", "gradient", given) == pytest.approx(
        (expected * np.linalg.inv(matrix).T).ravel()
    )
    assert det.determinant([2.0], 1) == 2.0


def test_ode() -> None:
    # A polynomial of degree 3, which the method solves: y_i(2) = x_0 ... x_i 2^(i+1) / (i+1)!
    x = random_numbers(3, 3)
    ends = [math.prod(x[: i + 1]) * 2 ** (i + 1) / math.factorial(i + 1) for i in range(3)]
    for steps in (1, 7):
        assert ask("ode", "primal", {"x": x, "s": steps}) == pytest.approx(ends)
        gradient = ask("ode", "gradient", {"x": x, "s": steps})
        assert gradient == pytest.approx([ends[-1] / each for each in x])
    longer = np.array(random_numbers(4, 9))
    expected = slope(lambda x: ode.solution(x.tolist(), 5)[-1], longer)
    assert ask("ode", "gradient", {"x": longer.tolist(), "s": 5}) == pytest.approx(expected)


def test_kmeans() -> None:
    points = np.array(random_numbers(5, 40, 3))
    centroids = points[-4:]
    distances = ((points[:, None] - centroids) ** 2).sum(-1)
    given = {"points": points.tolist(), "centroids": centroids.tolist()}
    assert ask("kmeans", "cost", given) == pytest.approx(distances.min(1).sum())
    nearest = distances.argmin(1)
    steps = [centroid - points[nearest == k].mean(0) for k, centroid in enumerate(centroids)]
    found = np.array(ask("kmeans", "dir", given))
    assert found == pytest.approx(np.array(steps), abs=1e-12)
    assert kmeans.squared_distance([0.0, 1.0], [3.0, 5.0]).data == 25.0


def gmm_input(d: int, k: int, n: int) -> dict[str, Any]:
    rng = np.random.default_rng(6)
    given = {name: rng.normal(size=shape).tolist() for name, shape in {
        "alpha": k, "mu": (k, d), "q": (k, d), "l": (k, d * (d - 1) // 2), "x": (n, d),
    }.items()}  # fmt: skip
    return {**given, "d": d, "k": k, "n": n, "m": 2, "gamma": 0.8}


def posterior(given: dict[str, Any]) -> float:
    """By the densities themselves."""
    d, k, m, gamma = (given[name] for name in ("d", "k", "m", "gamma"))
    shares = np.exp(given["alpha"]) / np.exp(given["alpha"]).sum()
    log_prior, precisions = 0.0, []
    for at in range(k):
        triangle = np.diag(np.exp(given["q"][at]))
        below = iter(given["l"][at])
        for column, row in itertools.combinations(range(d), 2):
            triangle[row, column] = next(below)
        precision = triangle.T @ triangle
        precisions.append(precision)
        n = d + m + 1
        gammas = math.prod(math.gamma((n - j) / 2) for j in range(d)) * math.pi ** (d * (d - 1) / 4)
        density = np.linalg.det(precision) ** (m / 2) * np.exp(
            -(gamma**2) * np.trace(precision) / 2
        )
        log_prior += math.log(density / (2 ** (n * d / 2) * gamma ** (-n * d) * gammas))
    log_likelihood = 0.0
    for x in np.array(given["x"]):
        seen = 0.0
        for share, mean, precision in zip(shares, np.array(given["mu"]), precisions, strict=True):
            away = x - mean
            scale = math.sqrt(np.linalg.det(precision) / (2 * math.pi) ** d)
            seen += share * scale * math.exp(-away @ precision @ away / 2)
        log_likelihood += math.log(seen)
    return log_likelihood + log_prior


def test_gmm() -> None:
    given = gmm_input(3, 2, 8)
    assert ask("gmm", "objective", given) == pytest.approx(posterior(given), rel=1e-10)
    found = ask("gmm", "jacobian", given)
    assert list(found) == list(gmm.INDEPENDENT)
    for name in gmm.INDEPENDENT:
        part = np.array(given[name])
        expected = slope(lambda x, name=name: posterior({**given, name: x}), part)
        assert np.array(found[name]).ravel() == pytest.approx(expected, rel=1e-5, abs=1e-5)


def text_loss(given: dict[str, Any]) -> float:
    """The net in numpy, a layer at a time."""

    def squash(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    main = np.array(given["main_params"])
    into, out, bias = np.array(given["extra_params"])
    state, text = np.array(given["state"]), np.array(given["sequence"])
    total = 0.0
    for now, following in itertools.pairwise(text):
        signal = now * into
        for at in range(0, len(state), 2):
            weights, offsets = main[at].reshape(4, -1), main[at + 1].reshape(4, -1)
            hidden = state[at]
            forget, in_, out_, change = (
                np.array([signal, hidden, signal, hidden]) * weights + offsets
            )
            state[at + 1] = state[at + 1] * squash(forget) + squash(in_) * np.tanh(change)
            state[at] = squash(out_) * np.tanh(state[at + 1])
            signal = state[at]
        guess = signal * out + bias
        total += following @ (guess - np.log(np.exp(guess).sum() + 2))
    return -total / ((len(text) - 1) * len(into))


def test_lstm() -> None:
    draw = random.Random(8)
    given = {
        "main_params": random_numbers(8, 4, 12), "extra_params": random_numbers(9, 3, 3),
        "state": random_numbers(10, 4, 3),
        "sequence": [[float(draw.randint(0, 1)) for _ in range(3)] for _ in range(5)],
    }  # fmt: skip
    assert ask("lstm", "objective", given) == pytest.approx(text_loss(given))
    found = ask("lstm", "jacobian", given)
    expected = [
        slope(lambda x, name=name: text_loss({**given, name: x}), np.array(given[name]))
        for name in ("main_params", "extra_params")
    ]
    assert found == pytest.approx(np.concatenate(expected), rel=1e-5, abs=1e-7)
    assert given["state"] == random_numbers(10, 4, 3)  # as it was
    assert lstm.in_four([1, 2, 3, 4, 5, 6, 7, 8]) == [[1, 2], [3, 4], [5, 6], [7, 8]]


def reprojected(of: Any, seen: Any) -> Any:
    """By the rotation as a matrix, the exponential of the cross product."""
    of = np.asarray(of)
    turn = np.array([[0, -of[2], of[1]], [of[2], 0, -of[0]], [-of[1], of[0], 0]])
    matrix, power = np.eye(3), np.eye(3)
    for k in range(1, 40):
        power = power @ turn / k
        matrix = matrix + power
    x, y, z = matrix @ (of[11:14] - of[3:6])
    flat = np.array([x, y]) / z
    radius = flat @ flat
    lens = 1 + of[9] * radius + of[10] * radius**2
    return of[14] * (flat * lens * of[6] + of[7:9] - seen)


def test_ba() -> None:
    given = {
        "n": 3, "m": 2, "p": 5, "cam": random_numbers(11, 11), "x": random_numbers(12, 3),
        "w": 0.7, "feat": [0.3, -0.2],
    }  # fmt: skip
    of = np.array([*given["cam"], *given["x"], given["w"]])
    found = ask("ba", "objective", given)
    assert found["reproj_error"]["elements"] == pytest.approx(reprojected(of, given["feat"]))
    assert found["reproj_error"]["repeated"] == found["w_err"]["repeated"] == 5
    assert found["w_err"]["element"] == pytest.approx(1 - 0.7**2)
    found = ask("ba", "jacobian", given)
    expected = slope(lambda of: reprojected(of, given["feat"]), of).ravel()
    assert found["vals"] == pytest.approx([*expected, -1.4], rel=1e-5, abs=1e-5)
    first = [*range(11), 33, 34, 35, 39]
    assert found["cols"] == [*first, *first, 43]
    assert found["rows"] == [*range(0, 151, 15), 151, 152, 153, 154, 155, 155]
    straight = [0.0, 0.0, 0.0]
    assert ba.rotated(straight, [1.0, 2.0, 3.0]) == [1.0, 2.0, 3.0]


def hand_input(*, in_triangles: bool) -> dict[str, Any]:
    bones, vertices, seen = 22, 6, 4
    rng = np.random.default_rng(13)
    weights = rng.uniform(size=(vertices, bones)) * (rng.uniform(size=(vertices, bones)) < 0.3)
    model = {
        "bone_count": bones,
        "parents": [-1, 0, *(k - 1 if k % 4 != 2 else 1 for k in range(2, 22))],
        "base_relatives": rng.normal(size=(bones, 4, 4)).tolist(),
        "inverse_base_absolutes": rng.normal(size=(bones, 4, 4)).tolist(),
        "base_positions": [[*place, 1.0] for place in rng.normal(size=(vertices, 3))],
        "weights": weights.tolist(), "triangles": [[0, 1, 2], [2, 3, 4], [3, 4, 5], [5, 0, 1]],
        "is_mirrored": True,
    }  # fmt: skip
    data = {"model": model, "correspondences": [2, 0, 3, 1],
            "points": rng.normal(size=(seen, 3)).tolist()}  # fmt: skip
    us = rng.uniform(size=(seen, 2)).tolist() if in_triangles else []
    return {"theta": rng.normal(size=26).tolist(), "data": data, "us": us}


def posed(theta: Any, us: Any, given: dict[str, Any]) -> Any:
    """The hand in numpy, all vertices at once."""
    data, model = given["data"], given["data"]["model"]
    angles = np.zeros((22, 3))
    for finger in range(5):
        angles[2 + 4 * finger, :2] = theta[6 + 4 * finger : 8 + 4 * finger]
        angles[3 + 4 * finger, 0], angles[4 + 4 * finger, 0] = theta[
            8 + 4 * finger : 10 + 4 * finger
        ]
    absolute: list[Any] = []
    for bone, (x, z, _) in enumerate(angles):
        turn = np.eye(4)
        about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
        about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
        turn[:3, :3] = about_z @ about_x
        relative = np.array(model["base_relatives"][bone]) @ turn
        parent = model["parents"][bone]
        absolute.append(relative if parent < 0 else absolute[parent] @ relative)
    places = np.zeros((len(model["weights"]), 3))
    for bone, base in enumerate(model["inverse_base_absolutes"]):
        moved = (absolute[bone] @ np.array(base) @ np.array(model["base_positions"]).T)[:3].T
        places += np.array(model["weights"])[:, [bone]] * moved
    places[:, 0] *= -1
    turn = np.array([[0, -theta[2], theta[1]], [theta[2], 0, -theta[0]], [-theta[1], theta[0], 0]])
    matrix, power = np.eye(3), np.eye(3)
    for k in range(1, 40):
        power = power @ turn / k
        matrix = matrix + power
    places = places @ matrix.T + theta[3:6]
    if len(us):
        corners = places[[model["triangles"][which] for which in data["correspondences"]]]
        shares = np.column_stack([us, 1 - us.sum(1)])
        found = (shares[:, :, None] * corners).sum(1)
    else:
        found = places[data["correspondences"]]
    return (np.array(data["points"]) - found).ravel()


@pytest.mark.parametrize("in_triangles", [True, False])
def test_ht(in_triangles: bool) -> None:
    given = hand_input(in_triangles=in_triangles)
    theta, us = np.array(given["theta"]), np.array(given["us"])
    assert ask("ht", "objective", given) == pytest.approx(posed(theta, us, given))
    found = np.array(ask("ht", "jacobian", given))
    by_pose = slope(lambda theta: posed(theta, us, given), theta)
    assert found[:, -26:] == pytest.approx(by_pose, rel=1e-5, abs=1e-5)
    if in_triangles:
        by_place = slope(lambda us: posed(theta, us, given), us).reshape(4, 3, 4, 2)
        own = np.array([by_place[at, :, at] for at in range(4)]).reshape(12, 2)
        assert found[:, :2] == pytest.approx(own, rel=1e-5, abs=1e-5)
    assert found.shape == (12, 28 if in_triangles else 26)
    assert ht.about_axis([0.0, 0.0, 1e-5]) is ht.IDENTITY


def test_saddle_is_one_of_the_function() -> None:
    assert saddle.height([3.0, 0.0], [0.0, 2.0]) == 5.0
