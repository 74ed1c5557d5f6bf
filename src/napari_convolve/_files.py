"""Atomic writing of files, and safe reading of text and JSON from untrusted files."""

from __future__ import annotations

import codecs
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Limit of text files in bytes, for reading and writing.
MAX_TEXT = 2**24


@contextmanager
def atomic(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary path in the folder of `target`; it is renamed to `target` when the block succeeds.

    On any exception, Ctrl-C included, the temporary file is removed and an existing `target` stays unchanged.
    """
    final = Path(os.path.realpath(target))  # a symbolic link stays one
    # short, because the target's name may have the maximal length; with the suffix, by which writers choose a format
    temporary = final.with_name(f".{secrets.token_hex(6)}.part{final.suffix}")
    try:
        yield temporary
        if final.exists() and not overwrite:  # created by another process meanwhile
            raise FileExistsError(f"{target} exists; --overwrite (overwrite=True) replaces it")
        if final.exists():  # a file that is replaced keeps its permissions
            shutil.copymode(final, temporary)
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """Return the text of a file of at most 16 MiB."""
    size = path.stat().st_size
    if size > MAX_TEXT:
        raise ValueError(f"{size} bytes of text are too many, the limit is {MAX_TEXT}; use .npz")
    return decode_text(path.read_bytes())


def write_text(path: Path, text: str) -> None:
    """Write text of at most 16 MiB."""
    data = text.encode()
    if len(data) > MAX_TEXT:
        raise ValueError(f"{len(data)} bytes of text are too many, the limit is {MAX_TEXT}; use .npz")
    path.write_bytes(data)


def decode_text(data: bytes) -> str:
    """Return text in UTF-8, or in UTF-16 with its byte order mark."""
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"not text: byte {error.start} is not {encoding.upper()}") from error


def parse_json(text: str) -> Any:
    """Parse JSON; duplicate keys, NaN and infinity, deep nesting and syntax errors raise ValueError."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("brackets are nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} in line {error.lineno}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object as a dict; duplicate keys raise ValueError."""
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"the key {key!r} comes twice")
        content[key] = value
    return content


def _refuse(constant: str) -> float:
    """Raise ValueError for NaN and Infinity, which Python accepts beyond the JSON standard."""
    raise ValueError(f"values must be finite, got {constant}")
