"""Fit sinusoids to the peaks of a spectrum, with frequencies between the bins.

A wave of frequency ``(k + d) / n`` leaks into the bins around k in a known way. Frequency, amplitude and phase are
those whose leakage, with that of the negative frequency for a real signal, is closest to the bins around a peak
(nonlinear least squares by Gauss and Newton, exact without noise). Waves are subtracted one after another, the largest
first, and then each is fitted again with all others subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._arrays import along_axis
from .tapers import leakage

#: Bins fitted on each side of a peak, most steps of a fit, most rounds of fitting all waves again, and the relative
#: change of the error (or of the largest wave) at which to stop.
_RADIUS, _STEPS, _AGAIN, _SETTLED = 2, 12, 6, 1e-6
#: Waves this close to frequency zero (bins) are fitted together with the mean.
_NEAR = 5
#: Residual of the fits, as a share of the largest peak.
_LEFT = 1e-11
#: Frequencies within this many bins of 0 have no sign.
_UNSIGNED = 0.05


@dataclass(frozen=True)
class Wave:
    """``amplitude * exp(2 pi i place . t / n)``, plus its conjugate for a real signal; `place` is in signed bins."""

    place: tuple[float, ...]
    amplitude: complex


@dataclass(frozen=True)
class _Model:
    """Leakage of waves into the bins of a grid."""

    shape: tuple[int, ...]
    window: str | None
    real: bool

    def one(self, place: Sequence[float] | np.ndarray, bins: Sequence[np.ndarray]) -> np.ndarray:
        """A complex wave of amplitude 1 in the bins (one array for each axis)."""
        total = np.ones((1,) * len(bins), np.complex128)
        for axis, (n, p, b) in enumerate(zip(self.shape, place, bins, strict=True)):
            total = total * along_axis(leakage(self.window, n, p - b), axis, len(bins))
        return total

    def reading(self, wave: Wave, bins: Sequence[np.ndarray]) -> np.ndarray:
        """Values of the bins for a wave."""
        found = wave.amplitude * self.one(wave.place, bins)
        if self.real:
            found = found + np.conj(wave.amplitude) * self.one([-p for p in wave.place], bins)
        return found

    def fit(self, target: np.ndarray, bins: Sequence[np.ndarray], wave: Wave, mean: bool) -> Wave:
        """The wave closest to the target, from a first guess; with `mean`, a constant is fitted too."""
        place = np.array(wave.place)
        free = [axis for axis, n in enumerate(self.shape) if n >= 4]  # shorter axes do not determine it
        constant = self._columns(np.zeros(len(place)), bins)[: 1 if self.real else 2] if mean else []
        best, least = wave, np.inf
        for _ in range(_STEPS):
            columns = [*self._columns(place, bins), *constant]
            solved = _real_solution(columns, target)
            rest = target - sum(x * c for x, c in zip(solved, columns, strict=True))
            error = float(np.linalg.norm(rest))
            if error >= least * (1 - _SETTLED):
                break
            best, least = Wave(tuple(float(p) for p in place), complex(solved[0], solved[1])), error
            slopes = []
            for axis in free:
                step = np.zeros(len(place))
                step[axis] = 1e-5
                up, down = (self.reading(Wave(tuple(place + s), best.amplitude), bins) for s in (step, -step))
                slopes.append((up - down) / 2e-5)
            change = _real_solution([*columns, *slopes], rest)[len(columns) :]
            place[free] += np.clip(change, -0.5, 0.5)
            place = np.clip(place, np.subtract(wave.place, 1), np.add(wave.place, 1))
        return best

    def _columns(self, place: Sequence[float] | np.ndarray, bins: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Values of the bins for amplitudes 1 and i."""
        plus = self.one(place, bins)
        if not self.real:
            return [plus, 1j * plus]
        minus = self.one([-p for p in place], bins)
        return [plus + minus, 1j * (plus - minus)]


def _real_solution(columns: Sequence[np.ndarray], target: np.ndarray) -> np.ndarray:
    matrix = np.stack([c.ravel() for c in columns], axis=1)
    both = np.concatenate([matrix.real, matrix.imag])
    right = np.concatenate([target.real.ravel(), target.imag.ravel()])
    return np.asarray(np.linalg.lstsq(both, right, rcond=1e-10)[0])


def wave_at(values: np.ndarray, window: str | None, real: bool, at: Sequence[int]) -> Wave:
    """The wave of one peak (signed bins) of a spectrum like that of `find_waves`, ignoring all others."""
    around = _around(values.shape, at)
    target = values[np.ix_(*(np.mod(a, n).astype(int) for a, n in zip(around, values.shape, strict=True)))]
    place = tuple(int(b) % n for b, n in zip(at, values.shape, strict=True))
    start = Wave(tuple(float(b) for b in at), complex(values[place]))
    near = max(map(abs, start.place)) <= _NEAR
    found = _Model(values.shape, window, real).fit(target, around, start, near)
    return canonical(found, _UNSIGNED) if real else found


