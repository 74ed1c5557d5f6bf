"""Read PNG and JPEG, write PNG, with Pillow."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ._labeled import FileError, Labeled

#: The mode as which each of Pillow's modes is read; others become RGB or RGBA.
_MODES = {"1": "1", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "I;16": "I;16", "I;16B": "I;16", "I": "I"}
_DEEP_COLOUR = "holds 16 bits per colour, which would be cut to 8; save it as TIFF"
_ADVICE = "give --dtype uint8 (dtype=...) or write .tif"


def read_raster(path: Path) -> Labeled:
    """Read a PNG or JPEG file; palettes are converted to colours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # a warning only; still larger images are an error
            with Image.open(path, formats=("PNG", "JPEG")) as picture:
                if picture.format == "PNG" and _png_depth(path) == (16, True):
                    raise FileError(f"{path.name} {_DEEP_COLOUR}")
                transparent = "transparency" in picture.info
                mode = _MODES.get(picture.mode) or ("RGBA" if transparent else "RGB")
                data = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    except Image.DecompressionBombError as error:
        raise FileError(f"{path.name} is too large for a {path.suffix[1:].upper()}: {error}") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error) as error:
        if isinstance(error, FileError | PermissionError):
            raise
        raise FileError(f"{path.name} is not a readable PNG or JPEG: {error}") from error
    if mode == "I":
        data = data.astype(np.uint16)
    axes = ("y", "x", "s") if data.ndim == 3 else ("y", "x")
    return Labeled(data, axes, alpha=mode in ("LA", "RGBA"))


def check_png(name: str, image: Labeled) -> None:
    """FileError unless the image is one plane of bool, 8- or 16-bit grey, or 8-bit colours."""
    data = image.data
    if image.axes not in (("y", "x"), ("y", "x", "s")) or (data.ndim == 3 and data.shape[2] not in (1, 2, 3, 4)):
        planes = " ".join(f"{axis}={length}" for axis, length in zip(image.axes, data.shape, strict=True))
        raise FileError(f"a PNG holds one plane, {name} would have {planes}; write .tif")
    if data.dtype.name not in ("bool", "uint8", "uint16"):
        raise FileError(f"a PNG holds integers of 8 or 16 bits, the result is {data.dtype}; {_ADVICE}")
    if data.ndim == 3 and data.dtype != np.uint8:
        raise FileError(f"a PNG of colours holds 8 bits here, the result is {data.dtype}; {_ADVICE}")


def write_png(path: Path, name: str, image: Labeled) -> None:
    """Write one plane as PNG."""
    data = image.data
    Image.fromarray(np.ascontiguousarray(data[..., 0] if data.shape[2:] == (1,) else data)).save(path, "PNG")


def _png_depth(path: Path) -> tuple[int, bool]:
    """Bits per sample, and whether there is colour or alpha; from the header, as Pillow reduces 16-bit colours to 8."""
    with path.open("rb") as file:
        header = file.read(26)
    return header[24], header[25] in (2, 4, 6)
