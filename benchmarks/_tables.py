"""Replace tables in docs/deconvolution-quality.md, which lie between two HTML comments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "deconvolution-quality.md"


def write_table(name: str, lines: Sequence[str]) -> None:
    """Replace the lines between ``<!-- NAME -->`` and ``<!-- end -->``."""
    text = PAGE.read_text(encoding="utf-8")
    start, body = f"<!-- {name} -->", "\n".join(lines).strip()
    changed, count = re.subn(
        f"{re.escape(start)}.*?<!-- end -->", lambda _: f"{start}\n\n{body}\n\n<!-- end -->", text, flags=re.S
    )
    if count != 1:
        raise ValueError(f"{PAGE.name} has {count} places for the table {name!r}")
    PAGE.write_text(changed, encoding="utf-8")
