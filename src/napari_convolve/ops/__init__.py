"""Arrays in, new arrays of the same library out. Inputs are never modified; nothing here reads, writes or logs."""

from .._moved import keep_old_names

for _inner in ("ops._spectrum", "ops.deconvolvers", "ops.drawn"):
    keep_old_names(_inner)
