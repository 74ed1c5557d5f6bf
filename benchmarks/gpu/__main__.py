"""``python -m benchmarks.gpu``: measure on the GPU, and update docs/performance.md."""

from __future__ import annotations

import argparse
import sys

from .. import _page, _store
from .._measure import Effort
from .._system import machine
from .._timing import OURS, ratio, time_row, today
from ._device import gpu, rehearsal
from ._rows import moved_bytes, rows

_NOTE = (
    "Images and results stay on the card unless the row says otherwise; the kernel comes from the host in every call. "
    "PyTorch and the FFT functions take zeros outside; PyTorch computes in float32, not TF32. "
    'The share "of copy bandwidth" is that of image and result over the time; copying on the card reaches {:.0f} GB/s.'
)


def main(arguments: list[str]) -> int:
    """Run the rows; 1 where there is no GPU."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=main.__doc__)
    parser.add_argument("--rows", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--rehearse", action="store_true", help="run on NumPy with small images, to see that it runs")
    options = parser.parse_args(arguments)
    try:
        device = rehearsal() if options.rehearse else gpu()
    except RuntimeError as reason:
        print(f"No GPU can be used, nothing is measured: {reason}")
        return 1
    bandwidth = device.copy_bandwidth()
    results = {} if options.rehearse else _store.begin("gpu")
    results |= {"device": device.name, "date": today(), "note": _NOTE.format(bandwidth / 1e9), "machine": machine()}
    found = results.setdefault("rows", {})
    effort = Effort(rounds=2 if options.rehearse else 20, budget=4.0, patience=0.5)
    for row in rows(device):
        if options.rows and row.name not in options.rows:
            continue
        one = found[row.name] = time_row(row, effort)
        if row.name != "host-31":
            one["bandwidth"] = moved_bytes(row.make()) / one["contenders"][OURS]["median"] / bandwidth
        times, best = ratio(one)
        print(f"{row.name:16s} {1e3 * one['contenders'][OURS]['median']:9.3f} ms, {times:.2f} x {best}", flush=True)
        if not options.rehearse:
            _store.save("gpu", results)
    if not options.rehearse:
        print(f"wrote {_page.write(_store.load('results'), results)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
