"""Source text of the inner loops, unrolled into straight-line code that the compiler can vectorise.

Every function has the signature ``f(P, k, out, p0, o0, ny, nx, sp, so, width)``: it computes ``ny`` rows of ``nx``
results in the flat array `out` from index ``o0`` on, row stride ``so``, from the samples in the flat array `P` from
index ``p0`` on, row stride ``sp``. It returns 0.0, or NaN when a result is not finite. `k` are correlation weights;
``ZERO`` is a global of the dtype.

Measured with AVX-512: two rows of results together share their samples, more need too many run-time alias checks of the
vectoriser; eight taps together keep weights and samples in registers; slices (``B = P[b:]``) are vectorised, computed
offsets (``P[b + x]``) are not, because Numba must allow for negative indices.
"""

from __future__ import annotations

from collections.abc import Iterator

ROWS = 2


def _rows_loop(body: Iterator[str] | list[str], rows: int, indent: int = 4) -> list[str]:
    pad = " " * indent
    return [f"{pad}while y + {rows} <= ny:", *(f"{pad}    {line}" for line in body), f"{pad}    y += {rows}"]


def _check(rows: int) -> list[str]:
    """Lines that set `flag` to NaN when a result is not finite."""
    lines = ["for x in range(nx):"]
    return [*lines, "    flag += " + " + ".join(f"ZERO * W{r}[x]" for r in range(rows))]


def _outputs(rows: int) -> list[str]:
    return [f"W{r} = out[o0 + (y + {r}) * so :]" for r in range(rows)]


def _assemble(setup: list[str], bodies: list[tuple[int, list[str]]]) -> str:
    lines = ["def f(P, k, out, p0, o0, ny, nx, sp, so, width):", "    flag = ZERO", *setup, "    y = 0"]
    for rows, body in bodies:
        lines += _rows_loop(body, rows)
    return "\n".join([*lines, "    return flag"])


def unrolled(height: int, width: int, add: bool) -> str:
    """Loop for a small 2-D kernel ``k[height, width]``: weights in registers, samples read once per pair of rows."""
    setup = [f"    k{i}_{j} = k[{i}, {j}]" for i in range(height) for j in range(width)]
    bodies = []
    for rows in (ROWS, 1):
        body = _outputs(rows) + [f"B{i} = P[p0 + (y + {i}) * sp :]" for i in range(height + rows - 1)]
        body += ["for x in range(nx):"]
        if add:
            body += [f"    a{r} = W{r}[x]" for r in range(rows)]
        for i in range(height + rows - 1):
            for j in range(width):
                body.append(f"    v = B{i}[x + {j}]")
                for r in range(rows):
                    if 0 <= i - r < height:
                        first = not add and i == r and j == 0
                        body.append(f"    a{r} {'=' if first else '+='} v * k{i - r}_{j}")
        body += [f"    W{r}[x] = a{r}" for r in range(rows)]
        body += ["    flag += " + " + ".join(f"ZERO * a{r}" for r in range(rows))]
        bodies.append((rows, body))
    return _assemble(setup, bodies)


def rows_source(taps: int, add: bool, at_once: int) -> str:
    """Loop for any 2-D kernel of at least `taps` columns, `taps` weights of a row at a time.

    ``k`` has ``at_once - 1`` rows of zeros above and below, so that a pair of result rows can share a row of samples,
    and groups of `taps` columns; the last group ends at the kernel's `width` and has zeros where it overlaps the one
    before, so that no sample outside the window is read.
    """
    setup = [f"    groups = k.shape[1] // {taps}", f"    height = k.shape[0] - {2 * (at_once - 1)}"]
    bodies = []
    for count in dict.fromkeys((at_once, 1)):
        body = _outputs(count)
        if not add:
            body += ["for x in range(nx):", *(f"    W{r}[x] = ZERO" for r in range(count))]
        body += [f"for i in range(height + {count - 1}):", "    for g in range(groups):", f"        c = g * {taps}"]
        body += [f"        B = P[p0 + (y + i) * sp + min(c, width - {taps}) :]"]
        body += [f"        k{r}_{u} = k[i - {r} + {at_once - 1}, c + {u}]" for r in range(count) for u in range(taps)]
        body += ["        for x in range(nx):", *(f"            v{u} = B[x + {u}]" for u in range(taps))]
        for r in range(count):
            body.append(f"            W{r}[x] += " + " + ".join(f"v{u} * k{r}_{u}" for u in range(taps)))
        bodies.append((count, body + _check(count)))
    return _assemble(setup, bodies)


