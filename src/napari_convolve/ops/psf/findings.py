"""Rules that find problems of a PSF, each with severity and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .centre import OFF, excess, grain, off_center, pedestal
from .check_context import SEVERITIES, Case, Finding, PsfCheck, damage_of_shift, has_spot
from .spot_geometry import fwhm_along_axes, line_width

#: Tolerances: negative values, light on a face, a second spot, and noise, relative to the peak.
_NEGATIVE, _CUT, _SECOND, _GRAIN = 1e-6, 0.12, 0.5, 0.03
#: Width in samples below which a PSF is sampled too coarsely.
_COARSE = 1.75


def not_finite(case: Case) -> Iterator[Finding]:
    count = int(np.count_nonzero(~np.isfinite(case.raw)))
    if count:
        few = count <= case.raw.size // 10
        what = f"{count} of {case.raw.size} values are NaN or infinite"
        fix = "they are filled from their neighbours" if few else "too many to be filled: measure or make it again"
        yield Finding("not finite", "error", what, fix, few)


def empty(case: Case) -> Iterator[Finding]:
    if not np.any(case.values):
        yield Finding("empty", "error", "all values are 0", "choose another PSF", False)
    elif case.values.sum() <= 0:
        what = f"the values sum to {case.values.sum():.3g}: this is no light"
        yield Finding("no light", "error", what, "choose another PSF", False)


def constant(case: Case) -> Iterator[Finding]:
    top = case.values.max()
    if top > 0 and case.values.size > 1 and top - case.values.min() <= 1e-9 * top:
        yield Finding("flat", "error", "all values are the same: there is no point to see", "choose another PSF", False)


def negative(case: Case) -> Iterator[Finding]:
    low = float(case.values.min())
    if low < -_NEGATIVE * float(np.abs(case.values).max()):
        count = int(np.count_nonzero(case.values < 0))
        what = f"{count} values are negative, down to {low:.3g}: light is not"
        yield Finding("negative", "error", what, "they are set to 0")


def total(case: Case) -> Iterator[Finding]:
    found = float(case.values.sum())
    if found > 0 and abs(found - 1) > 1e-3:
        yield Finding("sum", "note", f"the values sum to {found:.6g}, not to 1", "they are divided by their sum")


def shifted(case: Case) -> Iterator[Finding]:
    if not has_spot(case):
        return
    shift = off_center(case.values, case.center)
    if max(abs(s) for s in shift) <= OFF:
        return
    light = np.maximum(case.values - max(pedestal(case.values), 0.0), 0)
    kept = damage_of_shift(light, shift)
    words = ", ".join(f"{round(s, 2) + 0.0:+.2f}" for s in shift)
    what = (
        f"the bright core lies ({words}) px from the centre at {case.center}: results move by as much, and at its "
        f"place a point keeps about {100 * kept:.0f} % of its brightness"
    )
    yield Finding("off centre", "warning", what, "it is moved onto the centre")


def background(case: Case) -> Iterator[Finding]:
    if not has_spot(case):
        return
    level, light = excess(case.values), float(case.values.sum())
    if level > 0:
        share = level * case.values.size / light
        what = f"a background of {level:.3g} makes {100 * share:.0f} % of the sum"
        yield Finding("background", "warning", what, "it is subtracted")


def cut_off(case: Case) -> Iterator[Finding]:
    """Light on a face of the array, without the background."""
    if not has_spot(case):
        return
    from scipy.ndimage import gaussian_filter

    # smoothed, so that one noisy sample on a face does not count
    light = gaussian_filter(case.values - max(pedestal(case.values), 0.0), 0.8)
    cut = []
    for axis, n in enumerate(light.shape):
        if n < 3:
            continue
        faces = max(float(np.take(light, end, axis).max()) for end in (0, -1))
        if faces > _CUT * light.max():
            cut.append(f"{100 * faces / light.max():.0f} % of the peak along axis {axis}")
    if cut:
        what = f"it is cut off where it still has {', '.join(cut)}: the light outside is missing"
        yield Finding("cut off", "warning", what, "make or measure a larger one", False)


def spacing_differs(case: Case) -> Iterator[Finding]:
    if case.spacing is None or case.image_spacing is None or len(case.spacing) != len(case.image_spacing):
        return
    if not np.allclose(case.spacing, case.image_spacing, rtol=0.01):
        have, want = (" x ".join(f"{s:.4g}" for s in row) for row in (case.spacing, case.image_spacing))
        what = f"its pixels are {have} {case.unit}, the image's {want}"
        yield Finding("spacing", "error", what, "it is resampled")


def coarsely_sampled(case: Case) -> Iterator[Finding]:
    """Against the optics when they are known, otherwise by its width."""
    if not has_spot(case):
        return
    if case.nyquist is not None and case.spacing is not None and len(case.nyquist) == len(case.spacing):
        wide = [(a, s / q) for a, (s, q) in enumerate(zip(case.spacing, case.nyquist, strict=True)) if s > 1.15 * q]
        if wide:
            words = ", ".join(f"{ratio:.2g} times along axis {a}" for a, ratio in wide)
            what = f"its pixels are longer than the optics allow (Nyquist): {words}"
            yield Finding("sampling", "warning", what, "take images with smaller pixels", False)
        return
    found = [
        (a, w)
        for a, w in enumerate(fwhm_along_axes(case.values, case.peak))
        if case.values.shape[a] > 3 and w < _COARSE
    ]
    if found:
        words = ", ".join(f"{w:.2g} px along axis {a}" for a, w in found)
        what = f"it is only {words} wide: finer detail than pixels show is lost"
        yield Finding("sampling", "warning", what, "take images with smaller pixels", False)


def too_large(case: Case) -> Iterator[Finding]:
    if case.image_shape is None:
        return
    if len(case.image_shape) != case.values.ndim:
        what = f"it has {case.values.ndim} axes, the image {len(case.image_shape)}"
        yield Finding("dimensions", "error", what, "choose a PSF with fewer axes", False)
        return
    over = [a for a, (n, m) in enumerate(zip(case.values.shape, case.image_shape, strict=True)) if n > m]
    if over:
        what = f"its shape {case.values.shape} exceeds the image's {case.image_shape}"
        yield Finding("too large", "error", what, "it is cropped about its centre")


def several(case: Case) -> Iterator[Finding]:
    """More than one bright spot: separate regions above half of the peak."""
    if not has_spot(case):
        return
    from scipy.ndimage import gaussian_filter, label

    smooth = gaussian_filter(case.values, 0.7)
    level = max(pedestal(case.values), 0.0)
    top = float(smooth.max()) - level
    _, count = label(smooth - level > _SECOND * top, np.ones((3,) * smooth.ndim))
    if count > 1:
        what = f"{count} spots are brighter than half of the peak: it shows more than one point"
        yield Finding("several spots", "warning", what, "measure it on a single bead", False)


def clipped(case: Case) -> Iterator[Finding]:
    """A plateau at the top that is larger than that of a symmetric PSF of even size."""
    if not has_spot(case):
        return
    count = int(np.count_nonzero(case.values == case.values.max()))
    if count > 2**case.values.ndim:
        what = f"{count} values share the maximum: the camera was saturated"
        yield Finding("saturated", "warning", what, "measure it with less light", False)


def noisy(case: Case) -> Iterator[Finding]:
    """Noise of the outermost samples."""
    if not has_spot(case) or case.values.size < 100:
        return
    scatter = grain(case.values)
    if scatter > _GRAIN:
        what = f"its dark parts scatter by {100 * scatter:.0f} % of the peak"
        yield Finding("noise", "warning", what, "average more beads", False)


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    not_finite,
    empty,
    constant,
    negative,
    too_large,
    spacing_differs,
    shifted,
    background,
    cut_off,
    several,
    clipped,
    coarsely_sampled,
    noisy,
    total,
)


def examine(case: Case) -> PsfCheck:
    """Apply all rules."""
    findings = [finding for rule in RULES for finding in rule(case)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    # without a spacing of its own the PSF has that of the image
    steps = case.spacing or case.image_spacing or (1.0,) * case.values.ndim
    wide = [float("nan")] * case.values.ndim
    if has_spot(case):
        light = case.values - max(pedestal(case.values), 0.0)
        near = case.peak
        for axis, step in enumerate(steps):
            line = light[tuple(slice(None) if a == axis else p for a, p in enumerate(near))]
            wide[axis] = step * line_width(line, near[axis])
    return PsfCheck(tuple(findings), tuple(wide), case.unit)
