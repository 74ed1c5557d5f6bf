"""Weighted fit of an image-wide wave, which uses the power of the content beside its frequency.

A patch gives the amplitude of the wave plus that of its own content. The content's power is measured a little beside
the frequency, where the wave does not leak, and patches are weighted by its inverse, so that flat ones dominate and
edges hardly count. With the unknown power of each patch integrated out, the amplitude is the location of a t
distribution, found by iterative reweighting; its degrees of freedom are the frequencies measured beside. The length of
the patches is the one with the smallest standard error.

The flattest parts limit the precision: content that covers the whole image at exactly this frequency, such as grain,
cannot be separated from the wave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..._arrays import COMPLEX_OF, Array, dtype_name
from ...backends import Backend
from ..fourier.sinusoids import Wave
from .robust_wave_fit import WaveFit, hann_patches, is_own_opposite, patch_lengths, weighted_solution

#: Frequencies beside the wave's, in bins of a patch, where its leakage under a Hann window is 0.
_BESIDE = (-2, 0, 2)
#: Degrees of freedom of the power beside: less than the number of frequencies, which overlap and differ in power.
_DEGREES = 4.0
#: Lower bound of a patch's power, as a share of the median.
_LEAST = 1e-3
#: Along each axis: variance of the mean of patches that overlap by half, over that of independent ones.
_OVERLAP = 4 / 3
#: Along axes with shorter patches, no power beside the frequency is measured.
_SHORTEST = 8
#: Largest change of a refined frequency, in bins of the image.
_OFF = 0.5
_STEPS, _SETTLED = 60, 1e-6


def weigh(block: Array, fit: WaveFit, backend: Backend, *, refine: bool) -> WaveFit:
    """Amplitude and standard error of a wave whose frequency is known, or approximately known with `refine`."""
    shape, place = tuple(block.shape), np.array(fit.wave.place)
    real = not dtype_name(block.dtype).startswith("complex")
    single = real and is_own_opposite(place, shape)
    # where a wave equals its negative frequency, the amplitude is that of both
    start = complex(fit.wave.amplitude) * (2 if single else 1)
    best: WaveFit | None = None
    for lengths in patch_lengths(shape, place, real and not single, few=False):
        if max(lengths) < _SHORTEST:
            continue
        found = _in_patches(block, place, lengths, start, backend, refine and not single)
        if best is None or found.error < best.error:
            best = found
    if best is None:
        return fit
    return best.halved() if single else best


def _in_patches(
    block: Array, place: np.ndarray, lengths: Sequence[int], start: complex, backend: Backend, refine: bool
) -> WaveFit:
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
    return WaveFit(Wave(tuple(float(p) for p in place), turned), error, len(z))


def _read(
    block: Array, place: np.ndarray, lengths: Sequence[int], backend: Backend
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Amplitudes in patches at a frequency, mean power at the frequencies beside it, and positions of the patches."""
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
    own = len(flat) // 2  # the wave's frequency along all axes
    return flat[own], np.mean(np.abs(np.delete(flat, own, axis=0)) ** 2, axis=0), lines
