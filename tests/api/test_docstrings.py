"""Docstrings of public functions and kernels: every parameter, in the order of the signature, no open placeholder."""

from __future__ import annotations

import inspect
import re

import pytest

import napari_convolve as nc
from napari_convolve.kernels import KERNELS
from napari_convolve.recipes import documented_parameters

FUNCTIONS = {name: getattr(nc, name) for name in nc.__all__ if inspect.isfunction(getattr(nc, name))} | {
    f"kernels.{name}": KERNELS.get(name).function for name in KERNELS
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_are_described_in_the_order_of_the_signature(name: str) -> None:
    signature = [parameter for parameter in inspect.signature(FUNCTIONS[name]).parameters if parameter != "self"]
    described = documented_parameters(FUNCTIONS[name].__doc__ or "")
    assert list(described) == signature
    assert all(described.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_shared_entries_are_filled_in(name: str) -> None:
    assert not re.search(r"^ *\{\w[\w., ]*\}$", FUNCTIONS[name].__doc__ or "", re.MULTILINE)
