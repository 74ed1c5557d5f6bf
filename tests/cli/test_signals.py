"""An interrupted run leaves no files behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_convolve.cli import run

#: The command, which says when it opens its input.
COMMAND = """
import sys
from napari_convolve.cli import main

said = []

def hook(event, arguments):
    if event == "open" and str(arguments[0]).endswith("a.npy") and not said:
        said.append("begun")
        print("begun", flush=True)

sys.addaudithook(hook)
main(sys.argv[1:])
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX systems")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("method", ["direct", "fft"])
def test_a_stopped_run_is_silent_and_clean(tmp_path: Path, number: int, status: int, method: str) -> None:
    size = {"direct": (100, 256, 256), "fft": (600, 400, 400)}[method]
    np.lib.format.open_memmap(tmp_path / "a.npy", "w+", "f4", size)  # takes no room on the disk
    np.save(tmp_path / "tiny.npy", np.zeros((40, 40, 40), np.float32))
    options = ["--kernel", "log", "-p", "sigma=3", "-p", "ndim=3", "--method", method, "--workers", "1"]
    # may compile, which the run that is stopped need not
    assert run(["convolve", str(tmp_path / "tiny.npy"), str(tmp_path / "small.npy"), *options, "--quiet"]) == 0
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "convolve", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a parent that runs in the background may have told its children to ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        time.sleep(0.5)  # the work goes on for many times as long
        process.send_signal(number)
        out, err = process.communicate(timeout=900)
    assert (process.returncode, out, err) == (status, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "small.npy", "tiny.npy"]
