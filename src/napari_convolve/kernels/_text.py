"""Parser for typed matrices: numbers and fractions, never evaluated as code."""

from __future__ import annotations

import re
from math import isfinite

import numpy as np

from ._values import Values, guard

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
MAX_CHARACTERS = 2**26


def parse_number(token: str, row: int) -> float:
    """Return the value of a number or of a simple fraction such as ``-1/9``."""
    parts = token.split("/") if len(token) <= 400 else []
    shown = token if len(token) <= 40 else f"{token[:37]}..."
    if len(parts) not in (1, 2) or not all(NUMBER.fullmatch(part) for part in parts):
        raise ValueError(f"row {row}: {shown!r} is not a number or a fraction such as 1/9")
    top, bottom = float(parts[0]), float(parts[-1]) if len(parts) == 2 else 1.0
    if bottom == 0:
        raise ValueError(f"row {row}: {shown!r} divides by zero")
    if not isfinite(top) or not isfinite(bottom) or not isfinite(top / bottom):
        raise ValueError(f"row {row}: {shown!r} is too large")
    return top / bottom


def parse_matrix(text: str) -> Values:
    """Return the matrix of numbers and simple fractions in `text`.

    Rows end at a newline, or at a semicolon when the text is one line; values are separated by spaces, tabs or commas,
    or by semicolons when there are several lines. Anything else, rows of different length, and commas that may be
    decimal ones, as in ``1,5; 2,5``, raise ValueError with the row and the token.

    >>> parse_matrix("0 -1 0; -1 5 -1; 0 -1 0").tolist()
    [[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]
    >>> parse_matrix("1/4 1/2 1/4").tolist()
    [[0.25, 0.5, 0.25]]
    >>> parse_matrix("1 2; 3 x")
    Traceback (most recent call last):
        ...
    ValueError: row 2: 'x' is not a number or a fraction such as 1/9
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a matrix of {len(text)} characters is too long, the limit is {MAX_CHARACTERS}")
    text = text.removeprefix("\ufeff").replace("\u2212", "-")
    refuse_decimal_comma(text)
    rows: list[list[float]] = []
    first = 0
    for row, line in enumerate(lines_of(text), 1):
        if not line:
            continue
        cells = re.split(r"[ \t]*[,;][ \t]*|[ \t]+", line)
        if "" in cells:
            raise ValueError(f"row {row}: a value is missing beside a separator")
        rows.append([parse_number(cell, row) for cell in cells])
        first = first or row
        if len(rows[-1]) != len(rows[0]):
            raise ValueError(f"row {row} has {len(rows[-1])} values, row {first} has {len(rows[0])}")
        guard([row, len(rows[0])])
    if not rows:
        raise ValueError("a matrix needs at least one number, got an empty text")
    return np.array(rows)


def lines_of(text: str) -> list[str]:
    """Split text into stripped rows: at newlines, or at semicolons when the text is one line."""
    lines = [line.strip().rstrip("; \t") for line in text.splitlines()]
    if sum(map(bool, lines)) == 1:
        return [row.strip() for line in lines for row in line.split(";")]
    for row, line in enumerate(lines, 1):
        if ";" in line and re.search(r"[0-9.][ \t]+[-+0-9.]|,", line):
            raise ValueError(f"row {row}: {line[:40]!r} has semicolons and other separators; use one kind")
    return lines


def refuse_decimal_comma(text: str) -> None:
    """Raise ValueError when all commas may be decimal ones, because other characters separate the values."""
    rows = [re.split(r"[; \t]+", line.strip(" \t;")) for line in text.splitlines()]
    with_comma = [(i, cell) for i, cells in enumerate(rows, 1) for cell in cells if "," in cell]
    several = any(len(cells) > 1 for cells in rows)
    if several and with_comma and all(DECIMAL_COMMA.fullmatch(cell) for _, cell in with_comma):
        row, cell = with_comma[0]
        raise ValueError(
            f"row {row}: {cell!r} may be one number or two; write decimals with a point, or a space after the comma"
        )


def format_matrix(values: Values) -> str:
    """Return a real matrix in ImageJ's format: rows of numbers separated by spaces, with all digits."""
    return "".join(" ".join(f"{v:.17g}" if v % 1 else f"{v:.0f}" for v in row) + "\n" for row in values)
