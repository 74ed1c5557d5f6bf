"""Inner loops of normalised cross-correlation, compiled by Numba when it is installed.

Each does what the NumPy code of its caller does, and adds in the same order, so that the results are equal bit for bit:
no multiply-add is contracted, and only the power of a block is reassociated. A loop that is not ready is compiled after
the call has returned.

Arrays come as flat memory with the position of the first sample and the distance between rows (`memory_planes`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...backends import SESSION
from ...methods._compiled import compile_kept, installed

#: Width of a strip of results, whose lines of sums fit into a core's cache.
STRIP = 224
#: Image dtypes that the loops read.
READ = ("float32", "float64", "uint8", "uint16", "int16")


def centre(P: Any, p0: int, sp: int, ny: int, nx: int, offset: float, F: Any) -> float:
    """Write the samples less `offset` into the corner of `F`, and return the sum of their squares."""
    power = 0.0
    for y in range(ny):
        row = P[p0 + y * sp : p0 + y * sp + nx]
        out = F[y, :nx]
        part = 0.0
        for x in range(nx):
            value = np.float64(row[x]) - offset
            out[x] = value
            part += value * value
        power += part
    return power


def box_norms(
    P: Any,
    p0: int,
    sp: int,
    my: int,
    mx: int,
    offset: float,
    ky: int,
    kx: int,
    rounding: float,
    resolution: float,
    Z: Any,
    N: Any,
) -> float:
    """Write the norms of all ky x kx windows into `N`, in strips, and return the smallest that is not 0.

    The norm is the square root of the sum of squared differences from the window's mean, 0 where that is rounding. A
    line of `Z` holds sums of samples, then sums of squares.
    """
    oy = my - ky + 1
    ox = mx - kx + 1
    share = 1.0 / (ky * kx)
    lowest = np.inf
    strips = (ox + STRIP - 1) // STRIP
    broad = (ox + strips - 1) // strips
    broad = (broad + kx - 1) // kx * kx  # so that the sections along a row are those of the whole row
    lines = np.zeros((2, 2 * (broad + kx)))
    for x0 in range(0, ox, broad):
        w = min(broad, ox - x0)
        n = w + kx - 1
        line = lines[0, : 2 * n]
        sums = lines[0, :n]
        squares = lines[0, n : 2 * n]
        total = lines[1, :n]
        second = lines[1, n : 2 * n]
        for y0 in range(0, oy, ky):
            # down the columns: from each row to the last of its section ...
            line[:] = 0.0
            for j in range(ky - 1, -1, -1):
                first = p0 + (y0 + j) * sp + x0
                row = P[first : first + n]
                kept = Z[j, : 2 * n]
                for x in range(n):
                    value = np.float64(row[x]) - offset
                    sums[x] += value
                    squares[x] += value * value
                for x in range(2 * n):
                    kept[x] = line[x]
            # ... plus from the first row of the next section
            line[:] = 0.0
            for y in range(y0, min(y0 + ky, oy)):
                u = Z[y - y0, : 2 * n]
                if y > y0:
                    first = p0 + (y + ky - 1) * sp + x0
                    row = P[first : first + n]
                    for x in range(n):
                        value = np.float64(row[x]) - offset
                        sums[x] += value
                        squares[x] += value * value
                    for x in range(2 * n):
                        u[x] += line[x]
                # and the same along the row
                samples = Z[y - y0, :n]
                powers = Z[y - y0, n : 2 * n]
                for start in range(0, w, kx):
                    a = 0.0
                    b = 0.0
                    for x in range(start + kx - 1, start - 1, -1):
                        a += samples[x]
                        b += powers[x]
                        total[x] = a
                        second[x] = b
                    a = 0.0
                    b = 0.0
                    for x in range(start + 1, min(start + kx, w)):
                        a += samples[x + kx - 1]
                        b += powers[x + kx - 1]
                        total[x] += a
                        second[x] += b
                norm = N[y, x0 : x0 + w]
                for x in range(w):
                    mean = total[x] * share
                    scatter = second[x] - total[x] * mean
                    step = resolution * (mean + offset)
                    floor = rounding * second[x] + step * step
                    norm[x] = scatter if scatter > floor else 0.0
                for x in range(w):
                    norm[x] = np.sqrt(norm[x])
                for x in range(w):
                    lowest = min(lowest, norm[x] if norm[x] > 0 else np.inf)
    return lowest


def support_norms(
    T: Any,
    t0: int,
    st: int,
    S: Any,
    s0: int,
    ss: int,
    ny: int,
    nx: int,
    share: float,
    resolution: float,
    middle: float,
    constant: float,
    slope: float,
    N: Any,
) -> tuple[float, int]:
    """Write norms from sums of samples and of squares; return the smallest that is not 0, and the number of zeros.

    Squared deviations below ``constant + slope |mean|`` are rounding.
    """
    lowest = np.inf
    none = 0
    for y in range(ny):
        total = T[t0 + y * st : t0 + y * st + nx]
        second = S[s0 + y * ss : s0 + y * ss + nx]
        norm = N[y, :nx]
        for x in range(nx):
            mean = np.float64(total[x]) * share
            scatter = np.float64(second[x]) - np.float64(total[x]) * mean
            step = resolution * (mean + middle)
            floor = constant + slope * abs(mean) + step * step
            norm[x] = scatter if scatter > floor else 0.0
        for x in range(nx):
            norm[x] = np.sqrt(norm[x])
        for x in range(nx):
            lowest = min(lowest, norm[x] if norm[x] > 0 else np.inf)
            none += norm[x] == 0
    return lowest, none


def divide(
    R: Any,
    r0: int,
    sr: int,
    N: Any,
    n0: int,
    sn: int,
    ny: int,
    nx: int,
    out: Any,
    o0: int,
    so: int,
    zero: Any,
    one: Any,
) -> None:
    """Write scores, numerators over norms, into `out`."""
    for y in range(ny):
        r = R[r0 + y * sr : r0 + y * sr + nx]
        n = N[n0 + y * sn : n0 + y * sn + nx]
        o = out[o0 + y * so : o0 + y * so + nx]
        for x in range(nx):
            s = r[x] / n[x] if n[x] > zero else zero
            o[x] = max(min(s, one), -one)


def divide_max(
    R: Any,
    r0: int,
    sr: int,
    N: Any,
    n0: int,
    sn: int,
    ny: int,
    nx: int,
    out: Any,
    o0: int,
    so: int,
    zero: Any,
    one: Any,
) -> None:
    """Write scores into `out` where they are higher than its values."""
    for y in range(ny):
        r = R[r0 + y * sr : r0 + y * sr + nx]
        n = N[n0 + y * sn : n0 + y * sn + nx]
        o = out[o0 + y * so : o0 + y * so + nx]
        for x in range(nx):
            s = r[x] / n[x] if n[x] > zero else zero
            o[x] = max(min(s, one), o[x])


_FLAGS = {"centre": {"reassoc", "nsz"}}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (centre, box_norms, support_norms, divide, divide_max)
}


def compile_scoring() -> None:
    """Compile all loops for the usual images now, if Numba is installed."""
    if installed():
        for read in ("float32", "uint8", "uint16"):
            for loop in needed_loops(read, "float32", boxes=False):
                compile_now(*loop)


@functools.cache
def needed_loops(read: str, compute: str, boxes: bool) -> tuple[tuple[str, ...], ...]:
    """Name and dtypes of the loops that score images of dtype `read`: for boxes alone, or for any template."""
    found = (("centre", read, compute), ("divide", compute), ("box_norms", read, compute))
    return found if boxes else (*found, ("divide_max", compute), ("support_norms", compute))


def compile_now(name: str, *dtypes: str) -> None:
    """Compile a loop unless it is ready."""
    SESSION.compiled(("scores", name, *dtypes), lambda: compile_loop(name, dtypes))


def compile_loop(name: str, dtypes: Sequence[str]) -> Callable[..., Any]:
    """Compile a loop for arrays of the given dtypes."""
    from numba import types

    found = [getattr(types, dtype) for dtype in dtypes]
    line, real, integer = types.Array(found[0], 1, "C", readonly=True), types.float64, types.int64
    plane = types.Array(found[-1], 2, "C")
    at = [integer] * 2
    signature: dict[str, Callable[[], Any]] = {
        "centre": lambda: real(line, *[integer] * 4, real, plane),
        "box_norms": lambda: found[-1](line, *[integer] * 4, real, *at, real, real, types.Array(real, 2, "C"), plane),
        "support_norms": lambda: types.Tuple([real, integer])(line, *at, line, *at, *at, *[real] * 5, plane),
        "divide": lambda: types.void(line, *at, line, *at, *at, types.Array(found[0], 1, "C"), *at, *found * 2),
    }
    wanted = signature[name.removesuffix("_max")]()
    return compile_kept(wanted, _FUNCTIONS[name], _FLAGS.get(name, {"nnan", "nsz"}))
