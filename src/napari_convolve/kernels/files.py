"""Kernels in files: JSON, text matrices, NPY, NPZ and OME-TIFF. Files are data only, never code.

=============  =========================================================================================
suffix         content
=============  =========================================================================================
.json          everything; readable, up to 16 MiB
.npz           everything, of any size
.tif, .tiff    everything, as OME-TIFF; other TIFF files of one channel are read as values
.txt, .csv     values of a real matrix, as ImageJ writes and reads them (a 1-D kernel as one row)
.npy           values
=============  =========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from .._files import atomic, read_text, write_text
from . import _json, _npy, _ometiff
from ._kernel import Kernel
from ._text import format_matrix, parse_matrix


@dataclass(frozen=True)
class Format:
    """How one kind of file is read and written."""

    read: Callable[[Path], Kernel]
    write: Callable[[Path, Kernel], None]


def write_matrix(path: Path, kernel: Kernel) -> None:
    """Write the values as rows of numbers, separated by commas in CSV files and by spaces in others."""
    if kernel.values.dtype.kind == "c" or kernel.ndim > 2:
        raise ValueError(f"text files hold real kernels of one or two dimensions, got {kernel!r}; save as .json")
    if kernel != Kernel(kernel.values):
        raise ValueError("text files hold values only, this kernel has a center, spacing or units; save as .json")
    text = format_matrix(kernel.values.reshape(-1, kernel.shape[-1]))
    write_text(path, text.replace(" ", ",") if path.suffix.lower() == ".csv" else text)


JSON = Format(
    lambda path: _json.kernel_from_json(read_text(path)),
    lambda path, kernel: write_text(path, _json.kernel_to_json(kernel)),
)
MATRIX = Format(lambda path: Kernel(parse_matrix(read_text(path))), write_matrix)
TIFF = Format(_ometiff.read_ometiff, _ometiff.write_ometiff)
FORMATS = {
    ".json": JSON,
    ".npz": Format(_npy.read_npz, _npy.write_npz),
    ".tif": TIFF,
    ".tiff": TIFF,
    ".txt": MATRIX,
    ".csv": MATRIX,
    ".npy": Format(_npy.read_npy, _npy.write_npy),
}


def format_of(path: Path) -> Format:
    """Return the format of a suffix; ValueError with all suffixes for an unknown one."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{path}: {suffix or 'no suffix'!r} is not a kernel file; known are {', '.join(FORMATS)}")
    return FORMATS[suffix]


def read_kernel(path: str | PathLike[str]) -> Kernel:
    """Read a kernel from a file by its suffix.

    Parameters
    ----------
    path
        A .json, .npz, .tif, .tiff, .txt, .csv or .npy file.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When the suffix is unknown or the content is not a kernel; the message names the file and the reason.

    Examples
    --------
    >>> import tempfile
    >>> from napari_convolve.kernels import gaussian
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gaussian(2).save(f"{folder}/blur.json")
    ...     read_kernel(f"{folder}/blur.json") == gaussian(2)
    True
    """
    file = Path(path)
    chosen = format_of(file)
    if not file.is_file():
        raise FileNotFoundError(f"no such file: {file}")
    try:
        return chosen.read(file)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file}: {error}") from error


def write_kernel(path: str | PathLike[str], kernel: Kernel) -> None:
    """Write a kernel to a file by its suffix, atomically; an existing file is replaced.

    Parameters
    ----------
    path
        See :func:`read_kernel` for the suffixes.
    kernel
        The kernel to write.

    Raises
    ------
    ValueError
        When the suffix is unknown, or the format cannot hold all of this kernel.
    """
    file = Path(path)
    chosen = format_of(file)
    try:
        with atomic(file, overwrite=True) as part:
            chosen.write(part, kernel)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file}: {error}") from error
