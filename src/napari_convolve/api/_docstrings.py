"""Docstring entries that public functions share, each written once: parameters, results, errors."""

from __future__ import annotations

from .._docstrings import SharedTexts

documented = SharedTexts("""
image : array_like
    Image of numbers with at least one dimension; never modified.
real.image : array_like
    Image of real numbers with at least one dimension; never modified.
kernel : Kernel or array_like
    Weights, with at most as many dimensions as the image.
psf : Kernel or array_like
    Point spread function, its centre at `Kernel.center` (``N // 2`` by default); no larger than the image. It is
    divided by its sum. With as many dimensions as the image and fewer `axes`, it holds one PSF per batch item.
background : float
    Constant background of the image that is not part of the object, in grey levels.
edges : {"extend", "periodic"}
    Extend the image smoothly on a larger grid, so that opposite edges do not wrap around, or treat it as one period.
object.edges : {"extend", "periodic"}
    Let the object extend beyond the image by the support of the PSF, or treat the image as one period.
hann.edges : {"extend", "periodic"}
    ``"periodic"`` treats the image as one period; ``"extend"`` multiplies it with a Hann window.
axes : int, tuple of int, optional
    Axes that the kernel acts on; by default the last ``kernel.ndim``. All others are batch axes (time, channel).
psf.axes : int, tuple of int, optional
    Axes that the PSF acts on; by default the last ``psf.ndim``. All others are batch axes (time, channel).
all.axes : int, tuple of int, optional
    Axes to act on; all by default. All others are batch axes (time, channel).
spacing : float, sequence of float, optional
    Distance between neighbouring samples along each of `axes`; 1 by default. Frequencies are in cycles per its unit.
image.spacing : float, sequence of float, optional
    Pixel size of the image along each axis of the PSF.
units : str, optional
    Unit of `spacing`, such as ``"um"``.
psf.units : str, optional
    Unit of `spacing`, such as ``"um"``; by default that of the PSF.
boundary : {"reflect", "mirror", "nearest", "wrap", "constant"}
    How samples outside the image are defined: scipy.ndimage's names and meanings.
cval : float
    Value of all samples outside the image, for ``boundary="constant"``.
shape : {"same", "full", "valid"}
    Size of the result: that of the image, N + K - 1 (more samples on all sides by the boundary rule), or N - K + 1.
origin : int, tuple of int
    Shift of the kernel's centre in samples, as in scipy.ndimage; 0 for ``full`` and ``valid``.
mask : array of bool, optional
    True where a sample is valid; the others are left out by normalised convolution. Broadcast against the image.
filled.mask : array of bool, optional
    True where a sample is valid; the others are first filled by normalised smoothing. Broadcast against the image.
ignored.mask : array of bool, optional
    True where a sample is valid; the others have no influence. Broadcast against the image.
nan : {"propagate", "omit"}
    Whether a NaN or infinite sample makes every window that contains it NaN, or is left out like a masked one.
raise.nan : {"raise", "omit"}
    Whether a NaN or infinite sample is an error, or is treated like a masked one.
intermediate : callable, optional
    ``intermediate(iteration, object)``, called after every iteration; returning True stops and keeps this object. Its
    array may be reused by the next iteration, so copy it to keep it.
dtype : dtype, optional
    Data type of the result; by default float32 for bool, 8 and 16 bit integers, float16 and float32, else float64;
    complex when an input is complex. Results of an integer type are rounded and saturated, never wrapped.
real.dtype : dtype, optional
    Data type of the result; by default float32 for bool, 8 and 16 bit integers, float16 and float32, else float64.
    Results of an integer type are rounded and saturated, never wrapped.
method : {"auto", "direct", "separable", "multirate", "fft", "overlap-save"} or Plan
    Algorithm; all give the same result up to rounding, and the `Plan` of an earlier call gives the same bits.
    "multirate" is for Gaussians of σ 8 and more, truncated at 5 σ or later, in single precision: its kernel deviates by
    up to 3e-6 of its sum along each of at most two axes.
backend : {"auto", "numpy", "cupy"}
    Array library, and with it the device, that computes; "auto" takes the fastest one by the plan.
workers : int, optional
    Number of CPU threads; all by default. The result does not depend on it.
max_memory : int, str, optional
    Limit of the memory beyond input and output, in bytes or as ``"4 GiB"``; by default a safe share of what is free.
progress : callable, optional
    ``progress(done, total)``; raising `Cancelled` in it stops the operation.
report : callable, optional
    Called once with the `Report` of the operation: method, backend, tiles, time, assumptions.
same.array
    Array of the image's shape and library.
TypeError
    When an argument has the wrong type.
BackendUnavailable
    When the backend is known but cannot be used on this machine.
MemoryError
    Before the work starts, when it does not fit into `max_memory` or into the free memory.
""").fill
