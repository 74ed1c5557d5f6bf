"""Kernels: parameters in, `Kernel` out."""

from __future__ import annotations

from ._kernel import Kernel, as_kernel

__all__ = ["Kernel", "as_kernel"]
