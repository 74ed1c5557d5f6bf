"""Bank of rotated and scaled templates, made in batches when they are needed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .rotated_templates import Template, TemplateWindow, Variant, common_window, pattern_of
from .template import Pattern

#: The patterns of a bank are kept when all of them take less bytes than this.
_KEPT = 64 << 20


@dataclass(frozen=True, eq=False)
class TemplateBank:
    """Templates, their variants in order of scale, and the window they share."""

    templates: Sequence[Template]
    variants: Sequence[Variant]
    window: TemplateWindow = field(init=False)
    _patterns: dict[int, Pattern] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", common_window((self.templates[v.template], v) for v in self.variants))

    def __len__(self) -> int:
        return len(self.variants)

    def pattern(self, number: int) -> Pattern:
        """The pattern of one variant, in the shared window."""
        found = self._patterns.get(number)
        if found is None:
            variant = self.variants[number]
            found = pattern_of(self.templates[variant.template], variant, self.window)
            if 9 * math.prod(self.window.shape) * len(self) <= _KEPT:
                self._patterns[number] = found
        return found

    def batches(self, size: int) -> Iterator[tuple[range, tuple[Pattern, ...]]]:
        """All patterns, at most `size` at a time."""
        for start in range(0, len(self), max(size, 1)):
            numbers = range(start, min(start + max(size, 1), len(self)))
            yield numbers, tuple(self.pattern(n) for n in numbers)

    @property
    def is_box(self) -> bool:
        """Whether every sample of the window counts in every variant."""
        return all(v.is_plain for v in self.variants) and all(
            bool(t.support.all()) and t.shape == self.window.shape for t in self.templates
        )


def make_template_bank(
    templates: Sequence[Template], scales: Sequence[float], rotations: Sequence[tuple[np.ndarray, float]]
) -> TemplateBank:
    """The bank of every template at every scale and rotation (matrix and angle)."""
    variants = [
        Variant(number, scale, matrix, angle)
        for number in range(len(templates))
        for scale in scales
        for matrix, angle in rotations
    ]
    return TemplateBank(templates, variants)
