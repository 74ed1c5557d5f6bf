"""A run that is stopped leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX systems")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("method", ["direct", "fft"])
def test_a_stopped_run_is_silent_and_clean(tmp_path: Path, number: int, status: int, method: str) -> None:
    size = {"direct": (100, 256, 256), "fft": (600, 400, 400)}[method]
    np.lib.format.open_memmap(tmp_path / "a.npy", "w+", "f4", size)  # takes no room on the disk
    command = [sys.executable, "-m", "napari_convolve", "convolve", tmp_path / "a.npy", tmp_path / "b.npy"]
    command += ["--kernel", "log", "-p", "sigma=3", "-p", "ndim=3", "--method", method, "--workers", "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(list(map(str, command)), stdout=pipe, stderr=pipe, text=True) as process:
        time.sleep(2.5)  # the work has begun and is not yet done
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (status, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
