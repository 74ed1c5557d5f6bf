"""When panels react: how long a value rests before something follows it. Milliseconds, unless a name says seconds."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

#: Changes of fields that come together are one.
GATHER = 15
#: Between two looks at the progress of a job.
TICK = 100
#: Without a movement of the view or the mouse before something follows; napari draws first.
VIEW_REST = 120
#: Without a change before something that takes longer follows: a plan, a PSF, the exact picture.
FIELD_REST = 250
#: Without a change before the settings count as one step of undo.
UNDO_REST = 500
#: Before a preview that is not there yet is mentioned.
SLOW = 600
#: Before Cancel no longer waits for a call to stop.
PATIENCE = 700
#: While something is dragged, a call gets this long before newer values stop it.
FRAME_SECONDS = 0.1
#: Between two copies of the object of a running iteration.
INTERMEDIATE_SECONDS = 0.4
#: Between two reports to napari's activity dock, each of which redraws everything.
ACTIVITY_SECONDS = 0.5


def single_shot(owner: QObject, slot: Callable[[], object], wait: int = 0) -> QTimer:
    """A timer of an owner that calls once after each start."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(wait)
    timer.timeout.connect(slot)
    return timer
