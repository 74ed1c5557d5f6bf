"""Run measurements in processes of their own, which print one line of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]


class Failed(RuntimeError):
    """A child process failed; the message is the last line that it wrote."""


def measured(*arguments: str, folder: Path | None = None, timeout: float = 600.0) -> Any:
    """The JSON that ``python -m arguments`` prints last.

    Parameters
    ----------
    folder
        Its folder for compiled code and calibration; by default that of this process.

    Raises
    ------
    Failed
        When it ends with an error or takes too long.
    """
    environment = dict(os.environ)
    if folder is not None:
        environment |= {"NAPARI_CONVOLVE_CACHE": str(folder), "NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-m", *arguments]
    try:
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"took longer than {timeout:.0f} s") from error
    if done.returncode:
        raise Failed((done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1])
    return json.loads(done.stdout.strip().splitlines()[-1])
