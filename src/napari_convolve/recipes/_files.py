"""Read and write recipe files: JSON, and an NPZ archive beside it for arrays of more than 4 KiB. Nothing is executed.

The recipe names the archive, which must lie in the same folder, and gives shape, dtype and SHA-256 of each array. The
header and size of a member are compared with that before its samples are read, the checksum afterwards.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._files import MAX_TEXT, atomic, parse_json, read_text
from ..kernels import _npy
from ._values import INLINE_BYTES, Fetch, nested_lists

#: Limit on the total size of compressed arrays, against zip bombs; further arrays are written uncompressed.
_MOST_INFLATED = 1 << 30
_LONGEST_HEADER = 4096


def read_recipe_files(path: Path) -> tuple[Any, Fetch]:
    """The parsed JSON of a recipe, and the function that reads its arrays from the archive.

    Raises
    ------
    FileNotFoundError
    ValueError
        When it is not JSON, or too large.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    data, name = recipe_from_json(read_text(path))
    return data, no_archive if name is None else _Archive(_archive_path(path, name)).fetch


def recipe_from_json(text: str) -> tuple[Any, Any]:
    """The parsed JSON of a recipe, and the name of its archive or None."""
    data = parse_json(text)
    return data, data.pop("arrays", None) if isinstance(data, dict) else None


