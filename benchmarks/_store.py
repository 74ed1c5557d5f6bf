"""Results as JSON files under benchmarks/results; each part is replaced when it is measured again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ._system import machine

FOLDER = Path(__file__).parent / "results"


def load(name: str) -> dict[str, Any]:
    """The stored results of a name; empty when there are none."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def begin(name: str) -> dict[str, Any]:
    """The stored results of a name that were measured on this machine with these versions."""
    kept, here = load(name), machine()
    return kept if kept.get("machine") == here else {"machine": here}


def save(name: str, results: dict[str, Any]) -> None:
    """Store results."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.with_suffix(".part").write_text(json.dumps(results, indent=1, ensure_ascii=False), "utf-8")
    path.with_suffix(".part").replace(path)
