"""Source text of the drivers, which call the inner loops of `_codegen` for a part of an image, block by block.

A block fits into a core's cache: its samples are copied to a work array in the dtype of the computation, with the
boundary rule applied, so that the loops need no special case at borders. The samples are found by tables of flat
indices in `P`: of each plane's first sample (`planes`), of each row's within its plane (`rows`), and of each column's
within its row (`cols`, which rise by one from ``a`` to ``b``); -1 is the constant `cval`. `outs` are the flat indices
in `out` of the planes of the result, with a row stride of ``so``.
"""

from __future__ import annotations

_BLOCKS = """
    halo, wide = rows.size - ny, cols.size - nx
    stride = tx + wide
    flag = ZERO
    for y in range(0, ny, ty):
        h = min(ty, ny - y)
        for x in range(0, nx, tx):
            w = min(tx, nx - x)
"""

LOAD = """
def f(P, S, base, rows, y, ny, cols, x, nx, a, b, s0, stride, cval):
    lo = min(max(a - x, 0), nx)
    hi = max(min(b - x, nx), lo)
    for r in range(ny):
        T = S[s0 + r * stride :]
        row = rows[y + r]
        if base < 0 or row < 0:
            for j in range(nx):
                T[j] = cval
            continue
        p = base + row
        for j in range(lo):
            T[j] = cval if cols[x + j] < 0 else P[p + cols[x + j]]
        if lo < hi:
            B = P[p + cols[x + lo] :]
            U = T[lo:]
            for j in range(hi - lo):
                U[j] = B[j]
        for j in range(hi, nx):
            T[j] = cval if cols[x + j] < 0 else P[p + cols[x + j]]
    return ZERO
"""

#: A kernel ``k[depth, ...]`` of planes; a ring buffer holds the samples of `depth` planes.
PLANES = """
def f(P, k, out, planes, rows, cols, outs, S, a, b, ny, nx, so, ty, tx, cval):
    depth = k.shape[0]
    halo, wide = rows.size - ny, cols.size - nx
    stride = tx + wide
    size = (ty + halo) * stride
    flag = ZERO
    for y in range(0, ny, ty):
        h = min(ty, ny - y)
        left, right = 0, 0
{own}
        x = 0
        while x < nx:
            if left <= x < right:
                x = right
                continue
            w = min(tx, (left if x < left else nx) - x)
            for z in range(planes.size):
                load(P, S, planes[z], rows, y, h + halo, cols, x, w + wide, a, b, z % depth * size, stride, cval)
                first = z - depth + 1
                if first >= 0:
                    o = outs[first] + y * so + x
                    flag += set_(S, k[0], out, first % depth * size, o, h, w, stride, so, wide + 1)
                    for i in range(1, depth):
                        flag += add_(S, k[i], out, (first + i) % depth * size, o, h, w, stride, so, wide + 1)
            x += w
    return flag
"""

#: Part of `PLANES` for samples in the dtype of the computation: windows inside the image are read without a copy.
OWN = """
        step = rows[y + h + halo - 1] - rows[y]
        even = h + halo > 1 and rows[y] >= 0 and step == (h + halo - 1) * (rows[y + 1] - rows[y]) and step > 0
        for z in range(planes.size):
            even = even and depth == 1 and planes[z] >= 0
        if even:
            left = min(a, nx)
            right = max(min(b - wide, nx), left)
        for z in range(planes.size if left < right else 0):
            p = planes[z] + rows[y] + cols[left]
            o = outs[z] + y * so + left
            flag += set_(P, k[0], out, p, o, h, right - left, rows[y + 1] - rows[y], so, wide + 1)
"""

#: Separable terms ``ky[term, ...]``, ``kx[term, ...]``: down the columns into `M`, then along the rows.
LINES = (
    """
def f(P, ky, kx, out, planes, rows, cols, outs, S, M, a, b, ny, nx, so, ty, tx, cval):
"""
    + _BLOCKS
    + """
            for z in range(planes.size):
                load(P, S, planes[z], rows, y, h + halo, cols, x, w + wide, a, b, 0, stride, cval)
                o = outs[z] + y * so + x
                columns(S, ky[0], M, 0, 0, h, w + wide, stride, stride, halo + 1)
                flag += set_(M, kx[0], out, 0, o, h, w, stride, so, wide + 1)
                for t in range(1, ky.shape[0]):
                    columns(S, ky[t], M, 0, 0, h, w + wide, stride, stride, halo + 1)
                    flag += add_(M, kx[t], out, 0, o, h, w, stride, so, wide + 1)
    return flag
"""
)

#: One separable term of a volume: planes are computed as in `LINES` into `R`, which holds ``tz + depth - 1`` of them;
#: when it is full, the sums across planes are computed, and the last ``depth - 1`` planes are kept for the next ones.
VOLUME = (
    """
def f(P, kz, ky, kx, out, planes, rows, cols, outs, S, M, R, a, b, ny, nx, so, sz, ty, tx, tz, cval):
    depth = planes.size - outs.size + 1
"""
    + _BLOCKS
    + """
            held, done = 0, 0
            for z in range(planes.size):
                load(P, S, planes[z], rows, y, h + halo, cols, x, w + wide, a, b, 0, stride, cval)
                columns(S, ky, M, 0, 0, h, w + wide, stride, stride, halo + 1)
                set_(M, kx, R, 0, held * ty * tx, h, w, stride, w, wide + 1)
                held += 1
                if held == tz + depth - 1 or z == planes.size - 1:
                    n = held - depth + 1
                    o = outs[done] + y * so + x
                    if so == w:
                        flag += across(R, kz, out, 0, o, n, h * w, ty * tx, sz, depth)
                    else:
                        for r in range(h):
                            flag += across(R, kz, out, r * w, o + r * so, n, w, ty * tx, sz, depth)
                    done += n
                    held = depth - 1
                    for i in range(held):
                        A = R[(n + i) * ty * tx :]
                        B = R[i * ty * tx :]
                        for j in range(h * w):
                            B[j] = A[j]
    return flag
"""
)
