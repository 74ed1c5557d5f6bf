"""The command line in this process, with its output."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import typer.main

from napari_convolve.cli import run


@dataclass
class Result:
    status: int
    out: str
    err: str


#: typer reads the signatures of all commands anew for every call, which takes longer than most of what is tested.
built = functools.cache(typer.main.get_command)


@pytest.fixture(autouse=True, scope="module")
def built_once() -> Iterator[None]:
    """Build the commands once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", built)
        yield


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run ``napari-convolve`` with the given words."""

    def call(*words: object) -> Result:
        status = run([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Result(status, captured.out, captured.err)

    return call
