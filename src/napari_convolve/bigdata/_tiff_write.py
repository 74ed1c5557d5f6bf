"""Write TIFF with axes, voxel size and units: ImageJ or OME-TIFF where the format can hold the image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from ._labeled import FileError, Labeled

#: Bytes of samples above which BigTIFF is needed: 32-bit offsets, less some room for the metadata.
CLASSIC_LIMIT = 2**32 - 2**25
_NOT_OME_DTYPES = ("int64", "uint64", "float16")
_IMAGEJ_DTYPES = ("uint8", "uint16", "float32")
_OME_UNITS = {"um": "µm", "angstrom": "Å", "inch": "in"}
_LENGTHS = ("pm", "nm", "um", "mm", "cm", "m", "angstrom", "inch")


def check_tiff(name: str, image: Labeled) -> None:
    """FileError for bool colours, and for an image that OME cannot describe when the name ends in .ome.tif."""
    if image.data.dtype == bool and "s" in image.axes:
        raise FileError(f"{name}: TIFF cannot hold colours of type bool; give --dtype uint8 (dtype=...)")
    if _is_ome_name(name) and (reason := _why_not_ome(image)):
        raise FileError(f"{name}: OME-TIFF cannot hold {reason}; give --dtype (dtype=...) or write .tif")


def write_tiff(path: Path, name: str, image: Labeled) -> None:
    """Write ``.ome.tif`` as OME-TIFF; other names as ImageJ, OME or plain TIFF, the first that can hold the image."""
    if not _is_ome_name(name) and _fits_imagej(image):
        options = _imagej_options(image)
    elif not _why_not_ome(image):
        options = _ome_options(image)
    else:
        options = _plain_options(image)
    big = image.data.nbytes > CLASSIC_LIMIT
    tifffile.imwrite(path, image.data, bigtiff=big, **_colour_options(image), **options)


def _is_ome_name(name: str) -> bool:
    return name.lower().endswith((".ome.tif", ".ome.tiff"))


def _why_not_ome(image: Labeled) -> str:
    if image.data.dtype.name in _NOT_OME_DTYPES:
        return f"{image.data.dtype} pixels"
    tail = _tail(image)
    lead = image.axes[: len(image.axes) - len(tail)]
    if not tail or set(lead) - set("tcz") or ("c" in lead and "s" in tail):
        return f"the axes {' '.join(image.axes)}"
    return ""


def _fits_imagej(image: Labeled) -> bool:
    tail = _tail(image)
    lead = image.axes[: len(image.axes) - len(tail)]
    lengths = {unit for axis, unit in zip(image.axes, image.units, strict=True) if axis in "zyx"}
    time_unit = dict(zip(image.axes, image.units, strict=True)).get("t")
    colour_fits = tail == ("y", "x") or (tail == ("y", "x", "s") and image.data.dtype == np.uint8 and not image.alpha)
    return (
        image.data.dtype.name in _IMAGEJ_DTYPES
        and image.data.nbytes <= CLASSIC_LIMIT
        and lead == tuple(axis for axis in "tzc" if axis in lead)
        and colour_fits
        and len(lengths) == 1
        and time_unit in (None, "s")
        and not image.channels
    )


def _tail(image: Labeled) -> tuple[str, ...]:
    """The axes within a page: rows, columns and, if present, colours."""
    for tail in (("y", "x", "s"), ("s", "y", "x"), ("y", "x")):
        if image.axes[-len(tail) :] == tail:
            return tail
    return ()


def _colour_options(image: Labeled) -> dict[str, Any]:
    if image.data.ndim == 1:
        return {}
    if "s" not in _tail(image):
        return {"photometric": "minisblack"}
    samples = image.data.shape[image.axes.index("s")]
    options: dict[str, Any] = {"photometric": "rgb" if samples - image.alpha == 3 else "minisblack"}
    options["planarconfig"] = "contig" if image.axes[-1] == "s" else "separate"
    if image.alpha:
        options["extrasamples"] = ["unassalpha"]
    return options


def _imagej_options(image: Labeled) -> dict[str, Any]:
    step = dict(zip(image.axes, image.spacing, strict=True))
    unit = dict(zip(image.axes, image.units, strict=True))
    metadata: dict[str, Any] = {"axes": "".join(image.axes).upper()}
    if unit["x"]:
        metadata["unit"] = unit["x"]
    if step.get("z", 1.0) != 1.0 or (unit["x"] and "z" in step):
        metadata["spacing"] = step["z"]
    if unit.get("t"):
        metadata["finterval"] = step["t"]
    resolution = (1 / step["x"], 1 / step["y"]) if unit["x"] else (1.0, 1.0)
    return {"imagej": True, "metadata": metadata, "resolution": resolution}


def _ome_options(image: Labeled) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": "".join(image.axes).upper()}
    for axis, step, unit in zip(image.axes, image.spacing, image.units, strict=True):
        if axis in "zyx" and unit in _LENGTHS:
            metadata[f"PhysicalSize{axis.upper()}"] = step
            metadata[f"PhysicalSize{axis.upper()}Unit"] = _OME_UNITS.get(unit, unit)
        elif axis == "t" and unit:
            metadata |= {"TimeIncrement": step, "TimeIncrementUnit": unit}
    if "c" in image.axes and len(image.channels) == image.data.shape[image.axes.index("c")]:
        metadata["Channel"] = {"Name": list(image.channels)}
    return {"ome": True, "metadata": metadata}


def _plain_options(image: Labeled) -> dict[str, Any]:
    """Plain TIFF with tifffile's JSON description, to which axes, spacing and units are added."""
    units = [unit or "" for unit in image.units]
    return {"metadata": {"axes": "".join(image.axes).upper(), "spacing": list(image.spacing), "units": units}}
