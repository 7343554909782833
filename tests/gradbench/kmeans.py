"""kmeans: the squared distances to the nearest of some centroids, and a step of Newton's."""

from __future__ import annotations

from autograd import grad, hessian, sum


def squared_distance(a, b):
    return sum([(x - y) ** 2 for x, y in zip(a, b, strict=True)])


def cost(centroids, points):
    return sum(
        [min(squared_distance(point, centroid) for centroid in centroids) for point in points]
    )


def direction(centroids, points):
    """The gradient over the diagonal of the Hessian, beside which the Hessian is 0."""
    gradient = grad(cost)(centroids, points)
    size = len(centroids[0])
    step = [[0.0] * size for _ in centroids]
    for row, column, second in zip(*hessian(cost, sparse=True)(centroids, points), strict=True):
        assert row == column
        step[row // size][row % size] = gradient[row // size][row % size] / second
    return step


FUNCTIONS = {
    "cost": lambda given: cost(given["centroids"], given["points"]).data,
    "dir": lambda given: direction(given["centroids"], given["points"]),
}