def columns_source(taps: int, add: bool, at_once: int) -> str:
    """Loop for a 1-D kernel of at least `taps` weights along columns, in groups like those of `rows_source`."""
    setup = [f"    groups = k.size // {taps}"]
    bodies = []
    for count in (at_once, 1):
        body = _outputs(count)
        if not add:
            body += ["for x in range(nx):", *(f"    W{r}[x] = ZERO" for r in range(count))]
        body += ["for g in range(groups):", f"    c = g * {taps}"]
        body += [f"    s = min(c, width - {taps})"]
        body += [f"    B{i} = P[p0 + (y + s + {i}) * sp :]" for i in range(taps + count - 1)]
        body += [f"    k{u} = k[c + {u}]" for u in range(taps)]
        body += ["    for x in range(nx):", *(f"        v{i} = B{i}[x]" for i in range(taps + count - 1))]
        for r in range(count):
            body.append(f"        W{r}[x] += " + " + ".join(f"v{r + u} * k{u}" for u in range(taps)))
        bodies.append((count, body + _check(count)))
    return _assemble(setup, bodies)


def box_columns(add: bool) -> str:
    """Loop for a constant 1-D kernel along columns: one running sum per column, in double precision."""
    lines = ["def f(P, k, out, p0, o0, ny, nx, sp, so, width):", "    flag = ZERO", "    c = zeros(nx, float64)"]
    lines += ["    for i in range(width - 1):", "        B = P[p0 + i * sp :]", "        for x in range(nx):"]
    lines += ["            c[x] += B[x]", "    w = k[0]", "    for y in range(ny):"]
    lines += [
        "        A = P[p0 + (y + width - 1) * sp :]",
        "        B = P[p0 + y * sp :]",
        "        W0 = out[o0 + y * so :]",
    ]
    lines += [
        "        for x in range(nx):",
        "            s = c[x] + A[x]",
        f"            W0[x] {'+=' if add else '='} s * w",
    ]
    lines += ["            c[x] = s - B[x]", *(f"        {line}" for line in _check(1)), "    return flag"]
    return "\n".join(lines)


def box_rows(add: bool, at_once: int = 8) -> str:
    """Loop for a constant kernel along rows: running sums of several rows interleaved, to hide their latency."""
    bodies = []
    for count in (at_once, 1):
        body = _outputs(count) + [f"B{r} = P[p0 + (y + {r}) * sp :]" for r in range(count)]
        body += [f"s{r} = float64(0)" for r in range(count)]
        body += ["for x in range(width - 1):", *(f"    s{r} += B{r}[x]" for r in range(count)), "for x in range(nx):"]
        for r in range(count):
            body += [f"    s{r} += B{r}[x + width - 1]", f"    W{r}[x] {'+=' if add else '='} s{r} * w"]
            body += [f"    s{r} -= B{r}[x]"]
        bodies.append((count, body + _check(count)))
    return _assemble(["    w = k[0, 0]"], bodies)


def banded(taps: int, at_once: int) -> str:
    """Loop for a band matrix along the columns of images that begin at `starts`.

    Result row ``y`` is the sum over ``t`` of row ``lows[y // at_once] + t`` of the image with the weights
    ``k[..., t, y % at_once]``, which repeat. `rows` are the flat indices of an image's rows relative to its first; -1
    is a row of constants, `Z`. The number of weights is a multiple of `taps`. Results begin at `outs`, with a row
    stride of ``so``; ``nx`` columns from ``x`` on are computed.
    """
    lines = ["def f(P, k, out, rows, lows, starts, outs, Z, ny, so, x, nx):", "    flag = ZERO"]
    lines += ["    for i in range(starts.size):", "        p, o, y = starts[i] + x, outs[i] + x, 0"]
    for count in (at_once, 1):
        every = list(range(count))
        body = [f"g = y // {at_once}", f"first = y % {at_once}", "K = k[g % k.shape[0]]"]
        body += [f"W{r} = out[o + (y + {r}) * so :]" for r in every]
        body += ["for j in range(nx):", *(f"    W{r}[j] = ZERO" for r in every)]
        body += [f"for c in range(0, K.shape[0], {taps}):"]
        for u in range(taps):
            body += [f"    row = rows[lows[g] + c + {u}]", f"    B{u} = Z if row < 0 else P[p + row :]"]
        body += [f"    k{r}_{u} = K[c + {u}, first + {r}]" for r in every for u in range(taps)]
        body += ["    for j in range(nx):", *(f"        v{u} = TYPE(B{u}[j])" for u in range(taps))]
        body += [f"        W{r}[j] += " + " + ".join(f"v{u} * k{r}_{u}" for u in range(taps)) for r in every]
        body += ["for j in range(nx):", "    flag += " + " + ".join(f"ZERO * W{r}[j]" for r in every)]
        lines += [f"        while y + {count} <= ny:", *(f"            {line}" for line in body)]
        lines += [f"            y += {count}"]
    return "\n".join([*lines, "    return flag"])
