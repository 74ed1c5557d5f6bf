"""Every contract test runs with the stand-in device registered, and leaves the registry clean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .standin import Memory, standin


@pytest.fixture(autouse=True, scope="module")
def device() -> Iterator[Memory]:
    """Register the stand-in backend for one module and hand out its allocator."""
    with standin() as memory:
        yield memory
