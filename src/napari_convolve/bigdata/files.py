"""Read and write image files: TIFF, OME-TIFF, ImageJ TIFF, NPY, PNG; JPEG is only read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import numpy as np

from .._files import atomic
from ._labeled import FileError, Labeled, plain_axes
from ._raster import check_png, read_raster, write_png
from ._tiff_read import read_tiff
from ._tiff_write import check_tiff, write_tiff

__all__ = ["FileError", "Labeled", "check_fits", "check_output", "plain_axes", "read", "readable", "write"]


def read(path: str | os.PathLike[str], axes: Sequence[str] | None = None) -> Labeled:
    """Read an image with its axes, voxel size and units.

    Parameters
    ----------
    path
        ``.tif``, ``.tiff`` (plain, OME, ImageJ, BigTIFF), ``.npy``, ``.png``, ``.jpg``.
    axes
        One letter per axis, such as ``"tyx"``, in place of those in the file.

    Returns
    -------
    Labeled
        In native byte order. The data of an NPY file are mapped, not loaded, and read-only.

    Raises
    ------
    FileNotFoundError
        When the file does not exist.
    FileError
        When it is not an image in one of these formats, or damaged or incomplete.
    MemoryError
        When its pixels do not fit into memory; checked before anything is allocated.
    """
    source = Path(path)
    _require_regular(source)
    reader = _READERS.get(source.suffix.lower())
    if reader is None:
        raise FileError(f"cannot read {source.name!r}: the formats are {' '.join(readable())}")
    image = reader(source)
    if image.data.ndim == 0 or image.data.size == 0:
        raise FileError(f"{source.name} holds no pixels: its shape is {image.data.shape}")
    if axes is None:
        return image
    if len(axes) != image.data.ndim:
        raise ValueError(f"axes {''.join(axes)!r} name {len(axes)} axes, {source.name} has {image.data.ndim}")
    return replace(image, axes=tuple(axes), notes=())


def write(path: str | os.PathLike[str], image: Labeled, *, overwrite: bool = False) -> None:
    """Write an image in the format of the suffix; the file appears whole or not at all.

    Parameters
    ----------
    path
        ``.ome.tif`` (OME-TIFF), ``.tif`` (ImageJ TIFF, OME-TIFF or TIFF with a description in JSON, the first that can
        hold the image; BigTIFF above 4 GB), ``.npy`` (numbers only), ``.png`` (one plane of 8 or 16 bits).
    image : Labeled
    overwrite
        Replace an existing file; otherwise it is a FileExistsError.

    Raises
    ------
    FileError
        When the format cannot hold the image, or the suffix is unknown.
    OSError
        Missing folder, no permission, disk full.
    """
    target = check_output(path, overwrite=overwrite)
    check_fits(target, image)
    with atomic(target, overwrite=overwrite) as temporary:
        _WRITERS[target.suffix.lower()](temporary, target.name, image)


def check_fits(path: str | os.PathLike[str], image: Labeled) -> None:
    """FileError for an image that the format of the suffix cannot hold; only shape, dtype and axes are used."""
    target = Path(path)
    if image.data.size == 0:
        raise FileError(f"nothing to write into {target.name}: the result has shape {image.data.shape}")
    if check := _CHECKS.get(target.suffix.lower()):
        check(target.name, image)


def check_output(
    path: str | os.PathLike[str],
    *,
    inputs: Sequence[str | os.PathLike[str]] = (),
    overwrite: bool = False,
    formats: Sequence[str] | None = None,
) -> Path:
    """Check, before any work, that a result can be written to a path; returns the path.

    Raises
    ------
    FileExistsError, IsADirectoryError, FileNotFoundError
        For an existing file without `overwrite`, a path that is no file, a missing folder.
    FileError
        For an unknown suffix, or a path that is one of `inputs`.
    """
    target = Path(path)
    formats = (".ome.tif", *_WRITERS) if formats is None else formats
    if target.suffix.lower() not in formats:
        raise FileError(f"cannot write {target.name!r}: the formats are {' '.join(formats)}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"no such folder: {target.parent}")
    try:
        status = target.stat()
    except FileNotFoundError:
        return target
    for source in inputs:
        if Path(source).exists() and os.path.samestat(status, Path(source).stat()):
            raise FileError(f"{target} is an input; results go into a file of their own")
    if not S_ISREG(status.st_mode):
        raise IsADirectoryError(f"not a file that can be replaced: {target}")
    if not overwrite:
        raise FileExistsError(f"{target} exists; --overwrite (overwrite=True) replaces it")
    return target


def readable() -> tuple[str, ...]:
    """Suffixes of the files that `read` can read."""
    return tuple(_READERS)


def _require_regular(path: Path) -> None:
    """Refuse missing files and folders, and pipes and devices, whose data may never end."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"no such file: {path}") from None
    except PermissionError:
        raise
    except (OSError, ValueError) as error:  # loops of links, names too long, a null byte in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileNotFoundError(f"no such file: {path} ({reason})") from None
    if S_ISDIR(mode):
        raise FileError(f"{path} is a folder, not an image file")
    if not S_ISREG(mode):
        raise FileError(f"{path} is not a regular file")


def _read_npy(path: Path) -> Labeled:
    try:
        # memory mapping compares the header with the length of the file before anything is allocated
        data = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, TypeError, OverflowError) as error:
        raise FileError(f"{path.name} is not a readable NPY file: {error}") from error
    if not isinstance(data, np.ndarray) or data.dtype.kind not in "biufc":
        raise FileError(f"{path.name} is not an array of numbers")
    if data.ndim == 0 or data.size == 0:
        raise FileError(f"{path.name} holds no pixels: its shape is {data.shape}")
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    axes, alpha, notes = plain_axes(data)
    return Labeled(np.asarray(data), axes, alpha=alpha, notes=notes)


def _write_npy(path: Path, name: str, image: Labeled) -> None:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(image.data), allow_pickle=False)


_READERS: dict[str, Callable[[Path], Labeled]] = {
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".npy": _read_npy,
    ".png": read_raster,
    ".jpg": read_raster,
    ".jpeg": read_raster,
}
_WRITERS: dict[str, Callable[[Path, str, Labeled], None]] = {
    ".tif": write_tiff,
    ".tiff": write_tiff,
    ".npy": _write_npy,
    ".png": write_png,
}
_CHECKS: dict[str, Callable[[str, Labeled], None]] = {".tif": check_tiff, ".tiff": check_tiff, ".png": check_png}
