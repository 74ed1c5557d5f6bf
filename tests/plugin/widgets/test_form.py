"""Forms generated from signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import pytest

import napari_convolve as nc
from napari_convolve._registry import Param
from napari_convolve.kernels import KERNELS
from napari_convolve.plugin.widgets.fields import Choice, LengthsField, NumberField, TextField, number, numbers, whole
from napari_convolve.plugin.widgets.form import Form


def example(
    image: Any,
    /,
    *,
    sigma: Annotated[float | Sequence[float], Param(min=0, max=50, step=0.25)],
    mode: Annotated[str, Param(choices=("plain", "odd"), label="kind")] = "plain",
    strength: Annotated[float, Param(min=0, max=1, step=0.001)] = 0.123456,
    count: Annotated[int, Param(min=2, max=9)] = 3,
    limit: Annotated[float | None, Param()] = None,
    keep: bool = True,
    threads: Annotated[int | None, Param(min=1, advanced=True)] = None,
    progress: Any = None,
) -> None:
    """Do something.

    Parameters
    ----------
    sigma
        Width, in ``pixels``.
    limit
        At which it ends, by default 0.7.
    """


@pytest.fixture
def form(qapp) -> Form:
    return Form(example)


def test_limits_labels_and_tooltips_come_from_the_signature(form) -> None:
    assert set(form.parameters) == {"sigma", "mode", "strength", "count", "limit", "keep", "threads"}
    box = form["sigma"]._boxes[0].box
    assert (box.minimum(), box.maximum(), box.singleStep(), form["sigma"].tooltip) == (0, 50, 0.25, "Width, in pixels.")
    assert form["mode"].label == "kind" and form["mode"].choices == ("plain", "odd")
    assert (form["count"].min, form["count"].max) == (2, 9)
    assert form["limit"]._edit.placeholderText() == "0.7"
    assert form["threads"]._edit.placeholderText() == "automatic"


def test_only_what_differs_from_the_defaults_is_passed_on(form) -> None:
    assert form.arguments() == {"sigma": 1.0}
    form["strength"].value = 0.987654
    form["count"].value, form["keep"].value, form["mode"].value = 4, False, "odd"
    form["limit"].value, form["threads"].value = 0.5, 2
    assert form.arguments() == {
        "sigma": 1.0,
        "strength": 0.987654,
        "count": 4,
        "keep": False,
        "mode": "odd",
        "limit": 0.5,
        "threads": 2,
    }


def test_a_text_that_is_no_number_is_named_with_its_field(form) -> None:
    form["limit"].value = "much"
    with pytest.raises(ValueError, match="limit: 'much' is not a number"):
        form.arguments()


def test_advanced_parameters_are_folded_away(form) -> None:
    fold = form._list[-1]
    form.show()
    assert not form["threads"].visible and form["count"].visible
    fold.button.native.click()
    assert form["threads"].visible
    fold.button.native.click()
    assert not form["threads"].visible


def test_one_length_for_all_axes_or_one_for_each(qapp) -> None:
    field = LengthsField(2.0, axes=("z", "y", "x"))
    assert field.value == 2.0
    field._each.click()
    assert field.value == (2.0, 2.0, 2.0)
    field._boxes[1].value = 0.5
    assert field.value == (2.0, 0.5, 2.0)
    field.set_axes(("y", "x"))
    assert field.value == (2.0, 0.5)
    field.set_axes(("t",))
    assert field.value == 2.0
    field.value = (1.0, 3.0)
    field.set_axes(("y", "x"))
    assert field.value == (1.0, 3.0)


def test_numbers_keep_six_decimals_and_look_short(qapp) -> None:
    field = NumberField(2.0)
    assert field.box.text() == "2"
    field.value = 0.000125
    assert (field.value, field.box.text()) == (0.000125, "0.000125")


def test_choosing_nothing_is_a_change_too(qapp) -> None:
    choice = Choice([("the whole image", None), ("a", 1)])
    seen: list[object] = []
    choice.changed.connect(seen.append)
    choice.native.setCurrentIndex(1)
    choice.native.setCurrentIndex(0)
    assert seen == [1, None]


def test_an_option_that_may_be_left_out_offers_none(qapp) -> None:
    form = Form(nc.feature_maps)
    assert form["activation"].value is None and "activation" not in form.arguments()
    form["activation"].value = "relu"
    assert form.arguments()["activation"] == "relu"


def test_readers_of_text() -> None:
    assert (number("1e-3"), whole("7"), numbers("2, 2"), numbers("3 0.5")) == (1e-3, 7, (2, 2), (3, 0.5))
    for read in (number, whole, numbers):
        with pytest.raises(ValueError, match="'x' is not a"):
            read("x")
    for text in ("__import__('os').system('true')", "9**9**9", "().__class__"):
        with pytest.raises(ValueError, match="is not a number"):
            numbers(text)


def test_an_empty_text_is_the_default(qapp) -> None:
    field = TextField(number, "auto", empty="auto")
    assert field._edit.text() == "" and field.value == "auto"


@pytest.mark.parametrize("name", ["convolve", "correlate", "match_template", "detect_features", "wiener"])
def test_every_operation_has_a_form_whose_defaults_are_the_signature_s(qapp, name: str) -> None:
    form = Form(getattr(nc, name), leave_out=("axes", "mask"))
    assert form.arguments() == {}
    assert all(form[key].tooltip for key in form.parameters)


@pytest.mark.parametrize("name", list(KERNELS))
def test_every_kernel_of_the_catalogue_has_a_form_that_makes_it(qapp, name: str) -> None:
    form = Form(KERNELS.get(name).function, leave_out=("ndim", "spacing"))
    if name == "custom":
        form["values"].value = "1 2 1"
    assert KERNELS.get(name)(**form.arguments()).ndim >= 1
    assert all(form[key].tooltip for key in form.parameters)


def test_the_constant_is_asked_for_only_where_it_counts(qapp) -> None:
    form = Form(nc.convolve, leave_out=("axes", "mask"))
    form.show()
    assert not form["cval"].visible
    form["cval"].value = 5
    assert "cval" not in form.arguments()
    form["boundary"].value = "constant"
    assert form["cval"].visible and form.arguments()["cval"] == 5
