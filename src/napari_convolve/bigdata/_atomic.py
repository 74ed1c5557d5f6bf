"""A file that appears under its name whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)
