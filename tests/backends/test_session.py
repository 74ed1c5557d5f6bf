"""The session: bounded caches, a thread pool whose threads stop together, work arrays per thread."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import napari_convolve as nc
from napari_convolve.backends._session import Session


def test_spectra_are_kept_within_a_bound_the_oldest_go_first() -> None:
    session = Session(max_cached_bytes=100)
    made: list[str] = []

    def get(key: str, size: int) -> str:
        return session.cached(key, lambda: made.append(key) or key, lambda value: size)

    for key in "abcab":
        get(key, 40)  # a and b fit; c drives out a
    assert made == ["a", "b", "c", "a", "b"]
    get("huge", 90)
    get("huge", 90)
    assert made.count("huge") == 2  # larger than half the bound: not kept


def test_fewer_are_kept_for_as_long_as_a_call_asks_for_it() -> None:
    session = Session(max_cached_bytes=100)

    def keep(key: str) -> None:
        session.cached(key, lambda: key, lambda value: 40)

    keep("a")
    keep("b")
    assert len(session._cache) == 2
    with session.keeping(50):
        assert len(session._cache) == 1
        with session.keeping(80):  # one within another, or beside it in another thread
            keep("c")
        keep("d")
        assert list(session._cache) == ["d"]
    with session.keeping(-1):
        keep("e")
        assert not session._cache
    keep("a")
    keep("b")
    assert len(session._cache) == 2


def test_every_item_is_done_once_and_told_in_the_calling_thread() -> None:
    done, told, lock = [], [], threading.Lock()

    def work(item: int) -> None:
        with lock:
            done.append(item)

    Session().run_all(work, range(50), 4, lambda count: told.append((count, threading.get_ident())))
    assert sorted(done) == list(range(50))
    assert sum(count for count, _ in told) == 50
    assert {thread for _, thread in told} == {threading.get_ident()}


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_in_a_thread_stops_the_rest_and_is_raised(workers: int) -> None:
    started = []

    def work(item: int) -> None:
        started.append(item)
        if item == 5:
            raise RuntimeError("item 5")

    with pytest.raises(RuntimeError, match="item 5"):
        Session().run_all(work, range(10_000), workers)
    assert len(started) < 10_000


def test_cancelling_in_progress_leaves_no_thread_at_work() -> None:
    running = threading.Semaphore(0)

    def work(item: int) -> None:
        time.sleep(0.001)
        running.release()

    def stop(count: int) -> None:
        raise nc.Cancelled

    with pytest.raises(nc.Cancelled):
        Session().run_all(work, range(1000), 2, stop)
    after = running._value
    assert running._value == after < 1000


def test_work_arrays_are_used_again_by_their_thread_alone() -> None:
    session = Session()
    first = session.scratch("a", (10, 10), "float32")
    assert np.shares_memory(first, session.scratch("a", (4, 5), "float32"))
    assert not np.shares_memory(first, session.scratch("b", (10, 10), "float32"))
    other: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: other.append(session.scratch("a", (10, 10), "float32")))
    thread.start()
    thread.join()
    assert not np.shares_memory(first, other[0])


def test_nested_runs_do_not_wait_for_each_other() -> None:
    session = Session()
    done = []

    def outer(item: int) -> None:
        session.run_all(lambda inner: done.append((item, inner)), range(3), 4)

    session.run_all(outer, range(8), 4)
    assert len(done) == 24
