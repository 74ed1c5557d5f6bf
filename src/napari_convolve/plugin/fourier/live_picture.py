"""Filtered plane that follows the drawn filter: approximate at once, exact after a pause."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf

from qtpy.QtWidgets import QWidget

from ...ops.fourier.drawn_filter import DrawnFilter
from ..jobs.job import Call, Outcome
from ..jobs.latest import Latest
from ..jobs.timing import FIELD_REST
from .layer_group import LayerGroup


class LivePicture:
    """Filters the visible plane again after each `changed`.

    `wanted` returns the filter, None for no picture; `say` is called with a text on the picture and the outcome.
    """

    def __init__(
        self,
        owner: QWidget,
        group: LayerGroup,
        wanted: Callable[[], DrawnFilter | None],
        say: Callable[[str, Outcome], object],
    ) -> None:
        self._group, self._wanted, self._say = group, wanted, say
        self.exact = False
        # without a limit of the frame every picture is shown while a shape is dragged, however long one takes
        title = "filter drawn in the spectrum"
        self._quick = Latest(owner, partial(self._call, False), partial(self._show, False), title=title, frame=inf)
        self._slow = Latest(owner, partial(self._call, True), partial(self._show, True), title=title)

    @property
    def busy(self) -> bool:
        return self._quick.busy or self._slow.busy

    def changed(self) -> None:
        """Filter again; an exact picture is outdated."""
        self.exact = False
        self._slow.stop()
        self._quick.ask()

    def stop(self) -> None:
        self._quick.stop()
        self._slow.stop()

    def _call(self, exact: bool) -> Call | None:
        plane, wanted = self._group.plane, self._wanted()
        if plane is None or wanted is None or (exact and self._quick.busy):
            return None
        return partial(plane.filtered, wanted) if exact else lambda progress: plane.live(wanted)

    def _show(self, exact: bool, outcome: Outcome) -> None:
        wanted = self._wanted()
        if outcome.value is not None and self._group.ready and wanted is not None:
            only_some = any(not region.block for region in wanted.regions)
            self._group.show_live(outcome.value, own_limits=only_some, settled=exact)
            self.exact = exact
        self._say("" if wanted is None else filter_text(wanted, exact), outcome)
        if not exact and not self._quick.busy:
            self._slow.ask(FIELD_REST)


def filter_text(wanted: DrawnFilter, exact: bool) -> str:
    """Number of shapes, and whether the picture is exact.

    Examples
    --------
    >>> from napari_convolve.ops.fourier.drawn_filter import Region
    >>> filter_text(DrawnFilter((Region.disc((0, 0.1), 0.05),)), exact=True)
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
