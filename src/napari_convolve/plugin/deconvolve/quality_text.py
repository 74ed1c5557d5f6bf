"""Quality of a deconvolution as text: residual, flux and resolution before and after."""

from __future__ import annotations

from typing import Any

import napari_convolve as nc

from ...kernels import Kernel
from ..layers.request import Request
from ..widgets.text import unit_text


def quality_text(request: Request, image: Any, result: Any, psf: Kernel) -> str:
    """Lines on the quality for an image without batch axes; for others, why it is not measured."""
    source, view = request.source, request.view
    if source.rgb or any(source.data.shape[a] > 1 for a in range(source.ndim) if a not in view.axes):
        return "quality: measured for a single image only"
    keys = ("background", "edges")
    options = {key: request.options[key] for key in keys if key in request.options}
    try:
        before, after = (
            nc.deconvolution_quality(image, one, psf, axes=view.axes, **options) for one in (image, result)
        )
    except ValueError as error:
        return f"quality: {error}"
    lines = [
        "quality, before → after:",
        f"residual: {before.chi_square:.3g} → {after.chi_square:.3g} times the noise (1 is best)",
        f"light: 100 → {100 * after.flux_ratio:.1f} %",
    ]
    unit = unit_text(source.unit_of(view) or "px")
    try:
        finest = [
            nc.fourier_ring_correlation(one, spacing=source.spacing_of(view), axes=view.axes).resolution
            for one in (image, result)
        ]
    except ValueError:
        return "\n".join(lines)
    return "\n".join([*lines, f"resolution (FRC): {finest[0]:.3g} → {finest[1]:.3g} {unit}"])
