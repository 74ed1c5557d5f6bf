"""The amplitude of a steady wave, as exactly as the quiet parts of an image tell it.

A patch reads the wave plus what it shows itself at that frequency. What it shows a little beside the frequency, where
the wave does not reach, tells how much that may be: patches count by the inverse of it, so that flat ones decide and
edges hardly matter. Each patch's power is its own unknown; with it integrated out the amplitude is the location of a
t distribution with as many degrees of freedom as frequencies beside were read, found by iterated weighting. The length
of the patches is the one with the smallest standard error.

Nothing can do better than the quietest parts allow: what an image shows everywhere at exactly this frequency, its
grain above all, is not told apart from the wave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..._arrays import COMPLEX_OF, Array, dtype_name
from ...backends import Backend
from ..fourier.sinusoids import Wave
from .robust_wave_fit import Steady, hann_patches, is_own_opposite, patch_lengths, weighted_solution

#: Frequencies beside the wave's, in bins of a patch: a wave reads as 0 there under a Hann window.
_BESIDE = (-2, 0, 2)
#: Degrees of freedom of the power beside: the frequencies read overlap, and differ in power themselves.
_DEGREES = 4.0
#: No patch is taken for quieter than this share of the median.
_LEAST = 1e-3
#: Along each axis: variance of the mean of patches that overlap by half, over that of independent ones.
_OVERLAP = 4 / 3
#: Axes with shorter patches are read at the frequency alone.
_SHORTEST = 8
#: How far, in bins of the image, a frequency that is to be refined may still be off.
_OFF = 0.5
_STEPS, _SETTLED = 60, 1e-6


def weigh(block: Array, fit: Steady, backend: Backend, *, refine: bool) -> Steady:
    """The amplitude of a wave whose frequency is known, or nearly with `refine`, with its standard error."""
    shape, place = tuple(block.shape), np.array(fit.wave.place)
    real = not dtype_name(block.dtype).startswith("complex")
    single = real and is_own_opposite(place, shape)
    # a wave that is its own opposite is read twice at once
    start = complex(fit.wave.amplitude) * (2 if single else 1)
    best: Steady | None = None
    for lengths in patch_lengths(shape, place, real and not single, few=False):
        if max(lengths) < _SHORTEST:
            continue
        found = _in_patches(block, place, lengths, start, backend, refine and not single)
        if best is None or found.error < best.error:
            best = found
    if best is None:
        return fit
    if single:
        best = Steady(Wave(best.wave.place, complex(best.wave.amplitude.real / 2)), best.error / 2, best.patches)
    return best


def _in_patches(
    block: Array, place: np.ndarray, lengths: Sequence[int], start: complex, backend: Backend, refine: bool
) -> Steady:
    amplitudes, beside, lines = _read(block, place, lengths, backend)
    count = amplitudes.shape
    middles = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, len(lines))
    z, beside = amplitudes.ravel(), beside.ravel()
    middle = (np.array(block.shape) - 1) / 2
    amplitude = start * np.exp(2j * np.pi * float(place @ middle))
    power = beside + _LEAST * float(np.median(beside)) + np.finfo(float).tiny
    free = [axis for axis, n in enumerate(count) if refine and n > 2]
    change, lead = np.zeros(len(place)), np.ones(len(z), np.complex128)
    for _ in range(_STEPS):
        rest = z - amplitude * lead
        weights = (_DEGREES + 1) / (_DEGREES * power + np.abs(rest) ** 2)
        columns = [lead, 1j * lead, *(2j * np.pi * amplitude * lead * middles[:, a] for a in free)]
        step = weighted_solution(columns, rest, weights)
        amplitude += complex(step[0], step[1])
        if free:
            most = _OFF / np.array(block.shape)[free]
            change[free] = np.clip(change[free] + step[2:], -most, most)
            lead = np.exp(2j * np.pi * middles @ change)
        if abs(complex(step[0], step[1])) <= _SETTLED * abs(amplitude):
            break
    overlap = math.prod(_OVERLAP if n > 1 else 1.0 for n in count)
    error = math.sqrt(overlap / float(weights.sum()))
    place = place + change
    turned = complex(amplitude * np.exp(-2j * np.pi * float(place @ middle)))
    return Steady(Wave(tuple(float(p) for p in place), turned), error, len(z))


def _read(
    block: Array, place: np.ndarray, lengths: Sequence[int], backend: Backend
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Amplitudes in patches at a frequency, the mean power at those beside it, and where the patches are."""
    xp, dtype = backend.xp, dtype_name(block.dtype)
    kind = COMPLEX_OF.get(dtype, dtype)
    values = backend.astype(block - xp.mean(block), kind)
    offsets = [_BESIDE if length >= _SHORTEST else (0,) for length in lengths]
    lines = []
    for axis, (n, length, p) in enumerate(zip(block.shape, lengths, place, strict=True)):
        read_at = [hann_patches(n, length, p + b / length) for b in offsets[axis]]
        lines.append(read_at[0][1])
        weights = np.concatenate([line for line, _ in read_at])
        values = xp.tensordot(backend.astype(backend.to_device(weights), kind), values, axes=((1,), (axis,)))
        values = xp.moveaxis(values, 0, axis)
    read = np.asarray(backend.to_host(values)).astype(np.complex128)
    split = [part for n, o in zip(read.shape, offsets, strict=True) for part in (len(o), n // len(o))]
    apart = np.moveaxis(read.reshape(split), range(0, 2 * block.ndim, 2), range(block.ndim))
    flat = apart.reshape(-1, *apart.shape[block.ndim :])
    own = len(flat) // 2  # where no axis is off
    return flat[own], np.mean(np.abs(np.delete(flat, own, axis=0)) ** 2, axis=0), lines
