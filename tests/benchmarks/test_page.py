"""The page docs/performance.md agrees with the results."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from benchmarks._registry import rows as registered
from benchmarks._timing import OURS, ratio

from benchmarks import _page

_NOTES, _PAGE = _page.NOTES, _page.PAGE


def row(name: str, ours: float, goal: float, **peers: float) -> dict[str, Any]:
    contenders = {peer: {"median": t, "minimum": t} for peer, t in {OURS: ours, **peers}.items()}
    if "tiled" in contenders:
        contenders["tiled"]["by_hand"] = True
    return {
        "name": name, "group": "Group", "title": f"work {name}", "goal": goal, "moonshot": 0.0, "memory": 0.0,
        "plan": "fft on numpy, tiles of 3x3", "contenders": contenders, "date": "2026-01-02",
    }  # fmt: skip


def test_ratio_is_that_of_the_best_peer() -> None:
    one = row("a", 2.0, 1.0, slow=9.0, quick=3.0, tiled=1.0)
    assert ratio(one) == (1.5, "quick")
    assert ratio(one, by_hand=True) == (0.5, "tiled")
    assert ratio(row("b", 2.0, 1.0)) == (0.0, "")


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notes.toml"
    path.write_text('bad = "Larger tiles."\nbig = "Smaller tiles."\n', "utf-8")
    monkeypatch.setattr(_page, "NOTES", path)


def test_misses_are_listed_and_counted() -> None:
    rows = {"good": row("good", 1.0, 2.0, peer=3.0), "bad": row("bad", 4.0, 2.0, peer=3.0), "alone": row("alone", 1, 2)}
    text = _page.page({"machine": {"processor": "abacus"}, "rows": rows}, {})
    assert "**1 of 2 rows reach their goal**" in text
    misses = text.split("## Misses")[1].split("\n## ")[0]
    assert "`bad`): 0.75 of 2, 62% short" in misses
    assert "good" not in misses and "Tried: Larger tiles." in misses
    assert "**0.75**" in text and "**3.00**" not in text
    assert "abacus" in text and "2026-01-02" in text
    assert "Unmeasured: there was no GPU" in text


def test_a_miss_without_a_note_leaves_the_page_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_page, "PAGE", tmp_path / "performance.md")
    rows = {name: row(name, 4.0, 2.0, peer=3.0) for name in ("bad", "worse")}
    with pytest.raises(_page.NotesMissing, match="worse miss"):
        _page.write({"rows": rows}, {})
    assert not _page.PAGE.exists()
    _page.write({"rows": {"bad": rows["bad"]}}, {})
    assert "`bad`" in _page.PAGE.read_text("utf-8")


def test_notes_are_about_rows_that_exist() -> None:
    names = {one.name for one in registered()}
    assert set(tomllib.loads(_NOTES.read_text("utf-8"))) <= names


def test_every_miss_on_the_page_says_what_was_tried_and_where_the_time_goes() -> None:
    misses = _PAGE.read_text("utf-8").split("## Misses")[1].split("\n## ")[0].split("\n- **")[1:]
    assert misses
    for miss in misses:
        assert "\n  Tried: " in miss, miss
        assert "cores busy; on one thread" in miss or "`large-" in miss, miss


def test_first_call_says_how_long_the_longest_takes() -> None:
    steps = {"NumPy and SciPy": 0.2, "import and first call": 0.4, "second call": 0.1}
    found = {"5², empty cache": steps, "31², empty cache": steps | {"import and first call": 0.61}}
    section = _page.page({"first": found | {"tune": {"tune": 9.0}}}, {}).split("## First call")[1]
    assert "the longest takes 610 ms" in section and "tune: 9 s" in section


def test_too_much_memory_is_a_miss() -> None:
    big = row("big", 1.0, 1.0, peer=2.0) | {"memory": 1.1}
    for one in big["contenders"].values():
        one["growth"] = int(1.2 * 2**30)
    text = _page.page({"large": {"big": big}}, {})
    assert "**0 of 1 rows reach their goal**" in text
    assert "more memory than 1.1 GiB" in text


def test_planner_hit_rate() -> None:
    fine = {"case": "fine", "choice": "a", "best": "b", "seconds": {"a": 1.2, "b": 1.0}, "slower": 1.2}
    poor = {"case": "poor", "choice": "a", "best": "b", "seconds": {"a": 2.0, "b": 1.0}, "slower": 2.0}
    cases = [one | {"untuned_slower": 2.0} for one in (fine, fine, fine, poor)]
    text = _page.page({"planner": {"cases": cases}}, {})
    assert "In 75.0% of 4 cases" in text and "in 0.0%" in text
    choices = text.split("## The planner's choices")[1].split("\n## ")[0]
    assert "poor" in choices and "fine" not in choices


def test_designer_names_its_slowest_view() -> None:
    found = {"gabor": {"Weights": 0.002, "Response": 0.0514}, "box": {"Weights": 0.001, "Response": 0.003}}
    section = _page.page({"designer": found}, {}).split("## The Kernel Designer")[1].split("\n## ")[0]
    assert "the slowest view takes 51.4 ms" in section and "| gabor | 2.0 ms | 51.4 ms |" in section
