"""Delays and intervals of panels, in milliseconds unless the name says seconds."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

#: Joins changes of fields that come together.
GATHER = 15
#: Interval between updates of the progress bar.
TICK = 100
#: Pause of camera or mouse before a preview follows, so that napari draws first.
VIEW_REST = 120
#: Pause of the fields before slower results follow: a plan, a PSF, the exact picture.
FIELD_REST = 250
#: Pause of the fields before their changes become one step of undo.
UNDO_REST = 500
#: Duration of a preview after which it says that it is computing.
SLOW = 600
#: How long Cancel waits for a call to stop.
PATIENCE = 700
#: How long a call may run on outdated values while something is dragged.
FRAME_SECONDS = 0.1
#: Interval between snapshots of a running iteration.
INTERMEDIATE_SECONDS = 0.4
#: Interval between reports to napari's activity dock, each of which redraws everything.
ACTIVITY_SECONDS = 0.5


def single_shot(owner: QObject, slot: Callable[[], object], wait: int = 0) -> QTimer:
    """A timer that calls `slot` once after each start."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(wait)
    timer.timeout.connect(slot)
    return timer
