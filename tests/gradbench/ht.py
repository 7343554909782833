"""ht: a hand's pose, how far the points of its skin are from where they were seen."""

from __future__ import annotations

from autograd import cos, dot, jacobian, sin, sqrt

IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def product(a, b):
    """Of two matrices, leaving out what is known to be 0."""
    columns = list(zip(*b, strict=True))
    return [[entry(row, column) for column in columns] for row in a]


def entry(row, column):
    terms = [x * y for x, y in zip(row, column, strict=True) if not (zero(x) or zero(y))]
    total = 0.0
    for term in terms:
        total = total + term
    return total


def zero(x):
    return isinstance(x, float) and x == 0.0


def about_axis(vector):
    """The rotation by a vector's length about it."""
    angle = sqrt(dot(vector, vector))
    if angle < 1e-4:
        return IDENTITY
    x, y, z = (each / angle for each in vector)
    s, c = sin(angle), cos(angle)
    d = 1 - c
    return [
        [x * x + (1 - x * x) * c, x * y * d - z * s, x * z * d + y * s],
        [x * y * d + z * s, y * y + (1 - y * y) * c, y * z * d - x * s],
        [x * z * d - y * s, z * y * d + x * s, z * z + (1 - z * z) * c],
    ]


def about_x_and_z(x, z):
    """A bone's rotation: about x, then about z; fingers do not turn about y."""
    cx, sx, cz, sz = cos(x), sin(x), cos(z), sin(z)
    return [[cz, -sz * cx, sz * sx], [sz, cz * cx, -cz * sx], [0.0, sx, cx]]


def rotations(theta, bones):
    """Each bone's, of which the first two and every fourth after that stay as they are."""
    turned = [IDENTITY] * bones
    angles = iter(theta[6:])
    for finger in range(5):
        first = 2 + 4 * finger
        turned[first] = about_x_and_z(next(angles), next(angles))
        for bone in (first + 1, first + 2):
            turned[bone] = about_x_and_z(next(angles), 0.0)
    return turned


def transforms(theta, model):
    """Where each bone takes a point of the hand at rest, as three rows of four."""
    absolute = []
    for bone, turn in enumerate(rotations(theta, model["bone_count"])):
        in_four = [[*row, 0.0] for row in turn] + [[0.0, 0.0, 0.0, 1.0]]
        relative = product(model["base_relatives"][bone], in_four)
        parent = model["parents"][bone]
        absolute.append(relative if parent == -1 else product(absolute[parent], relative))
    bases = model["inverse_base_absolutes"]
    return [product(a, base)[:3] for a, base in zip(absolute, bases, strict=True)]


def skin(theta, model):
    """A function that gives the place of a vertex, worked out when it is first asked for."""
    bones = transforms(theta, model)
    whole = about_axis(theta[:3])
    known = {}

    def vertex(number):
        if number not in known:
            rest = model["base_positions"][number]
            place = [0.0, 0.0, 0.0]
            for bone, weight in zip(bones, model["weights"][number], strict=True):
                if weight != 0:
                    moved = [entry(row, rest) for row in bone]
                    place = [x + weight * to for x, to in zip(place, moved, strict=True)]
            if model["is_mirrored"]:
                place[0] = -place[0]
            known[number] = [
                entry(row, place) + shift for row, shift in zip(whole, theta[3:6], strict=True)
            ]
        return known[number]

    return vertex


def between(u, corners):
    """A point of a triangle."""
    shares = (u[0], u[1], 1 - u[0] - u[1])
    return [dot(shares, coordinates) for coordinates in zip(*corners, strict=True)]


def errors(theta, given):
    data = given["data"]
    vertex, triangles = skin(theta, data["model"]), data["model"]["triangles"]
    told = []
    for at, (which, seen) in enumerate(zip(data["correspondences"], data["points"], strict=True)):
        if given["us"]:
            place = between(given["us"][at], [vertex(corner) for corner in triangles[which]])
        else:
            place = vertex(which)
        told += [x - y for x, y in zip(seen, place, strict=True)]
    return told


def all_derivatives(given):
    """By the place in the triangle, where there is one, and by the pose."""
    by_pose = jacobian(errors)(given["theta"], given)
    if not given["us"]:
        return by_pose
    model = given["data"]["model"]
    vertex = skin(given["theta"], model)
    by_place = []
    for u, which in zip(given["us"], given["data"]["correspondences"], strict=True):
        corners = [[float(x) for x in vertex(corner)] for corner in model["triangles"][which]]
        by_place += jacobian(lambda u, at: [-x for x in between(u, at)])(u, corners)
    return [[*place, *pose] for place, pose in zip(by_place, by_pose, strict=True)]


FUNCTIONS = {
    "objective": lambda given: [float(x) for x in errors(given["theta"], given)],
    "jacobian": all_derivatives,
}
