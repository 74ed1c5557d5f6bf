"""Files that appear under their name whole or not at all, and text and JSON read from files of any origin."""

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

#: Larger files of text are neither read nor written.
MAX_TEXT = 2**24


@contextmanager
def atomic(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary path in the folder of `target`, which takes its name when the block ends well.

    Whatever ends the block otherwise, Ctrl-C included, removes the temporary file and leaves an old `target` as it was.
    """
    final = Path(os.path.realpath(target))  # a link stays a link
    # The name is short (a long one of the target's would not fit) and keeps the suffix, which writers look at.
    temporary = final.with_name(f".{secrets.token_hex(6)}.part{final.suffix}")
    try:
        yield temporary
        if final.exists() and not overwrite:  # somebody else was faster
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
    """Return what JSON text says; ValueError with the line for what is not JSON or is meant to deceive."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("brackets are nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} in line {error.lineno}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; ValueError when a key comes twice."""
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"the key {key!r} comes twice")
        content[key] = value
    return content


def _refuse(constant: str) -> float:
    """Refuse what Python's JSON reads beyond the standard: NaN and Infinity."""
    raise ValueError(f"values must be finite, got {constant}")
