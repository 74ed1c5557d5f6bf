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
    np.save(tmp_path / "tiny.npy", np.zeros((40, 40, 40), np.float32))
    options = ["--kernel", "log", "-p", "sigma=3", "-p", "ndim=3", "--method", method, "--workers", "1"]

    def command(source: str, target: str) -> list[str]:
        paths = [str(tmp_path / source), str(tmp_path / target)]
        return [sys.executable, "-m", "napari_convolve", "convolve", *paths, *options]

    for _ in range(2):  # the first may compile, which the run that is stopped need not
        start = time.perf_counter()
        subprocess.run([*command("tiny.npy", "small.npy"), "--overwrite"], check=True, capture_output=True)
        starting = time.perf_counter() - start  # imports and loading of code, on a machine that may be busy
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command("a.npy", "b.npy"),
        stdout=pipe,
        stderr=pipe,
        text=True,
        # a parent that runs in the background may have told its children to ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        time.sleep(starting + 0.5)  # the work has begun and is not yet done
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (status, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "small.npy", "tiny.npy"]
