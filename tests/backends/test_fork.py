"""A process forked while code is compiled in the background computes, as PyTorch's DataLoader needs it."""

from __future__ import annotations

import multiprocessing
import threading
import time

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.backends import SESSION

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork processes"
)


def child(pipe) -> None:  # type: ignore[no-untyped-def]
    pipe.send(nc.convolve(np.ones((64, 64), "f4"), np.ones((3, 3)), method="direct").sum())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_during_a_compilation() -> None:
    started, compiled = threading.Event(), threading.Event()

    def slow() -> None:
        SESSION.compiled("a test of forks", lambda: (started.set(), time.sleep(0.5), compiled.set()))

    SESSION.later([slow], delay=0)
    assert started.wait(60)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=child, args=(there,))
    process.start()
    try:
        assert compiled.is_set(), "the fork waits for the compilation"
        assert here.poll(300), "the child hangs"
        assert here.recv() == 64 * 64 * 9
    finally:
        process.kill()
        process.join()
    SESSION._code.pop("a test of forks")


def test_a_child_has_threads_of_its_own() -> None:
    SESSION._executor()
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=child, args=(there,))
    process.start()
    try:
        assert here.poll(300) and here.recv() == 64 * 64 * 9
    finally:
        process.kill()
        process.join()
