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


@o.public
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
    """Apply the layer of a convolutional network: a bank of kernels over all channels, one map per kernel.

    As usual in such networks, kernels are not flipped (a correlation). With ``boundary="constant"`` and `padding` the
    result equals PyTorch's conv1d, conv2d and conv3d with the same weights, followed by activation and pooling.

    Parameters
    ----------
    image : array_like
        Image of real numbers; never modified. Several input channels are one of its axes.
    weights : array_like, sequence of Kernel
        Array of shape (maps, channels, \\*kernel) as in PyTorch; or a sequence of kernels for an image without
        channels, aligned at their centres.
    bias : float, sequence of float, optional
        Constant added to the maps: one for all, or one per map.
    channel_axis : int, "auto" or None
        Axis of the input channels. ``"auto"`` takes the axis before `axes` when its length equals the number of input
        channels of the weights, else none, which requires weights with one channel.
    stride : int, tuple of int
        Step between windows in samples, for all of `axes` or each.
    dilation : int, tuple of int
        Step between samples within a window, for all of `axes` or each.
    padding : int, tuple of int, optional
        Samples added on both sides by the boundary rule, for all of `axes` or each; by default given by `shape`.
    activation : {"relu", "leaky_relu", "sigmoid", "tanh", "abs"}, optional
        Function applied to every value after the bias; none by default.
    pooling : {"max", "mean"}, optional
        Replace each block of `pool_size` samples by its maximum or mean; none by default.
    pool_size : int, tuple of int
        Size of these blocks, for all of `axes` or each; incomplete blocks at the end are left out.
    {axes, boundary, cval, shape, origin, mask, nan, dtype, method, backend, workers, max_memory, progress, report}

    Returns
    -------
    array
        Maps along the channel axis or, without one, along a new axis before `axes`. The positions of their samples in
        the image are in the report under ``details["grid"]``.

    Raises
    ------
    TypeError
        When an argument has the wrong type, or image or weights are complex.
    ValueError
        When the weights, a window or a pooling block do not fit the image, or an option has an unknown value.
    {BackendUnavailable, MemoryError}

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
    acted = o.as_axes(axes, array.shape, count, "each kernel of the weights")
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
