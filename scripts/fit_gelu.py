#!/usr/bin/env python3
"""Finds the polynomial of src/cpu/kernels/gelu-inl.h.

    python3 scripts/fit_gelu.py

GELU is max(x, 0) - |x| Q(|x|) where Q(a) is the share of the normal distribution beyond a. The eighth root of Q is
fitted by a polynomial on [0, 5.5] such that the largest error of GELU is least: by least squares whose weights grow
where the error is large (Lawson 1961). Prints the coefficients, highest power first, rounded to f32, and the errors of
the fit and of GELU evaluated in f32. Needs numpy.
"""

import math

import numpy
from numpy.polynomial import Polynomial, chebyshev

DEGREE = 8
LIMIT = 5.5
ROOT = 8
POINTS = 3000
ROUNDS = 400


def tail(values):
    return numpy.vectorize(lambda a: 0.5 * math.erfc(a / math.sqrt(2)))(values)


def fit():
    """Coefficients, lowest power first, and the largest error of GELU that they leave."""
    nodes = numpy.cos(numpy.pi * (numpy.arange(POINTS) + 0.5) / POINTS)
    a = (nodes + 1) / 2 * LIMIT
    root = tail(a) ** (1 / ROOT)
    # What an error of the root does to GELU; 0.02 lets the fit see the surroundings of 0, where it does nothing.
    effect = (a + 0.02) * ROOT * root ** (ROOT - 1) + 1e-9
    terms = chebyshev.chebvander(nodes, DEGREE)
    weights = numpy.ones(POINTS)
    for _ in range(ROUNDS):
        scale = numpy.sqrt(weights) * effect
        coefficients = numpy.linalg.lstsq(terms * scale[:, None], root * scale, rcond=None)[0]
        error = numpy.abs((terms @ coefficients - root) * effect)
        weights *= error / error.max() + 1e-3
        weights /= weights.max()
    powers = Polynomial(chebyshev.cheb2poly(coefficients))(Polynomial([-1, 2 / LIMIT])).coef
    return powers, error.max()


def fused(factor, other, term):
    """factor * other + term, rounded to f32 once."""
    return (factor.astype(numpy.float64) * other.astype(numpy.float64) + term).astype(numpy.float32)


def gelu_f32(x, powers):
    """GELU as the kernel computes it."""
    a = numpy.minimum(numpy.abs(x), numpy.float32(LIMIT))
    root = numpy.full_like(a, numpy.float32(powers[-1]))
    for power in powers[-2::-1]:
        root = fused(root, a, numpy.float64(numpy.float32(power)))
    for _ in range(int(math.log2(ROOT))):
        root = root * root
    return fused(-a, root, numpy.maximum(x, 0).astype(numpy.float64))


def main():
    powers, error = fit()
    for power in powers[::-1]:
        print(repr(float(numpy.float32(power))))
    x = numpy.linspace(-9, 9, 300_001).astype(numpy.float32)
    exact = x.astype(numpy.float64)
    exact = numpy.maximum(exact, 0) - numpy.abs(exact) * tail(numpy.abs(exact))
    print(f"largest error of GELU: {error:.1e} by the fit, {numpy.abs(gelu_f32(x, powers) - exact).max():.1e} in f32")


if __name__ == "__main__":
    main()
