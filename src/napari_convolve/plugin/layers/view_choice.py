"""Combo box of the axes that an operation acts on."""

from __future__ import annotations

from ..widgets.fields import Choice
from .layer_data import Source, View, preferred, views


class ViewChoice(Choice):
    """Choice among the planes, volumes and single axes of an image."""

    def __init__(self, tooltip: str) -> None:
        super().__init__(label="act on", least=12, tooltip=tooltip)

    def follow(self, source: Source | None, ndim: int | None) -> View | None:
        """Offer the views of an image, silently; keep the chosen one, or else choose one of `ndim` axes."""
        choices, before = views(source.axes) if source else (), self.value
        with self.changed.blocked():
            self.offer((view.label, view) for view in choices)
            if choices and before not in choices:
                self.value = preferred(choices, ndim)
        chosen: View | None = self.value
        return chosen
