"""All mutable state of the process in one thread-safe object: threads, kernel spectra, compiled code."""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from .._arrays import Array
from ._base import Backend
from ._calibration import load_rates, store_rates
from ._numpy import cpu_count, memory

T = TypeVar("T")

#: Limit of a work array that is kept for reuse, in bytes.
_SCRATCH_BYTES = 32 << 20
#: How long the reading of free memory is valid: reading it takes as long as convolving a small image.
_FREE_SECONDS = 0.02
#: Seconds between progress callbacks while waiting for other threads.
_POLL_SECONDS = 0.1


class Session:
    """Threads and caches shared by all calls of a process; `max_cached_bytes` limits the values that `cached` keeps."""

    def __init__(self, max_cached_bytes: int = 256 << 20) -> None:
        self.max_cached_bytes = max_cached_bytes
        self._lock = threading.RLock()
        self._pool: ThreadPoolExecutor | None = None
        self._cache: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._limits: list[int] = []
        self._rates: dict[str, float] | None = None
        self._code: dict[Hashable, Any] = {}
        self._compiling = threading.RLock()
        self._scratch = threading.local()
        self._jobs: list[Callable[[], object]] = []
        self._worker: threading.Thread | None = None
        self._ending = threading.Event()
        self._free = -math.inf, 0
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._hold, after_in_parent=self._release, after_in_child=self._restart)

    def cached(self, key: Hashable, make: Callable[[], T], nbytes: Callable[[T], int]) -> T:
        """The value for `key`, from a cache of limited size that drops the least recently used values first."""
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                found: T = self._cache[key][0]
                return found
        value = make()  # outside the lock: two threads may make the same value once each
        size = nbytes(value)
        with self._lock:
            if size <= self.max_cached_bytes // 2 and key not in self._cache:
                self._cache[key] = (value, size)
                self._bytes += size
                self._evict()
        return value

    def _evict(self) -> None:
        most = min((self.max_cached_bytes, *self._limits))
        while self._cache and self._bytes > most:
            self._bytes -= self._cache.popitem(last=False)[1][1]

    @contextlib.contextmanager
    def keeping(self, most: int) -> Iterator[None]:
        """Limit the cache of `cached` to `most` bytes within this context, in all threads."""
        with self._lock:
            self._limits.append(max(most, 0))
            self._evict()
        try:
            yield
        finally:
            with self._lock:
                self._limits.remove(max(most, 0))

    def run_all(
        self,
        function: Callable[[T], object],
        items: Iterable[T],
        workers: int,
        done: Callable[[int], object] = lambda count: None,
        stop: threading.Event | None = None,
    ) -> None:
        """Call `function` for each item on at most `workers` threads, including the calling one.

        `done(count)` is called in the calling thread only, with the number of items finished since its last call, 0
        while waiting for other threads. An exception of `done` or `function` sets `stop`, which long functions should
        check, and is raised here when all threads have stopped.
        """
        queue: Iterator[Any] = iter(items)
        lock, stop = threading.Lock(), stop or threading.Event()
        end: Any = object()
        latest = reported = 0

        def work(reports: bool) -> None:
            nonlocal latest, reported
            try:
                with np.errstate(all="ignore"):
                    while not stop.is_set():
                        with lock:
                            item = next(queue, end)
                        if item is end:
                            return
                        function(item)
                        with lock:
                            latest += 1
                        if reports:
                            reported, count = latest, latest - reported
                            done(count)
            except BaseException:
                stop.set()
                raise

        helpers: list[Future[None]] = []
        with contextlib.suppress(RuntimeError):  # the pool was shut down just now: use the calling thread alone
            helpers += [self._executor().submit(work, False) for _ in range(workers - 1)]
        try:
            work(True)
            for helper in helpers:
                while not helper.cancel() and not wait((helper,), _POLL_SECONDS).done:
                    done(0)
                helper.cancelled() or helper.result()
        finally:
            stop.set()
            for helper in helpers:
                if not helper.cancelled():
                    helper.exception()
        if latest > reported:
            done(latest - reported)

    def scratch(self, slot: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """A work array whose memory is reused by this thread for the next one of the same `slot`.

        Allocating a megabyte costs more than one pass over it, because the system clears its pages first.
        """
        size = math.prod(shape)
        if size * np.dtype(dtype).itemsize > _SCRATCH_BYTES:
            return np.empty(shape, dtype)
        held: dict[Any, np.ndarray] = self._scratch.__dict__.setdefault("arrays", {})
        flat = held.get((slot, dtype))
        if flat is None or flat.size < size:
            flat = held[slot, dtype] = np.empty(size, dtype)
        return flat[:size].reshape(shape)

    def compiled(self, key: Hashable, make: Callable[[], T]) -> T:
        """The compiled code for `key`, compiled on first use."""
        if key not in self._code:
            with self._compiling:
                if key not in self._code:
                    self._code[key] = make()
        code: T = self._code[key]
        return code

    def ready(self) -> frozenset[Hashable]:
        """Keys of the compiled code."""
        return frozenset(self._code)

    def free_bytes(self) -> int:
        """Free main memory in bytes, at most `_FREE_SECONDS` old."""
        asked, free = self._free
        now = time.monotonic()
        if now - asked > _FREE_SECONDS:
            free = memory()[0]
            self._free = now, free
        return free

    def rates(self) -> dict[str, float]:
        """The cost constants measured on this machine by `nc.tune()`, empty without a measurement."""
        with self._lock:
            if self._rates is None:
                self._rates = load_rates()
            return self._rates

    def set_rates(self, rates: dict[str, float] | None) -> None:
        """Set new constants, here and in the user's cache folder; None removes them."""
        with self._lock:
            self._rates = dict(rates or {})
        store_rates(rates)

    def later(self, jobs: Iterable[Callable[[], object]], delay: float = 0.5) -> None:
        """Run `jobs` one after another on a background thread, `delay` seconds after the call.

        Pending jobs are dropped when the interpreter exits.
        """
        with self._lock:
            self._jobs += jobs
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(
                    target=self._work, args=(delay,), name="napari-convolve-compile", daemon=True
                )
                self._worker.start()

    def _work(self, delay: float) -> None:
        if self._ending.wait(delay):
            return
        while not self._ending.is_set():
            with self._lock:
                if not self._jobs:
                    self._worker = None
                    return
                job = self._jobs.pop(0)
            job()

    def _end(self) -> None:
        """Wait (up to 10 s) for a running Numba compilation at interpreter exit."""
        self._ending.set()
        if self._worker is not None:
            self._worker.join(timeout=10)

    def _hold(self) -> None:
        """Wait for a running compilation before a fork: a child could never get the locks of the lost thread."""
        self._compiling.acquire()
        self._lock.acquire()

    def _release(self) -> None:
        self._lock.release()
        self._compiling.release()

    def _restart(self) -> None:
        """Begin anew in a forked child, which has none of the threads."""
        self._pool = self._worker = None
        self._jobs.clear()
        self._release()

    def forget_code(self) -> None:
        """Drop the compiled code of this process."""
        self._code.clear()

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(max(cpu_count(), 1), thread_name_prefix="napari-convolve")
            return self._pool

    def clear(self) -> None:
        """Release kernel spectra, work arrays, compiled code and threads."""
        with self._lock:
            self._cache.clear()
            self._scratch = threading.local()
            self.forget_code()
            self._bytes = 0
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)


SESSION = Session()


@dataclass(frozen=True)
class ScratchArrays:
    """An `Allocator` of arrays to work in: on the CPU their memory is used again by the thread's next tile."""

    backend: Backend
    slot: str

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        if self.backend.name != "numpy":
            return self.backend.empty(shape, dtype)
        return SESSION.scratch(self.slot, shape, dtype)

    def assign(self, target: Array, key: Any, value: Array | complex) -> None:
        self.backend.assign(target, key, value)
