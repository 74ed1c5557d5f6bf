"""The description of operations that forms and command line read."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType

import napari_convolve as nc
from napari_convolve.recipes import OPERATIONS, documented_parameters, parameters


def test_every_option_of_every_operation_is_described() -> None:
    assert {"convolve", "correlate"} <= set(OPERATIONS)
    for name in OPERATIONS:
        operation = OPERATIONS.get(name)
        assert operation.function is getattr(nc, name)
        assert operation.summary
        assert operation.arrays[0].name == "image"
        assert all(option.help for option in operation.options), name
        assert not {"progress", "report"} & {option.name for option in operation.options}


def test_types_limits_and_choices_come_from_the_signature() -> None:
    described = {parameter.name: parameter for parameter in parameters(nc.convolve)}
    assert described["workers"].types == {int, NoneType}
    assert described["workers"].limits.min == 1
    assert described["origin"].types == {int, Sequence}
    assert described["shape"].limits.options() == ("same", "full", "valid")
    assert "reflect" in described["boundary"].limits.options()
    assert described["kernel"].array


def test_kernels_are_described_the_same_way() -> None:
    sigma = parameters(nc.kernels.gaussian)[0]
    assert (sigma.name, sigma.limits.unit) == ("sigma", "length")
    assert "Standard deviation" in sigma.help


def test_a_docstring_without_parameters() -> None:
    assert documented_parameters("Nothing here.") == {}
    text = "Sum.\n\nParameters\n----------\na\n    First\n    line.\n*b : int\n    Second.\n\nNotes\n-----\nc\n    No."
    assert documented_parameters(text) == {"a": "First line.", "b": "Second."}
