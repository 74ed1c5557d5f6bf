"""``python -m benchmarks``: measure, and write docs/performance.md."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from . import _store

# the user's own calibration and compiled code are not touched
os.environ.setdefault("NAPARI_CONVOLVE_CACHE", str(_store.FOLDER / "cache"))
os.environ.setdefault("NUMBA_CACHE_DIR", str(_store.FOLDER / "cache" / "numba"))

import napari_convolve as nc

from . import _page, _processes, designer, first_call, memory, planner, without_numba
from ._measure import Effort
from ._registry import Row, rows
from ._system import wait_until_quiet
from ._timing import OURS, ratio, stages, time_row

PARTS = ("rows", "memory", "bounds", "first", "without-numba", "designer", "planner")
QUICK = Effort(rounds=4, budget=0.5, patience=0.3, slow=0.6)


def main(arguments: list[str]) -> int:
    """Run the parts that are asked for; 0 when all rows could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rows and cases, under two minutes, no page written")
    parser.add_argument("--rows", nargs="+", metavar="NAME", help="only these rows; an ending * stands for anything")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="only these parts (default: all)")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds to wait for other load to go away")
    parser.add_argument("--budget", type=float, default=6.0, help="seconds of calls for each row (default: 6)")
    parser.add_argument("--resume", action="store_true", help="leave out what is kept from a run that was interrupted")
    parser.add_argument("--page", action="store_true", help="only write docs/performance.md from what is kept")
    parser.add_argument("--list", action="store_true", help="list the rows")
    parser.add_argument("--profile", action="store_true", help="say where our time goes in every row, not only misses")
    options = parser.parse_args(arguments)
    if options.list:
        for row in rows():
            print(f"{row.name:28s} {row.group}: {row.title}, goal {row.goal:g} x")
        return 0
    if options.page:
        return _write(_store.load("results"))
    effort = QUICK if options.quick else Effort(patience=options.patience, budget=options.budget)
    chosen = [row for row in rows() if _wanted(row, options.rows, options.quick)]
    if not chosen:
        parser.error(f"no row is called {options.rows}; --list names them")
    parts = options.parts or (("rows", "memory", "bounds", "without-numba") if options.rows else PARTS)
    run = Run("quick" if options.quick else "results", effort, options.profile, options.resume)
    for part in parts:
        run.part(part, chosen)
    written = 0 if options.quick else _write(run.results)
    return 1 if run.failures else written


def _write(results: dict[str, Any]) -> int:
    try:
        print(f"wrote {_page.write(results, _store.load('gpu'))}")
    except _page.NotesMissing as reason:
        print(f"no page: {reason}", file=sys.stderr)
        return 1
    return 0


def _wanted(row: Row, names: list[str] | None, quick: bool) -> bool:
    if names:
        return any(row.name == name or (name.endswith("*") and row.name.startswith(name[:-1])) for name in names)
    return row.quick or not quick


class Run:
    """One run of the benchmarks; each result is stored as soon as it is measured."""

    def __init__(self, name: str, effort: Effort, profile: bool, resume: bool = False) -> None:
        self.name, self.effort, self.profile = name, effort, profile
        self.resume = resume
        self.quick = name == "quick"
        self.results = _store.begin(name)
        self.failures = 0
        self._start = time.perf_counter()

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"{time.perf_counter() - self._start:6.0f} s  {text}", flush=True)

    def keep(self, part: str, found: dict[str, Any], *, add: bool = True) -> None:
        """Store results for the page."""
        self.results = _store.begin(self.name)
        self.results[part] = self.results.get(part, {}) | found if add else found
        _store.save(self.name, self.results)

    def part(self, name: str, chosen: list[Row]) -> None:
        """Run one part."""
        timed = [row for row in chosen if not row.memory]
        if name == "rows":
            wait_until_quiet(self.effort.patience)
            self.keep("rates", nc.tune(), add=False)
            for row in self.left("rows", timed):
                self.time(row)
        elif name == "memory":
            for row in self.left("large", [row for row in chosen if row.memory]):
                self.keep("large", memory.large_rows([row], self.effort, self.say))
        elif name == "bounds":
            for row in self.left("bounds", chosen[:: 4 if self.quick else 1]):
                if not (self.quick and row.memory):
                    self.keep("bounds", {row.name: memory.bounded_row(row, self.say)})
        elif name == "first":
            if not (self.resume and self.results.get("first")):
                self.keep("first", first_call.run(1 if self.quick else 5, self.say, self.quick))
        elif name == "without-numba":
            for row in self.left("without numba", timed[:: 5 if self.quick else 1]):
                self.time_without_numba(row)
        elif name == "designer":
            self.keep("designer", designer.run(), add=False)
        else:
            self.choices(12 if self.quick else 200, 0.2 if self.quick else 0.5)

    def left(self, part: str, chosen: list[Row]) -> list[Row]:
        """The rows to measure: all, or those that an interrupted run left."""
        kept = self.results.get(part, {}) if self.resume else {}
        return [row for row in chosen if row.name not in kept]

    def choices(self, number: int, budget: float) -> None:
        """Compare the planner's choice with all methods, case by case."""
        wait_until_quiet(self.effort.patience)
        nc.tune()
        chosen = planner.chosen(number)
        order = {case.name: place for place, case in enumerate(chosen)}
        kept = {one["case"]: one for one in self.results.get("planner", {}).get("cases", [])} if self.resume else {}
        left = [case for case in chosen if case.name not in kept]
        for one in planner.run(left, self.say, budget, min(self.effort.patience, 2.0)):
            kept[one["case"]] = one
            cases = sorted((kept[name] for name in kept if name in order), key=lambda one: order[one["case"]])
            self.keep("planner", {"cases": cases, "date": time.strftime("%Y-%m-%d")}, add=False)
        hits = sum(one["slower"] <= planner.TOLERANCE for one in kept.values()) / max(len(kept), 1)
        self.say(f"planner: {hits:.1%} of {len(kept)} cases within 25 % of the best method")

    def time(self, row: Row) -> None:
        """Time a row; profile it when it misses its goal."""
        try:
            found = time_row(row, self.effort)
            if self.profile or (not self.quick and ratio(found)[0] < row.goal):
                found["stages"] = stages(row)
        except Exception as error:  # noqa: BLE001  a border: one row, or one library, must not lose the others
            self.failures += 1
            self.say(f"{row.name}: {type(error).__name__}: {error}")
            return
        self.keep("rows", {row.name: found})
        self.say(_line(found))

    def time_without_numba(self, row: Row) -> None:
        """Time a row in a process without Numba, if SciPy or scikit-image can do the same."""
        if not any(map(without_numba.is_scipy, row.make().peers)):
            return
        try:
            found = without_numba.measured(row, self.effort, _store.FOLDER / "cache" / "without-numba")
        except _processes.Failed as reason:
            self.failures += 1
            self.say(f"{row.name}, without Numba: {reason}")
            return
        self.keep("without numba", {row.name: found})
        self.say("without Numba: " + _line(found))


def _line(found: dict[str, Any]) -> str:
    ours = found["contenders"][OURS]
    times, best = ratio(found)
    error = f", error {ours['error']:.1e}" if "error" in ours else ""
    return (
        f"{found['name']:26s} {1e3 * ours['median']:8.1f} ms, {times:5.2f} x {best} (goal {found['goal']:g}), "
        f"{ratio(found, 'minimum')[0]:.2f} x by minima{error}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
