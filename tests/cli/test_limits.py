"""Too little memory or disk space, no permission, no terminal: one-sentence errors, no partial output."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_convolve.cli import run

BOX = ("--kernel", "box", "-p", "size=3")
COMMAND = (sys.executable, "-m", "napari_convolve")
resource = pytest.importorskip("resource", reason="limits of POSIX systems")


def test_a_result_larger_than_memory_is_refused_before_the_work(cli, tmp_path: Path) -> None:
    np.lib.format.open_memmap(tmp_path / "a.npy", "w+", "f4", (40_000, 20_000, 2_000))  # takes no room on the disk
    failed = cli("convolve", tmp_path / "a.npy", tmp_path / "b.npy", *BOX)
    assert failed.status == 1
    assert failed.err.count("\n") == 1
    assert "GiB" in failed.err or "TiB" in failed.err
    assert not (tmp_path / "b.npy").exists()


def test_a_full_disk_leaves_the_old_result(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((200, 200)))
    (tmp_path / "b.tif").write_bytes(b"old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    words = [*COMMAND, "convolve", tmp_path / "a.npy", tmp_path / "b.tif", *BOX, "--overwrite"]
    done = subprocess.run(list(map(str, words)), preexec_fn=limit, capture_output=True, text=True, timeout=900)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert (tmp_path / "b.tif").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "b.tif"]


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Without root's rights for a while."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_files_without_permission(cli, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5, 6)))
    (tmp_path / "closed").mkdir(mode=0o500)
    (tmp_path / "b.npy").write_bytes(b"")
    (tmp_path / "b.npy").chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest's own folders are closed to others
        folder.chmod(0o755)
    with nobody():
        unreadable = cli("convolve", tmp_path / "b.npy", tmp_path / "c.npy", *BOX)
        unwritable = cli("convolve", tmp_path / "a.npy", tmp_path / "closed" / "c.npy", *BOX)
    for failed in (unreadable, unwritable):
        assert (failed.status, failed.err.count("\n")) == (1, 1)
        assert "Permission denied" in failed.err


def test_warnings_as_errors_do_not_matter(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((9, 9), "u2"))
    words = [COMMAND[0], "-W", "error", *COMMAND[1:], "convolve", tmp_path / "a.npy", tmp_path / "b.tif", *BOX]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=900)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("terminal", "shown"), [("xterm-256color", True), ("dumb", False)])
def test_the_progress_bar_is_for_terminals(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: str,
    shown: bool,
) -> None:
    pty = pytest.importorskip("pty", reason="terminals of POSIX systems")
    np.save(tmp_path / "a.npy", np.zeros((20, 64, 64), "f4"))
    words = ["convolve", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), "--kernel", "log", "-p", "sigma=2,3,3"]
    master, slave = pty.openpty()
    shower = threading.Thread(target=read_all, args=(master, terminal_output := bytearray()))
    shower.start()  # a terminal that nobody reads fills up and stops its writer
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    with os.fdopen(slave, "w") as stderr, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        assert run(words) == 0
    shower.join()
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b" not in out
    text = terminal_output.decode()
    assert "does not name axis 0" in text
    assert ("%" in text, "\x1b" in text) == (shown, shown)


def read_all(terminal: int, into: bytearray) -> None:
    """Everything a terminal shows until its last writer has gone, which Linux tells by an error."""
    with os.fdopen(terminal, "rb", buffering=0) as file, contextlib.suppress(OSError):
        while part := file.read(10_000):
            into += part
