"""Results as JSON under benchmarks/results: each part is replaced when it is measured again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ._system import machine

FOLDER = Path(__file__).parent / "results"


def load(name: str) -> dict[str, Any]:
    """What is kept under a name; empty when there is nothing."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def begin(name: str) -> dict[str, Any]:
    """What is kept, to be added to; nothing that another machine or other versions measured."""
    kept, here = load(name), machine()
    return kept if kept.get("machine") == here else {"machine": here}


def save(name: str, results: dict[str, Any]) -> None:
    """Keep results."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.with_suffix(".part").write_text(json.dumps(results, indent=1, ensure_ascii=False), "utf-8")
    path.with_suffix(".part").replace(path)
