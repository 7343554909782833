"""det: a determinant by its minors, each of which is worked out once."""

from __future__ import annotations

from functools import cache

from autograd import grad


def determinant(entries, size):
    """By the first row; the minor that is left is that of the rows below in some of the columns."""

    @cache
    def minor(columns):
        row = size - len(columns)
        total, sign = 0.0, 1.0
        for place, column in enumerate(columns):
            rest = columns[:place] + columns[place + 1 :]
            entry = sign * entries[row * size + column]
            total = total + (entry * minor(rest) if rest else entry)
            sign = -sign
        return total

    return minor(tuple(range(size)))


FUNCTIONS = {
    "primal": lambda given: determinant(given["A"], given["ell"]),
    "gradient": lambda given: grad(determinant)(given["A"], given["ell"]),
}
