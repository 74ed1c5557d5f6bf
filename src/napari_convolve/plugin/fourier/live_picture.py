"""The picture that follows what is drawn: at once and nearly exact, and exact after a pause."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from qtpy.QtWidgets import QWidget

from ...ops.fourier.drawn_filter import DrawnFilter
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from .layer_stage import Stage

#: Milliseconds without a change after which the exact picture is computed.
_PAUSE = 250


class LivePicture:
    """Filters the plane on screen again whenever it is told that something changed.

    Parameters
    ----------
    owner
        Nothing happens any more once this widget is gone.
    stage
        Has the plane, and shows the picture.
    wanted
        Gives the filter, None when there shall be no picture.
    tell
        Gets what the picture is, and an outcome that is an error.
    """

    def __init__(
        self,
        owner: QWidget,
        stage: Stage,
        wanted: Callable[[], DrawnFilter | None],
        tell: Callable[[str, Outcome], object],
    ) -> None:
        self._stage, self._wanted, self._tell = stage, wanted, tell
        self.exact = False
        # every picture is shown: whoever drags a shape sees it go, also where one takes longer than a moment
        title = "filter drawn in the spectrum"
        self._quick = Latest(owner, self._quick_call, self._show_quick, title=title, short=inf)
        self._slow = Latest(owner, self._exact_call, self._show_exact, title=title)

    @property
    def busy(self) -> bool:
        """Whether another picture comes."""
        return self._quick.busy or self._slow.busy

    def changed(self) -> None:
        """Follow; what is computed exactly is no longer what is drawn."""
        self.exact = False
        self._slow.stop()
        self._quick.ask()

    def stop(self) -> None:
        """Show nothing more."""
        self._quick.stop()
        self._slow.stop()

    def _quick_call(self) -> Call | None:
        plane, wanted = self._stage.plane, self._wanted()
        if plane is None or wanted is None:
            return None
        return lambda progress: plane.live(wanted)

    def _exact_call(self) -> Call | None:
        plane, wanted = self._stage.plane, self._wanted()
        if plane is None or wanted is None or self._quick.busy:
            return None
        return lambda progress: plane.filtered(wanted, progress)

    def _show_quick(self, outcome: Outcome) -> None:
        self._show(outcome, exact=False)
        if not self._quick.busy:
            self._slow.ask(_PAUSE)

    def _show_exact(self, outcome: Outcome) -> None:
        self._show(outcome, exact=True)

    def _show(self, outcome: Outcome, *, exact: bool) -> None:
        wanted = self._wanted()
        if outcome.value is not None and self._stage.ready and wanted is not None:
            only_some = any(not region.block for region in wanted.regions)
            self._stage.show_live(outcome.value, own_limits=only_some, settled=exact)
            self.exact = exact
        self._tell("" if wanted is None else described(wanted, exact), outcome)


def described(wanted: DrawnFilter, exact: bool) -> str:
    """What is drawn, and what the picture of it is.

    Examples
    --------
    >>> from napari_convolve.ops.fourier.drawn_filter import Region
    >>> described(DrawnFilter((Region.disc((0, 0.1), 0.05),)), exact=True)
    'Drawn: 1 taken out, with its mirror image. The picture is exact.'
    """
    count = len(wanted.regions)
    out = sum(region.block for region in wanted.regions)
    parts = [f"{out} taken out"] if out else []
    parts += [f"{count - out} let through"] if count - out else []
    if not parts:
        return ""
    picture = "The picture is exact." if exact else "The picture is approximate at the edges until you pause."
    mirrored = "with its mirror image" if count == 1 else "each with its mirror image"
    return f"Drawn: {', '.join(parts)}, {mirrored}. {picture}"