def no_archive(held: Mapping[str, Any], dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """Refuse arrays outside the JSON, for recipes that are not read from a path."""
    raise ValueError("has its samples in a file beside the recipe: open the recipe by its path")


def write_recipe_files(path: Path, describe: Callable[[Callable[[np.ndarray], dict[str, Any]]], dict[str, Any]]) -> str:
    """Write a recipe, and its large arrays into an archive of the same name with the suffix ``.npz``; returns the text.

    ``describe(keep)`` is the recipe as plain data, where ``keep(array)`` is the description of an array.
    """
    large: dict[str, np.ndarray] = {}

    def keep(array: np.ndarray) -> dict[str, Any]:
        if array.nbytes <= INLINE_BYTES:
            return nested_lists(array)
        digest = digest_of(array)
        large.setdefault(digest, array)
        return {"member": str(list(large).index(digest)), "sha256": digest}

    if path.suffix.lower() != ".json":
        raise ValueError(f"{path.name} must end in .json")
    data = describe(keep)
    beside, owned = path.with_suffix(".npz"), owns_archive(path)
    if large:
        check_archive(path)
        data = {"arrays": beside.name, **data}
        with atomic(beside, overwrite=True) as part, zipfile.ZipFile(part, "w") as archive:
            inflated = 0
            for number, array in enumerate(large.values()):
                inflated += array.nbytes
                info = zipfile.ZipInfo(f"{number}.npy")
                info.compress_type = zipfile.ZIP_DEFLATED if inflated <= _MOST_INFLATED else zipfile.ZIP_STORED
                with archive.open(info, "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, array, allow_pickle=False)
    text = recipe_to_json(data)
    with atomic(path, overwrite=True) as part:
        part.write_text(text, encoding="utf-8")
    if owned and not large:
        beside.unlink(missing_ok=True)  # the arrays of the recipe that was replaced
    return text


def owns_archive(path: Path) -> bool:
    """Whether there is a recipe at `path` whose arrays are in the .npz file of the same name."""
    try:
        old = parse_json(read_text(path))
    except (OSError, ValueError):
        return False
    return isinstance(old, dict) and old.get("arrays") == path.with_suffix(".npz").name


def check_archive(path: Path) -> None:
    """Refuse to write a recipe whose arrays would replace an .npz file that is not its own.

    Raises
    ------
    FileExistsError
        With the name of that file.
    """
    beside = path.with_suffix(".npz")
    if beside.exists() and not owns_archive(path):
        raise FileExistsError(f"{beside} exists and holds no arrays of {path.name}; choose another name for the recipe")


def recipe_to_json(data: Mapping[str, Any]) -> str:
    """Plain data as JSON, innermost lists on one line; ValueError when the text is too long to be read again."""
    text = _pretty(data, 0) + "\n"
    if len(text.encode()) > MAX_TEXT:
        raise ValueError(f"the recipe takes more than {MAX_TEXT} bytes of text; to_json(path) writes arrays beside it")
    return text


def digest_of(array: np.ndarray) -> str:
    """SHA-256 of the samples in C order and little-endian, as hexadecimal text."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little.reshape(-1).view(np.uint8).data).hexdigest()


def _pretty(data: Any, depth: int) -> str:
    if isinstance(data, Mapping) and data:
        space = " " * (depth + 1)
        rows = (f"{space}{json.dumps(key)}: {_pretty(value, depth + 1)}" for key, value in data.items())
        return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"
    if isinstance(data, list) and any(isinstance(item, Mapping) for item in data):
        return "[" + ", ".join(_pretty(item, depth) for item in data) + "]"
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def _archive_path(path: Path, name: Any) -> Path:
    """The path of the archive, which must be a file in the folder of the recipe."""
    plain = isinstance(name, str) and 4 < len(name) < 256 and name.isprintable() and not set(name) & set('/\\:*?"<>|')
    if not plain or not name.endswith(".npz") or name.startswith("."):
        raise ValueError(f"arrays={str(name)[:40]!r} is no name of an .npz file beside the recipe")
    found: Path = path.parent / name
    if not found.is_file():
        raise FileNotFoundError(f"no such file: {found} (the arrays of {path.name})")
    if found.resolve().parent != path.parent.resolve():
        raise ValueError(f"{name} leads out of the folder of the recipe")
    return found


class _Archive:
    """The members of an NPZ file, read on demand."""

    def __init__(self, path: Path) -> None:
        self.path, self.inflated = path, 0

    def fetch(self, held: Mapping[str, Any], dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        """Read one array; ValueError unless it agrees with the recipe."""
        member, digest = held.get("member"), held.get("sha256")
        if not isinstance(member, str) or not isinstance(digest, str):
            raise ValueError("has neither values nor a member of a file")
        where = f"has its samples in {self.path.name}, member {member[:40]!r}, which"
        try:
            with zipfile.ZipFile(self.path) as archive:
                array = self._read(archive, member, dtype, shape, where)
        except _npy.BAD_ZIP as error:
            raise ValueError(f"{where} is not readable: {error}") from error
        if digest_of(array) != digest:
            raise ValueError(f"{where} has another SHA-256 than the recipe says")
        return array

    def _read(
        self, archive: zipfile.ZipFile, member: str, dtype: np.dtype, shape: tuple[int, ...], where: str
    ) -> np.ndarray:
        wanted = math.prod(shape) * dtype.itemsize
        infos = [info for info in archive.infolist() if info.filename == f"{member}.npy"]
        if len(infos) != 1:
            raise ValueError(f"{where} is there {len(infos)} times")
        info = infos[0]
        if not wanted <= info.file_size <= wanted + _LONGEST_HEADER:
            raise ValueError(f"{where} has {info.file_size} bytes; {wanted} are promised")
        if info.compress_type != zipfile.ZIP_STORED:
            self.inflated += wanted
            if self.inflated > _MOST_INFLATED:
                raise ValueError(f"{where} claims too much: compressed arrays may take {_MOST_INFLATED} bytes")
        with archive.open(info) as stream:
            try:
                header = _npy.read_header(stream)
            except _npy.BAD_HEADER as error:
                raise ValueError(f"{where} is not readable: its header is damaged") from error
            if (header[0], header[2].newbyteorder("=")) != (shape, dtype):
                raise ValueError(f"{where} is not an array of {dtype} and shape {shape}")
            data = stream.read(wanted + 1)
        if len(data) != wanted:
            raise ValueError(f"{where} has {len(data)} bytes of samples; {wanted} are promised")
        return np.frombuffer(data, header[2]).reshape(shape, order="F" if header[1] else "C").astype(dtype, copy=False)