def find_waves(values: np.ndarray, window: str | None, real: bool, count: int, rounding: float) -> list[Wave]:
    """The `count` largest waves of a spectrum, largest first; fewer when only rounding is left.

    `values` are on the fftn grid, divided by the sum of the window; `rounding` is a share of the largest value.
    """
    model = _Model(values.shape, window, real)
    bins = [_signed(n) for n in values.shape]
    if real:  # the other half is redundant
        bins[-1] = np.arange(values.shape[-1] // 2 + 1)
    half = values[..., : len(bins[-1])]
    zero = (0.0,) * values.ndim
    mean = Wave(zero, complex(values.flat[0]) / (2 if real else 1))
    rest = half - model.reading(mean, bins)
    least = max(_LEFT, rounding) * float(np.abs(half).max())
    found: list[Wave] = []
    while len(found) < count:
        at = np.unravel_index(int(np.argmax(np.abs(rest))), rest.shape)
        if not float(np.abs(rest[at])) > least:
            break
        if all(i == 0 for i in at):  # residual of the mean, after large waves were subtracted
            again = Wave(zero, complex(rest[at]) / (2 if real else 1))
            mean = Wave(zero, mean.amplitude + again.amplitude)
            rest = rest - model.reading(again, bins)
            rest[at] = 0.0
            continue
        wave = _at(model, rest, bins, at)
        found.append(wave)
        rest = rest - model.reading(wave, bins)
    for _ in range(_AGAIN):
        before = found
        mean, found = _fit_again(model, values, mean, list(found))
        largest = max((abs(wave.amplitude) for wave in found), default=0.0)
        if all(abs(a.amplitude - b.amplitude) <= _SETTLED * largest for a, b in zip(found, before, strict=True)):
            break
    found = [canonical(wave, _UNSIGNED) if real else wave for wave in found]
    return sorted(found, key=lambda wave: -abs(wave.amplitude))


def _at(model: _Model, rest: np.ndarray, bins: Sequence[np.ndarray], at: Sequence[np.intp]) -> Wave:
    """The wave of a peak of the residual (half) spectrum."""
    start = tuple(float(b[i]) for b, i in zip(bins, at, strict=True))
    inside = _around(model.shape, start)
    if model.real:  # stay within the half spectrum
        inside[-1] = inside[-1][(inside[-1] >= 0) & (inside[-1] <= model.shape[-1] // 2)]
    target = rest[np.ix_(*(np.mod(a, n).astype(int) for a, n in zip(inside, model.shape, strict=True)))]
    if model.real and all((2 * p) % n == 0 for p, n in zip(start, model.shape, strict=True)):
        # it equals its negative frequency: both coincide, and no slope says in which direction they separate
        start = tuple(p - 0.3 if n >= 4 else p for p, n in zip(start, model.shape, strict=True))
    first = Wave(start, complex(rest[tuple(at)]))
    return model.fit(target, inside, first, max(map(abs, start)) <= _NEAR)


def _fit_again(model: _Model, values: np.ndarray, mean: Wave, found: list[Wave]) -> tuple[Wave, list[Wave]]:
    """Every wave and the mean, fitted to the residual of the others."""
    zero = [np.zeros(1)] * values.ndim
    for i, wave in enumerate(found):
        around = _around(model.shape, wave.place)
        target = values[np.ix_(*(np.mod(a, n).astype(int) for a, n in zip(around, model.shape, strict=True)))]
        near = max(map(abs, wave.place)) <= _NEAR
        for other in (*([] if near else [mean]), *found[:i], *found[i + 1 :]):
            target = target - model.reading(other, around)
        found[i] = model.fit(target, around, wave, near)
    left = complex(values.flat[0]) - sum(complex(model.reading(wave, zero).flat[0]) for wave in found)
    return Wave(mean.place, left / (2 if model.real else 1)), found


def _around(shape: Sequence[int], place: Sequence[float]) -> list[np.ndarray]:
    """The bins around a place, each one once."""
    found = []
    for n, p in zip(shape, place, strict=True):
        radius = min(_RADIUS, (n - 1) // 2)
        found.append(np.round(p) + np.arange(-radius, radius + 1))
    return found


def _signed(n: int) -> np.ndarray:
    return np.round(np.fft.fftfreq(n, 1 / n))


def canonical(wave: Wave, unsigned: float) -> Wave:
    """Of the two frequencies of a real wave, the one positive along the last axis where it exceeds `unsigned`."""
    for p in reversed(wave.place):
        if abs(p) > unsigned:
            if p < 0:
                return Wave(tuple(-q for q in wave.place), wave.amplitude.conjugate())
            break
    return wave
