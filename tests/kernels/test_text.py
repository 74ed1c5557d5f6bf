"""Typed matrices: numbers and simple fractions, never evaluated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_convolve.kernels import custom
from napari_convolve.kernels._text import format_matrix, parse_matrix


@pytest.mark.parametrize(
    "text",
    [
        "1 2; 3 4",
        "1 2\n3 4",
        "1,2\n3,4",
        "1, 2; 3, 4",
        "1\t2\r\n3\t4\r\n",
        "1;2\n3;4",
        "1 2;\n3 4;\n",
        "\ufeff1 2\n\n3 4\n",
        "  +1.0 2e0 ;3.  .4e1 ",
        "3/3 4/2; -9/-3 2.0/0.5",
        "1 2\r3 4",
    ],
)
def test_ways_to_type_a_matrix(text: str) -> None:
    assert parse_matrix(text).tolist() == [[1, 2], [3, 4]]


def test_fractions_and_minus_signs() -> None:
    assert custom(values="1/9 1/9 1/9; " * 3).sum == pytest.approx(1)
    assert parse_matrix("\u22121 -1/4").tolist() == [[-1, -0.25]]
    assert parse_matrix("5").tolist() == [[5]]
    assert parse_matrix("1,2,1;2,4,2").tolist() == [[1, 2, 1], [2, 4, 2]]


ATTACKS = [
    "__import__('os').system('touch PWNED')",
    "().__class__.__base__.__subclasses__()",
    "9**9**9**9",
    "[x for x in (1).__class__.__mro__]",
    "exec(\"open('PWNED', 'w')\")",
    "lambda: 0",
    "x.__globals__",
    'f"{x.__class__}"',
    '"a"*10**10',
    "=1+1",
    "=cmd|'/C calc'!A0",
    "1_000",
    "0x10",
    "1e5e5",
    "1/2/3",
    "/2",
    "1/",
    "nan",
    "inf",
    "-Infinity",
    "1j",
    "True",
    "1+1",
    "(1)",
    "\uff11",
    "1\x002",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_anything_else_is_refused_and_the_token_named(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"row 2: .* is not a number or a fraction") as caught:
        custom(values="1 1\n" + text)
    token = text.replace(",", " ").split()[0]
    assert repr(token)[1:-1][:30] in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \n\t\n;;", "empty"),
        ("1 2\n3", "row 2 has 1 values, row 1 has 2"),
        ("\n1 2\n\n3 4 5", "row 4 has 3 values, row 2 has 2"),
        ("a b\n1 2", "row 1: 'a'"),
        ("1 2\n3 1/0", "row 2: '1/0' divides by zero"),
        ("1e400 2", "row 1: '1e400' is too large"),
        ("1/1e-400", "divides by zero"),
        ("1e308/1e-308", "too large"),
        ("1,,2\n3,4,5", "row 1: a value is missing"),
        (",1\n2,3", "row 1: a value is missing"),
        ("1,5;2,5\n3,5;4,5", "row 1: '1,5' may be one number or two"),
        ("1,5 2,5", "'1,5' may be one number or two"),
        ("1,5\t2\n3\t4", "'1,5' may be one number or two"),
        ("1 2;3 4\n5 6;7 8", "use one kind"),
        ("9" * 500, "row 1: '9999"),
    ],
)
def test_malformed_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_matrix(text)


def test_a_matrix_too_large_is_refused_while_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_convolve.kernels._text.MAX_CHARACTERS", 100)
    with pytest.raises(ValueError, match="too long"):
        parse_matrix("1 " * 51)


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(
            st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=n, max_size=n), min_size=1, max_size=5
        )
    )
)
def test_what_is_written_reads_back_exactly(rows: list[list[float]]) -> None:
    values = np.array(rows)
    np.testing.assert_array_equal(parse_matrix(format_matrix(values)), values)


@given(st.text(max_size=40))
def test_any_text_gives_a_matrix_or_one_sentence(text: str) -> None:
    try:
        assert np.isfinite(parse_matrix(text)).all()
    except ValueError as error:
        assert len(str(error)) < 300
