"""OME-TIFF files of kernels: values as an image, everything else as JSON in the description."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ._json import FORMAT, describe, parse, restore
from ._kernel import Kernel
from ._values import guard

if TYPE_CHECKING:
    from tifffile import TiffFile

AXES = "TZYX"
# Lengths as OME writes them; any other unit stays in the description.
UNITS = {"um": "µm", "micrometer": "µm", "micron": "µm", "nanometer": "nm", "millimeter": "mm"}
UNITS.update({unit: unit for unit in ("m", "cm", "mm", "µm", "nm", "pm", "Å", "pixel")})
# Older versions of tifffile write text into the XML as it is.
ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}
# What tifffile raises for damaged files, besides its own error and ValueError.
DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ElementTree.ParseError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def write_ometiff(path: Path, kernel: Kernel) -> None:
    """Write values, pixel size and, as the description of the image, what reads back equal."""
    from tifffile import imwrite

    if kernel.ndim > len(AXES):
        raise ValueError(f"OME-TIFF takes kernels of up to {len(AXES)} dimensions, got {kernel.ndim}")
    # One row is an image too; the shape in the description tells it from a line.
    values = kernel.values.reshape((1,) * (2 - kernel.ndim) + kernel.shape)
    axes = AXES[-values.ndim :]
    description = json.dumps({"shape": kernel.shape, **describe(kernel)}, allow_nan=False).translate(ESCAPES)
    metadata: dict[str, Any] = {"axes": axes, "Description": description}
    for axis, step in zip(axes[::-1], (kernel.spacing or ())[::-1], strict=False):
        if axis == "T":
            continue
        metadata[f"PhysicalSize{axis}"] = step
        metadata[f"PhysicalSize{axis}Unit"] = UNITS.get(kernel.units or "pixel", "reference frame")
    imwrite(path, values, ome=True, metadata=metadata, photometric="minisblack")


def read_ometiff(path: Path) -> Kernel:
    """Read a kernel that :func:`write_ometiff` wrote, or the values of any TIFF of one channel."""
    from tifffile import TiffFile, TiffFileError

    try:
        with TiffFile(path) as tif:
            return read_series(tif)
    except (TiffFileError, *DAMAGED) as error:
        raise ValueError(f"not a readable TIFF: {error}") from error


def read_series(tif: TiffFile) -> Kernel:
    """Return the kernel in the first series of an open file."""
    if not tif.series:
        raise ValueError("not a readable TIFF: it holds no image")
    series = tif.series[0]
    guard(series.shape)
    channels = [n for axis, n in zip(series.axes, series.shape, strict=True) if axis in "CS" and n > 1]
    if channels:
        raise ValueError(f"a kernel has one channel, the TIFF has {channels[0]}")
    planes = (tif.imagej_metadata or {}).get("images", 1)
    pages = series.size // (series.shape[-1] * series.shape[-2]) if len(series.shape) > 1 else 1
    if planes > pages:
        raise ValueError(f"the file declares {planes} planes, {pages} can be read")
    values = series.asarray()
    description = described(tif.ome_metadata) if tif.is_ome else None
    if description is None:
        return Kernel(values)
    content = parse(description)
    shape = content.pop("shape", None) if isinstance(content, dict) else None
    if not isinstance(shape, list) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(f"the shape of the kernel must be whole numbers, got {shape!r}")
    return restore(values.reshape(shape), content)


def described(xml: str | None) -> str | None:
    """Return the description of a kernel in OME-XML, or None."""
    if not xml or FORMAT not in xml:
        return None
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise ValueError("OME-XML with a document type is refused")
    for element in ElementTree.fromstring(xml).iter():
        if element.tag.endswith("}Description") and (element.text or "").lstrip().startswith("{"):
            return element.text
    return None
