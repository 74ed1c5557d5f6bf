"""`tune`: make the planner and the compiled loops ready for this machine."""

from __future__ import annotations

from ..methods import _tuning


def tune(*, reset: bool = False) -> dict[str, float]:
    """Measure this machine for the planner and compile the inner loops now, instead of after a first call.

    Without it the planner uses fixed constants, and a first call whose best method is not compiled yet uses the
    next best. Compiling takes some ten seconds where the code is not in Numba's cache on disk; measuring takes
    less than half a second.

    Parameters
    ----------
    reset : bool
        Forget the constants and the compiled code instead.

    Returns
    -------
    dict of str to float
        The constants, kept in the user's cache folder (``NAPARI_CONVOLVE_CACHE`` overrides it); empty after a reset.

    Examples
    --------
    >>> import napari_convolve as nc
    >>> nc.tune(reset=True)
    {}
    """
    return _tuning.tune(reset=reset)
