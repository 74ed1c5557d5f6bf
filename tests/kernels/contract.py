"""The contract of all kernels, also of registered ones: `check_kernel(name, ndim)` raises when it is broken."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
from typing import Any

import numpy as np

from napari_convolve.kernels import KERNELS, Kernel, names

TYPED = "custom"  # its values are the caller's


def required(name: str) -> dict[str, Any]:
    """Values for the parameters without a default: 1.5, which every length allows."""
    parameters = KERNELS.get(name).signature.parameters.values()
    return {p.name: 1.5 for p in parameters if p.default is inspect.Parameter.empty}


def dimensions(name: str) -> range:
    """The dimensions that the signature allows."""
    hint = KERNELS.get(name).signature.parameters["ndim"].annotation
    limits = hint.__metadata__[0]
    return range(limits.min, limits.max + 1)


def cases() -> list[tuple[str, int]]:
    """Every kernel with every number of dimensions that it takes."""
    return [(name, n) for name in names() if name != TYPED for n in dimensions(name)]


def multiply(term: tuple[np.ndarray, ...]) -> np.ndarray:
    return functools.reduce(np.multiply.outer, term)


def check_kernel(name: str, ndim: int, **parameters: Any) -> Kernel:
    """Make the kernel and check what holds for all; return it."""
    design = KERNELS.get(name)
    kernel = design(ndim=ndim, **{**required(name), **parameters})
    assert kernel.ndim == ndim
    assert kernel.name == name
    assert np.isfinite(kernel.values).all()
    assert not kernel.values.flags.writeable
    assert kernel.values.dtype in (np.float64, np.complex128)
    assert kernel.center == tuple(n // 2 for n in kernel.shape)

    total = design.promise("total", kernel)
    if total is not None:
        assert abs(kernel.sum - total) <= 1e-12 * np.abs(kernel.values).sum()
    symmetry = design.promise("symmetry", kernel)
    if symmetry is not None and all(n % 2 for n in kernel.shape):
        assert kernel.report().symmetry == symmetry

    terms = kernel.factors()
    if terms is not None:
        product = sum(multiply(term) for term in terms)
        assert np.abs(product - kernel.values).sum() <= 1e-12 * np.abs(kernel.values).sum()

    assert design(**kernel.parameters) == kernel, "the parameters that it remembers do not make it again"
    assert pickle.loads(pickle.dumps(kernel)) == copy.deepcopy(kernel) == kernel
    assert design.function.__doc__ and "Notes" in design.function.__doc__ and "Examples" in design.function.__doc__
    return kernel
