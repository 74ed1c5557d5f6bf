"""The command line in this process, with its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from napari_convolve.cli import run


@dataclass
class Result:
    status: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run ``napari-convolve`` with the given words."""

    def call(*words: object) -> Result:
        status = run([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Result(status, captured.out, captured.err)

    return call
