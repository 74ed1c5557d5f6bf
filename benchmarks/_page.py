"""Write docs/performance.md from the results of the benchmarks."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ._registry import rows as registered
from ._timing import OURS, ratio
from .drag import section as drag
from .fourier import section as fourier
from .holds import section as holds
from .inspector import section as inspector
from .planner import TOLERANCE
from .shader import section as shader

_ROOT = Path(__file__).parents[1]
PAGE = _ROOT / "docs" / "performance.md"
#: Notes, written by hand, on what was tried for rows that miss their goal, by the name of the row.
NOTES = Path(__file__).with_name("notes.toml")
Results = Mapping[str, Any]

_HEAD = """# Performance

Speed, accuracy and memory of the operations, compared with other libraries. `python -m benchmarks` measures everything
and writes this page; `--quick` takes less than two minutes and writes no page, `--rows NAME` measures some rows,
`--list` lists them. It needs `pip install '.[fast]' opencv-python-headless scikit-image`; SimpleITK and RedLionfish are
included where they are installed.

**How it is measured.** Ours and the other libraries ("peers") run in turns in one process, on the same input, with all
cores, after a first call that is not counted. Each round waits until the machine has no other load, and calls during
other load are left out where enough calls without it remain. Our planner is tuned (`nc.tune()`) and our boundary mode
is reflection; FFT functions of others assume zeros outside. Each call gets a kernel with new values, so that cached
spectra cannot be reused, except in rows that say "the same kernel again". Times are medians and include allocation of
the result. A ratio is the best peer's time over ours, more than 1 when ours is faster; "by minima" is the same ratio
for the fastest calls. Peers marked † are small programs around a library (an image cut into tiles for a pool of
threads); they count only in the column "by hand". The error is the largest deviation from the same computed in float64,
relative to the largest value.
"""


class NotesMissing(ValueError):
    """Rows miss their goal and have no entry in `NOTES`."""


def write(results: Results, gpu: Results) -> Path:
    """Write the page; returns its path.

    Raises
    ------
    NotesMissing
        When a row misses its goal and has no entry in `NOTES`; the page is then not changed.
    """
    PAGE.write_text(page(results, gpu), encoding="utf-8")
    return PAGE


def page(results: Results, gpu: Results) -> str:
    """The page as text."""
    notes = tomllib.loads(NOTES.read_text("utf-8"))
    order = {row.name: number for number, row in enumerate(registered())}
    kept = {**results.get("rows", {}), **results.get("large", {})}
    rows = {name: kept[name] for name in sorted(kept, key=lambda name: order.get(name, len(order)))}
    parts = [
        [_HEAD, _machine(results.get("machine", {}), rows)],
        _summary(rows),
        *_groups({name: row for name, row in rows.items() if not row["memory"]}),
        _large({name: row for name, row in rows.items() if row["memory"]}),
        _misses(rows, notes),
        _bounds(results.get("bounds", {})),
        _first(results.get("first", {})),
        drag(results.get("drag", {})),
        holds(results.get("holds", {})),
        shader(results.get("shader", {})),
        fourier(results.get("fourier", {})),
        _without_numba(results.get("without numba", {})),
        _designer(results.get("designer", {})),
        inspector(results.get("inspector", {})),
        _planner(results.get("planner", {})),
        _gpu(gpu),
        _all_libraries(rows),
        _cases(results.get("planner", {})),
    ]
    return "\n".join("\n".join(part).rstrip() + "\n" for part in parts if part)


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown, the first column aligned left, the others right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(line) + " |" for line in (head, rule, *lines)]


def _machine(machine: Mapping[str, str], rows: Results) -> str:
    days = sorted({row["date"] for row in rows.values()})
    day = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "not yet"
    return "**Machine.** " + ", ".join(f"{key} {value}" for key, value in machine.items()) + f"; measured {day}."


def _reaches(row: Mapping[str, Any]) -> bool:
    return ratio(row)[0] >= row["goal"] and _memory_reached(row)


def _memory_reached(row: Mapping[str, Any]) -> bool:
    return not row["memory"] or row["contenders"][OURS]["growth"] / 2**30 <= row["memory"]


def _summary(rows: Results) -> list[str]:
    judged = {name: row for name, row in rows.items() if ratio(row)[1]}
    if not judged:
        return []
    reached = sum(map(_reaches, judged.values()))
    text = f"**{reached} of {len(judged)} rows reach their goal**; the others are listed under [Misses](#misses)."
    if disturbed := sum(map(_disturbed, rows.values())):
        text += f" In {disturbed} rows, marked ~, there was other load during most calls."
    if missing := [f"`{row.name}`" for row in registered() if row.name not in rows]:
        text += f" Not measured: {', '.join(missing)}."
    return [text]


def _disturbed(row: Mapping[str, Any]) -> bool:
    ours = row["contenders"][OURS]
    return bool(ours.get("quiet", 3) < min(3, ours.get("calls", 3)))


def _groups(rows: Results) -> Iterator[list[str]]:
    for group in dict.fromkeys(row["group"] for row in rows.values()):
        lines = [_line(row) for row in rows.values() if row["group"] == group]
        head = ("work", "method", "ours", "best peer", "its time", "ratio", "by minima", "goal", "by hand", "our error")
        yield [f"## {group}\n", *table((*head, "its error"), lines)]


def _line(row: Mapping[str, Any]) -> list[str]:
    contenders = row["contenders"]
    times, best = ratio(row)
    with_hand, hand = ratio(row, by_hand=True)
    peer = contenders.get(best, {})
    return [
        row["title"],
        row["plan"].split(" on ")[0],
        ("~ " if _disturbed(row) else "") + seconds(contenders[OURS]["median"]),
        best or "none installed",
        seconds(peer["median"]) if peer else "",
        (f"{times:.2f}" if times >= row["goal"] else f"**{times:.2f}**") if best else "",
        f"{ratio(row, 'minimum')[0]:.2f}" if best else "",
        _goal(row),
        f"{with_hand:.2f}" if hand != best else "",
        _error(contenders[OURS]),
        _error(peer),
    ]


def _goal(row: Mapping[str, Any]) -> str:
    return f"{row['goal']:g}" + (f" ({row['moonshot']:g})" if row["moonshot"] else "")


def seconds(value: float) -> str:
    """A time with three significant digits."""
    return f"{value:.3g} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def _error(contender: Mapping[str, Any]) -> str:
    value = contender.get("error")
    return "" if value is None else f"{value:.0e}"


def _large(rows: Results) -> list[str]:
    if not rows:
        return []
    lines = []
    for row in rows.values():
        for name, one in row["contenders"].items():
            lines.append((
                row["title"] if name == OURS else "", _marked(name, one),
                ("" if one.get("quiet", 1) else "~ ") + seconds(one["median"]),
                f"{one['growth'] / 2**30:.2f} GiB", _error(one),
                f"{_times(row)}, goal {_goal(row)}; at most {row['memory']} GiB" if name == OURS else "",
            ))  # fmt: skip
    head = ("work", "library", "time", "memory beyond the input, result included", "error", "ratio")
    return ["## Large images\n\nEach in its own process; memory is the growth of peak resident memory.\n",
            *table(head, lines)]  # fmt: skip


def _times(row: Mapping[str, Any]) -> str:
    times, best = ratio(row)
    return f"{times:.2f}" if best else "others not measured"


def _marked(name: str, one: Mapping[str, Any]) -> str:
    return f"{name} †" if one.get("by_hand") else name


def _misses(rows: Results, notes: Results) -> list[str]:
    lines, missing = [], []
    for name, row in rows.items():
        times, best = ratio(row)
        if not best or _reaches(row):
            continue
        lines.append(
            f"- **{row['title']}** (`{name}`): {times:.2f} of {row['goal']:g}, {1 - times / row['goal']:.0%} short"
        )
        if times >= row["goal"]:
            lines[-1] = f"- **{row['title']}** (`{name}`): more memory than {row['memory']} GiB"
        lines[-1] += f"; {row['plan'].split(', about')[0]}."
        if found := row.get("stages"):
            shares = ", ".join(f"`{label}` {share:.0%}" for label, share in found["top"] if share >= 0.03)
            alone = seconds(found["one_thread"])
            lines.append(f"  {found['cores_busy']:.2f} cores busy; on one thread {alone}, of which {shares}.")
        if note := notes.get(name):
            lines.append(f"  Tried: {note}")
        else:
            missing.append(name)
    if missing:
        raise NotesMissing(
            f"{', '.join(missing)} miss their goal; write in {NOTES.name} what was tried, then use --page"
        )
    text = "Rows that do not reach their goal, with the plan, a profile of one thread, and what was tried.\n"
    return ["## Misses\n", text, *lines] if lines else []


def _bounds(found: Results) -> list[str]:
    if not found:
        return []
    lines = []
    for name, one in found.items():
        if "failed" in one:
            lines.append((f"`{name}`", "", "failed", one["failed"], ""))
            continue
        times = one["growth"] / one["bound"]
        shown = f"{times:.2f}" if times <= 1.2 else f"**{times:.2f}**"
        sizes = (f"{size / 2**20:.0f} MiB" for size in (one["bound"], one["growth"]))
        lines.append((f"`{name}`", *sizes, shown, one["plan"]))
    head = ("row", "max_memory", "beyond input and output", "of it", "plan")
    text = (
        "Growth of the peak resident memory of a process during one call; the goal is at most 1.2 times the bound. The "
        "bound is doubled where an operation refuses it as too small before the work starts.\n"
    )
    return ["## Bounded memory\n", text, *table(head, lines)]


def _first(found: Results) -> list[str]:
    if not found:
        return []
    calls = {name: steps for name, steps in found.items() if "tune" not in steps}
    steps = list(next(iter(calls.values())))
    lines = [(name, *(seconds(one[step]) for step in steps)) for name, one in calls.items()]
    tuned = [f"{name}: {seconds(one['tune'])}" for name, one in found.items() if "tune" in one]
    longest = max(one["import and first call"] for one in calls.values())
    text = (
        "A 2048² float32 image in a new process, minimum of several runs. The first call includes the import of the "
        'package, without NumPy and SciPy; it never waits for the compiler. "Cache" is the folder of compiled code and '
        f"constants. The goal is less than 1 s beyond NumPy and SciPy; the longest takes {seconds(longest)}.\n"
    )
    return ["## First call\n", text, *table(("kernel", *steps), lines), "", "; ".join(tuned) + "."]


def _without_numba(found: Results) -> list[str]:
    if not found:
        return ["## Without Numba\n", "Not measured yet: `python -m benchmarks --parts without-numba` does."]
    lines = []
    for row in found.values():
        times, best = ratio(row)
        shown = f"{times:.2f}" if times >= 1 else f"**{times:.2f}**"
        peer = seconds(row["contenders"][best]["median"])
        method = row["plan"].split(" on ")[0]
        lines.append((row["title"], method, seconds(row["contenders"][OURS]["median"]), best, peer, shown))
    reached = sum(ratio(row)[0] >= 1 for row in found.values())
    text = (
        "In a process that cannot import Numba, compared with the best function of SciPy or scikit-image: "
        f"{reached} of {len(found)} rows reach 1.\n"
    )
    return ["## Without Numba\n", text, *table(("work", "method", "ours", "best of SciPy", "its time", "ratio"), lines)]


def _designer(found: Results) -> list[str]:
    if not found:
        return []
    views = list(next(iter(found.values())))
    lines = [(kernel, *(f"{1e3 * times[view]:.1f} ms" for view in views)) for kernel, times in found.items()]
    slowest = max(time for times in found.values() for time in times.values())
    text = (
        "From a slider move to the painted view: processor time of our own code, median of several moves, without Qt's "
        f"event loop and the screen. The goal is 50 ms, the slowest view takes {1e3 * slowest:.1f} ms.\n"
    )
    return ["## The Kernel Designer\n", text, *table(("kernel", *views), lines)]


def _hits(cases: Sequence[Mapping[str, Any]], key: str) -> str:
    return f"{sum(one[key] <= TOLERANCE for one in cases) / len(cases):.1%}"


def _planner(found: Results) -> list[str]:
    if not found:
        return ["## The planner's choices\n", "Not measured yet: `python -m benchmarks --parts planner` does."]
    cases = found["cases"]
    misses = sorted((one for one in cases if one["slower"] > TOLERANCE), key=lambda one: -one["slower"])
    text = (
        f"In {_hits(cases, 'slower')} of {len(cases)} cases of image, kernel and dtype, the method chosen by the tuned "
        "planner takes at most 25 % longer than the best one; with the default constants, without tuning, in "
        f"{_hits(cases, 'untuned_slower')}. The other cases:\n"
    )
    lines = [
        (one["case"], one["choice"], one["best"], f"{one['slower']:.2f}", seconds(one["seconds"][one["best"]]))
        for one in misses
    ]
    return ["## The planner's choices\n", text, *table(("case", "choice", "best", "times slower", "best time"), lines)]


def _cases(found: Results) -> list[str]:
    if not found:
        return []
    methods = list(dict.fromkeys(method for one in found["cases"] for method in one["seconds"]))
    lines = [
        (one["case"], one["choice"], *(seconds(one["seconds"][m]) if m in one["seconds"] else "" for m in methods))
        for one in found["cases"]
    ]
    text = "Minimum time of each method; empty where it does not apply or was predicted to be far slower.\n"
    return ["## All cases of the planner\n", text, *table(("case", "choice", *methods), lines)]


def _gpu(found: Results) -> list[str]:
    if not found:
        text = "Unmeasured: there was no GPU. `python -m benchmarks.gpu` measures where there is one."
        return ["## GPU\n", text]
    lines = []
    for row in found["rows"].values():
        times, best = ratio(row)
        shown = f"{times:.2f}" if times >= row["goal"] else f"**{times:.2f}**"
        peer, ours = row["contenders"].get(best, {}), row["contenders"][OURS]
        share = f"{row['bandwidth']:.0%}" if row.get("bandwidth") else ""
        lines.append((row["title"], row["plan"].split(" on ")[0], seconds(ours["median"]), best,
                      seconds(peer["median"]) if peer else "", shown, _goal(row), share,
                      _error(ours), _error(peer)))  # fmt: skip
    head = (
        "work",
        "method",
        "ours",
        "best peer",
        "its time",
        "ratio",
        "goal",
        "of copy bandwidth",
        "our error",
        "its error",
    )
    machine = ", ".join(f"{key} {value}" for key, value in found["machine"].items())
    text = f"{found['device']}; {machine}; measured {found['date']}. {found['note']}\n"
    return ["## GPU\n", text, *table(head, lines)]


def _all_libraries(rows: Results) -> list[str]:
    lines = []
    for row in rows.values():
        order = sorted(row["contenders"].items(), key=lambda item: item[1]["median"])
        each = [f"{_marked(name, one)} {seconds(one['median'])}" for name, one in order]
        lines.append((row["title"], "; ".join(each)))
    return ["## All libraries\n", *table(("work", "medians, the fastest first"), lines)] if lines else []
