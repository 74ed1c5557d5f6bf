"""OME-TIFF files of kernels: values as the image, everything else as JSON in its description."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from .._files import parse_json
from ._json import KERNEL_FORMAT, describe_kernel, restore_kernel
from ._kernel import Kernel
from ._values import guard

if TYPE_CHECKING:
    from tifffile import TiffFile

AXES = "TZYX"
#: Units of length in OME-XML; other units are in the description only.
OME_UNITS = {"um": "µm", "micrometer": "µm", "micron": "µm", "nanometer": "nm", "millimeter": "mm"}
OME_UNITS.update({unit: unit for unit in ("m", "cm", "mm", "µm", "nm", "pm", "Å", "pixel")})
#: Escapes in the JSON text, because older versions of tifffile write it into the XML unescaped.
ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}
#: Exceptions of tifffile for damaged files, besides its own error and ValueError.
DAMAGED = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError, RuntimeError)
BAD_DATA = (ElementTree.ParseError, struct.error, zlib.error)


def write_ometiff(path: Path, kernel: Kernel) -> None:
    """Write values and pixel size, and the full description of the kernel as that of the image."""
    from tifffile import imwrite

    if kernel.ndim > len(AXES):
        raise ValueError(f"OME-TIFF takes kernels of up to {len(AXES)} dimensions, got {kernel.ndim}")
    # A 1-D kernel is written as an image of one row; its shape is in the description.
    values = kernel.values.reshape((1,) * (2 - kernel.ndim) + kernel.shape)
    axes = AXES[-values.ndim :]
    description = json.dumps({"shape": kernel.shape, **describe_kernel(kernel)}, allow_nan=False).translate(ESCAPES)
    metadata: dict[str, Any] = {"axes": axes, "Description": description}
    for axis, step in zip(axes[::-1], (kernel.spacing or ())[::-1], strict=False):
        if axis == "T":
            continue
        metadata[f"PhysicalSize{axis}"] = step
        metadata[f"PhysicalSize{axis}Unit"] = OME_UNITS.get(kernel.units or "pixel", "reference frame")
    imwrite(path, values, ome=True, metadata=metadata, photometric="minisblack")


def read_ometiff(path: Path) -> Kernel:
    """Read a kernel that :func:`write_ometiff` wrote, or the values of any TIFF of one channel."""
    from tifffile import TiffFile, TiffFileError

    try:
        with TiffFile(path) as tif:
            return read_series(tif)
    except (TiffFileError, *DAMAGED, *BAD_DATA) as error:
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
    description = kernel_description(tif.ome_metadata) if tif.is_ome else None
    if description is None:
        return Kernel(values)
    content = parse_json(description)
    shape = content.pop("shape", None) if isinstance(content, dict) else None
    if not isinstance(shape, list) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(f"the shape of the kernel must be whole numbers, got {shape!r}")
    return restore_kernel(values.reshape(shape), content)


def kernel_description(xml: str | None) -> str | None:
    """Return the description of a kernel in OME-XML, or None."""
    if not xml or KERNEL_FORMAT not in xml:
        return None
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise ValueError("OME-XML with a document type is refused")
    for element in ElementTree.fromstring(xml).iter():
        if element.tag.endswith("}Description") and (element.text or "").lstrip().startswith("{"):
            return element.text
    return None
