"""`feature_maps`: the layer of a convolutional network on an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from .._arrays import Array, dtype_name
from .._progress import Task
from .._registry import Param
from ..ops.filtering.cnn_layer import ACTIVATIONS, POOLINGS, Layer, layer_maps
from . import _options as o
from ._feature_map_arguments import as_bank, as_bias, as_channel, as_counts, as_margins, as_real, check_size

_Count = Annotated[int | Sequence[int], Param(min=1, step=1)]


@o.validated
@o.documented
def feature_maps(
    image: Any,
    weights: Any,
    /,
    *,
    bias: Annotated[float | Sequence[float] | None, Param()] = None,
    channel_axis: Annotated[int | str | None, Param(label="channel axis", advanced=True)] = "auto",
    stride: _Count = 1,
    dilation: _Count = 1,
    padding: Annotated[int | Sequence[int] | None, Param(min=0, step=1)] = None,
    activation: Annotated[str | None, Param(choices=ACTIVATIONS.names)] = None,
    pooling: Annotated[str | None, Param(choices=POOLINGS)] = None,
    pool_size: Annotated[int | Sequence[int], Param(min=1, step=1, label="pool size")] = 2,
    axes: o.Axes = None,
    boundary: o.Boundary = "reflect",
    cval: o.CVal = 0.0,
    shape: o.OutputShape = "same",
    origin: o.Origin = 0,
    mask: Any = None,
    nan: o.NaN = "propagate",
    dtype: o.DType = None,
    method: o.MethodName = "auto",
    backend: o.BackendName = "auto",
    workers: o.Workers = None,
    max_memory: o.MaxMemory = None,
    progress: o.Progress = None,
    report: o.ReportCallback = None,
) -> Array:
    """Apply the layer of a convolutional network: a bank of kernels over all channels, one map for each.

    As in such networks the kernels are not flipped (it is a correlation). With ``boundary="constant"`` and `padding` it
    equals PyTorch's conv1d, conv2d and conv3d on the same weights, followed by activation and pooling.

    Parameters
    ----------
    image : array_like
        Numbers; with several input channels one of its axes is theirs.
    weights : array_like, sequence of Kernel
        Of the shape (maps, channels, \\*kernel), as PyTorch keeps them; or a bank of kernels for an image without
        channels, which are put centre on centre.
    bias : float, sequence of float, optional
        What is added to every map, or to each.
    channel_axis : int, "auto" or None
        The axis of the input channels. ``"auto"``: the one before the axes acted on, when its length is that of the
        weights; otherwise none, which needs weights of one channel.
    stride : int, tuple of int
        Steps from window to window, along all acted axes or each.
    dilation : int, tuple of int
        Steps from sample to sample within a window.
    padding : int, tuple of int, optional
        Samples that the boundary rule adds on both sides, along all acted axes or each; by default `shape` decides.
    activation : {"relu", "leaky_relu", "sigmoid", "tanh", "abs"}, optional
        What is done to every number after the bias; nothing by default.
    pooling : {"max", "mean"}, optional
        Take the largest, or the mean, of each block of `pool_size` samples; nothing by default.
    pool_size : int, tuple of int
        Of these blocks; an incomplete one at the end is left out.
    {window}
    {run}

    Returns
    -------
    array
        The maps stand along the channel axis; without one, along a new axis before the axes acted on. Where their
        samples lie in the image, the report says under ``details["grid"]``.

    Raises
    ------
    TypeError
        When an argument has the wrong type, or image or weights are complex.
    ValueError
        When the weights, a window or a block to pool do not fit the image, or an option has an unknown value.
    BackendUnavailable, MemoryError
        As `convolve`.

    References
    ----------
    Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86 (1998) 2278.

    Examples
    --------
    >>> import numpy as np, napari_convolve as nc
    >>> image = np.zeros((6, 6))
    >>> image[:, 3:] = 1
    >>> bank = [nc.kernels.sobel(axis=0).flipped(), nc.kernels.sobel(axis=1).flipped()]
    >>> maps = nc.feature_maps(image, bank, activation="relu", pooling="max")
    >>> maps.shape, float(maps[0].max()), maps[1].tolist()[0]
    ((2, 3, 3), 0.0, [0.0, 4.0, 0.0])
    """
    task = Task("feature_maps", progress, report)
    given = o.as_input(image, mask)
    array, source, valid = given.array, given.source, given.mask
    if dtype_name(array.dtype).startswith("complex"):
        raise TypeError("image is complex; feature maps are of real numbers")
    bank, center = as_bank(weights)
    count = bank.ndim - 2
    acted = o.as_axes(axes, array.ndim, count, "each kernel of the weights")
    channel = as_channel(channel_axis, array.shape, acted, bank.shape)
    new = channel is None
    if channel is None:
        channel = min(acted)
        acted = tuple(a + 1 if a >= channel else a for a in acted)
        array = source.xp.expand_dims(array, axis=channel)
        valid = None if valid is None else source.xp.expand_dims(valid, axis=channel)
    dilated = as_counts("dilation", dilation, count)
    lengths = [(k - 1) * d + 1 for k, d in zip(bank.shape[2:], dilated, strict=True)]
    centers = [c * d for c, d in zip(center, dilated, strict=True)]
    layer = Layer(
        weights=bank,
        bias=as_bias(bias, len(bank)),
        centers=tuple(centers),
        axes=acted,
        channel=channel,
        stride=as_counts("stride", stride, count),
        dilation=dilated,
        margins=as_margins(padding, shape, origin, lengths, centers),
        activation=activation,
        pooling=pooling,
        pool_size=as_counts("pool_size", pool_size, count),
        boundary=boundary,
        cval=o.as_cval(cval, complex_result=False),
        nan=nan,
        dtype=as_real(dtype),
    )
    check_size(layer, array.shape)
    task.detail(grid=layer.grid(new=new))
    run = o.execution(source, task, backend, workers, max_memory, method)
    result = layer_maps(array, layer, valid, run)
    task.finish()
    return result
