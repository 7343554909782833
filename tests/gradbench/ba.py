"""ba: bundle adjustment, how far points seen by cameras are from where they should be."""

from __future__ import annotations

from autograd import cos, dot, grad, jacobian, sin, sqrt

CAMERA = 11  # three of its rotation, three of its centre, focal length, two and two of the lens


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def rotated(about, point):
    """By the length of a vector, about it."""
    squared = dot(about, about)
    if not squared > 0:
        return [x + turn for x, turn in zip(point, cross(about, point), strict=True)]
    angle = sqrt(squared)
    axis = [x / angle for x in about]
    c, s, along = cos(angle), sin(angle), dot(axis, point)
    return [
        x * c + turn * s + a * along * (1 - c)
        for x, turn, a in zip(point, cross(axis, point), axis, strict=True)
    ]


def projected(camera, point):
    away = [x - centre for x, centre in zip(point, camera[3:6], strict=True)]
    x, y, depth = rotated(camera[:3], away)
    u, v = x / depth, y / depth
    radius = u * u + v * v
    lens = (1 + camera[9] * radius + camera[10] * radius * radius) * camera[6]
    return [u * lens + camera[7], v * lens + camera[8]]


def reprojection(of, seen):
    """The errors of one observation: `of` is a camera, a point and a weight, one after another."""
    camera, point, weight = of[:CAMERA], of[CAMERA:-1], of[-1]
    return [weight * (x - y) for x, y in zip(projected(camera, point), seen, strict=True)]


def weight_error(weight):
    return 1 - weight * weight


def objective(given):
    of = [*given["cam"], *given["x"], given["w"]]
    errors = [reprojection(of, given["feat"]) for _ in range(given["p"])]
    weights = [weight_error(given["w"]) for _ in range(given["p"])]
    return {
        "reproj_error": {"elements": [x.data for x in errors[0]], "repeated": len(errors)},
        "w_err": {"element": weights[0], "repeated": len(weights)},
    }


def sparse_jacobian(given):
    """By rows: where each begins, its columns, its values; of each the first 30 and the last."""
    cameras, points, observations = given["n"], given["m"], given["p"]
    of = [*given["cam"], *given["x"], given["w"]]
    begins, columns, values = [0], [], []
    for at in range(observations):
        for row in jacobian(reprojection)(of, given["feat"]):
            columns += [CAMERA * (at % cameras) + i for i in range(CAMERA)]
            columns += [CAMERA * cameras + 3 * (at % points) + i for i in range(3)]
            columns += [CAMERA * cameras + 3 * points + at]
            values += row
            begins.append(len(columns))
    for at in range(observations):
        columns.append(CAMERA * cameras + 3 * points + at)
        values.append(grad(weight_error)(given["w"]))
        begins.append(len(columns))
    shown = {"rows": begins, "cols": columns, "vals": values}
    return {name: [*all_of[:30], all_of[-1]] for name, all_of in shown.items()}


FUNCTIONS = {"objective": objective, "jacobian": sparse_jacobian}
