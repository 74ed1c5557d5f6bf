"""Read TIFF (plain, OME, ImageJ, BigTIFF); damaged or incomplete files are refused."""

from __future__ import annotations

import logging
import math
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import tifffile

from ..backends import get_backend
from ._labeled import FileError, Labeled, canonical_unit, complete_axes

#: Log messages of tifffile about damaged files, of which it returns the readable part, or zeros.
_DAMAGE = re.compile(
    r"corrupt|circular|invalid page offset|invalid offset|invalid value offset|zeroed|missing|"
    r"incorrect Strip|failed to (read|reshape)|out of range"
)
#: Exceptions from decoding a damaged file, besides OSError.
_DECODING_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
#: Labels of tifffile for axes of unknown meaning: "other" and "a sequence of images".
_UNNAMED = ("Q", "I")
_CENTIMETER = 3
_Scale = dict[str, tuple[float, str | None]]


def read_tiff(path: Path) -> Labeled:
    """Read the first image of a TIFF file at full resolution."""
    with _logged_warnings() as warnings:
        try:
            with tifffile.TiffFile(path) as tif:
                image = _read(tif, warnings)
        except (FileError, OSError):
            raise
        except _DECODING_ERRORS as error:
            reason = warnings[0] if warnings else str(error)
            raise FileError(f"{path.name} is not a readable TIFF: {reason}{_hint(error)}") from error
    if damage := next(filter(_DAMAGE.search, warnings), None):
        raise FileError(f"{path.name} is damaged: {damage}")
    return image


def _read(tif: tifffile.TiffFile, warnings: list[str]) -> Labeled:
    planes = len(tif.pages)  # reads the whole chain of pages, which detects truncated and cyclic files
    series = tif.series[0]
    _require_declared_planes(tif, series, planes)
    if damage := next(filter(_DAMAGE.search, warnings), None):
        raise FileError(f"{tif.filename} is damaged: {damage}")
    if series.size == 0:
        raise FileError(f"{tif.filename} holds no pixels: its shape is {series.shape}")
    free = get_backend("numpy").free_bytes()
    if series.nbytes > free:
        raise MemoryError(f"{tif.filename} needs {series.nbytes / 2**30:.3g} GiB, {free / 2**30:.3g} GiB are free")
    data = series.asarray()
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    if data.dtype.kind not in "biufc":
        raise FileError(f"{tif.filename} has pixels of type {data.dtype}; numbers are needed")
    axes, notes = complete_axes([None if label in _UNNAMED else label.lower() for label in series.axes])
    if len(tif.series) > 1:
        notes += (f"the file holds {len(tif.series)} images; the first is used",)
    scale, channels = _metadata(tif)
    return Labeled(
        data,
        axes,
        tuple(scale.get(axis, (1.0, None))[0] for axis in axes),
        tuple(scale.get(axis, (1.0, None))[1] for axis in axes),
        channels=channels,
        alpha=_has_alpha(series, axes),
        notes=notes,
    )


def _require_declared_planes(tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, planes: int) -> None:
    """Refuse an incomplete ImageJ stack, of which tifffile would return the first plane."""
    declared = int((tif.imagej_metadata or {}).get("images", 1))
    page = tif.pages.first
    if declared > 1 and series.size < declared * page.size:
        raise FileError(f"{tif.filename} is damaged: the file declares {declared} planes, {planes} readable")


def _has_alpha(series: tifffile.TiffPageSeries, axes: tuple[str, ...]) -> bool:
    extra = series.keyframe.extrasamples
    return "s" in axes and series.shape[axes.index("s")] in (2, 4) and len(extra) == 1 and int(extra[0]) in (1, 2)


def _metadata(tif: tifffile.TiffFile) -> tuple[_Scale, tuple[str, ...]]:
    """Spacing and unit of each axis where known, and the names of the channels."""
    if tif.is_ome and tif.ome_metadata:
        return _ome(tif.ome_metadata)
    if tif.is_imagej:
        return _imagej(tif, dict(tif.imagej_metadata or {})), ()
    if tif.shaped_metadata:
        described = tif.shaped_metadata[0]
        keys = ("axes", "spacing", "units")
        if all(key in described for key in keys):
            rows = zip(*(described[key] for key in keys), strict=False)
            return {axis.lower(): (_positive(step), canonical_unit(unit)) for axis, step, unit in rows}, ()
    if tif.pages.first.resolutionunit == _CENTIMETER:  # inches are ignored: 72 dpi is a default for printing
        steps = _resolution(tif)
        return {axis: (steps[axis] * 1e4, "um") for axis in steps}, ()
    return {}, ()


def _imagej(tif: tifffile.TiffFile, described: dict[str, Any]) -> _Scale:
    unit = canonical_unit(str(described.get("unit", "")))
    scale: _Scale = {"t": (_positive(described.get("finterval")), "s" if "finterval" in described else None)}
    if unit:
        steps = _resolution(tif)
        scale |= {axis: (step, canonical_unit(described.get(f"{axis}unit")) or unit) for axis, step in steps.items()}
    if "spacing" in described:
        scale["z"] = (_positive(described["spacing"]), canonical_unit(described.get("zunit")) or unit)
    return scale


def _ome(xml: str) -> tuple[_Scale, tuple[str, ...]]:
    pixels = next((node for node in ElementTree.fromstring(xml).iter() if node.tag.endswith("}Pixels")), None)
    if pixels is None:
        return {}, ()
    scale: _Scale = {}
    for axis in "zyx":
        name = f"PhysicalSize{axis.upper()}"
        if name in pixels.attrib:
            scale[axis] = (_positive(pixels.get(name)), canonical_unit(pixels.get(f"{name}Unit", "um")))
    if "TimeIncrement" in pixels.attrib:
        scale["t"] = (_positive(pixels.get("TimeIncrement")), canonical_unit(pixels.get("TimeIncrementUnit", "s")))
    channels = tuple(node.get("Name", "") for node in pixels if node.tag.endswith("}Channel"))
    return scale, channels if all(channels) else ()


def _resolution(tif: tifffile.TiffFile) -> dict[str, float]:
    """Pixel size in the resolution unit of the file."""
    per_unit = tif.pages.first.resolution
    return {axis: _positive(1 / value) for axis, value in zip("xy", per_unit, strict=True) if value}


def _positive(value: Any) -> float:
    """A positive finite number; 1 for anything else (0, negative, NaN, text)."""
    try:
        step = float(value)
    except (TypeError, ValueError):
        return 1.0
    return step if math.isfinite(step) and step > 0 else 1.0


def _hint(error: BaseException) -> str:
    return " (pip install imagecodecs)" if "imagecodecs" in str(error) else ""


@contextmanager
def _logged_warnings() -> Iterator[list[str]]:
    """Collect the warnings that tifffile logs, without the names of its objects, and keep them off the terminal."""
    texts: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(re.sub(r"^<.*?> (?=[a-zA-Z])", "", record.getMessage()))

    logger, handler = logging.getLogger("tifffile"), Collect(logging.WARNING)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield texts
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
