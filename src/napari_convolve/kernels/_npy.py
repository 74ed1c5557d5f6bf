"""NPY and NPZ files of numbers only; headers are validated before memory is allocated."""

from __future__ import annotations

import io
import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import IO

import numpy as np

from .._files import decode_text, parse_json
from ._json import describe_kernel, restore_kernel
from ._kernel import Kernel
from ._values import Values, guard

HEADERS: dict[tuple[int, int], Callable[[IO[bytes]], tuple[tuple[int, ...], bool, np.dtype]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
#: Exceptions of parsing a hostile header as a Python literal.
BAD_HEADER: tuple[type[Exception], ...] = (ValueError, TypeError, SyntaxError, EOFError, RecursionError, MemoryError)
BAD_HEADER += (tokenize.TokenError, struct.error)
BAD_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError)
VALUES, DESCRIPTION = "values.npy", "kernel.json"
MAX_DESCRIPTION = 2**20


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, Fortran order, and dtype of the array that follows; raises any of `BAD_HEADER`."""
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"version {version} of the format is not supported")
    return HEADERS[version](stream)


def read_array(stream: IO[bytes], size: int) -> Values:
    """Read an NPY array of numbers from a `stream` of `size` bytes; ValueError when the header does not fit them."""
    try:
        shape, fortran, dtype = read_header(stream)
    except BAD_HEADER as error:
        reason = f"{error}".partition("\n")[0][:120] or "its header is damaged"
        raise ValueError(f"not a readable NPY array: {reason}") from error
    if dtype.kind not in "biufc":
        raise ValueError(f"an array of {dtype} is not a kernel; it must hold numbers")
    if not shape or any(n < 1 for n in shape):
        raise ValueError(f"an array of shape {shape} is not a kernel")
    guard(shape)
    wanted = prod(shape) * dtype.itemsize
    available = size - stream.tell()
    if wanted != available:
        raise ValueError(f"the header promises {wanted} bytes of data, the file holds {available}")
    values = np.frombuffer(stream.read(wanted), dtype=dtype)
    if values.nbytes != wanted:
        raise ValueError(f"the header promises {wanted} bytes of data, the file ends after {values.nbytes}")
    return values.reshape(shape, order="F" if fortran else "C")


def read_npy(path: Path) -> Kernel:
    """Read a kernel of the values in an NPY file, centred at ``N // 2``."""
    with path.open("rb") as stream:
        return Kernel(read_array(stream, path.stat().st_size))


def write_npy(path: Path, kernel: Kernel) -> None:
    """Write the values; ValueError when the kernel has more than that."""
    if kernel != Kernel(kernel.values):
        raise ValueError("NPY holds values only, this kernel has a center, spacing or units; save as .npz or .json")
    with path.open("wb") as stream:  # given a name, NumPy may add a suffix
        np.save(stream, kernel.values, allow_pickle=False)


def read_npz(path: Path) -> Kernel:
    """Read a kernel that :func:`write_npz` wrote, or the single array of any NPZ file.

    Members are only read into memory, never extracted, so that their names cannot be used as paths.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            arrays = [m for m in members if m.filename.endswith(".npy")]
            described = [m for m in members if m.filename == DESCRIPTION]
            if len(members) != len(arrays) + len(described) or len(arrays) != 1 or len(described) > 1:
                names = ", ".join(repr(m.filename[:40]) for m in members[:4])
                raise ValueError(f"a kernel is one array and {DESCRIPTION!r}, the archive has {names}")
            with archive.open(arrays[0]) as stream:
                values = read_array(stream, arrays[0].file_size)
            if not described:
                return Kernel(values)
            if described[0].file_size > MAX_DESCRIPTION:
                raise ValueError(f"{DESCRIPTION} claims {described[0].file_size} bytes, the limit is {MAX_DESCRIPTION}")
            with archive.open(described[0]) as stream:
                return restore_kernel(values, parse_json(decode_text(stream.read(MAX_DESCRIPTION))))
    except BAD_ZIP as error:
        raise ValueError(f"not a readable NPZ archive: {error}") from error


def write_npz(path: Path, kernel: Kernel) -> None:
    """Write values and description; `numpy.load` reads the values."""
    buffer = io.BytesIO()
    np.save(buffer, kernel.values, allow_pickle=False)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(VALUES, buffer.getvalue())
        archive.writestr(DESCRIPTION, json.dumps(describe_kernel(kernel), allow_nan=False))
