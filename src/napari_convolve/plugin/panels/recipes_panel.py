"""Show, copy and save the recipe of a layer, and apply it to other layers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from magicgui.types import FileDialogMode
from magicgui.widgets import FileEdit
from napari.layers import Layer

from ..._progress import ProgressCallback, Report
from ...recipes import Recipe, names_of
from ..jobs.job_runner import JobRunner
from ..jobs.run_bar import RunBar
from ..layers.feature_map_layers import maps_tuple
from ..layers.layer_data import LayerTuple, Source, image_tuple, load_samples, read_layer, short
from ..layers.recording import ORIGIN, RECIPE, origin_of, with_history
from ..widgets.actions import copy_text, save_as
from ..widgets.containers import beside, button, column, rows
from ..widgets.fields import Choice
from ..widgets.layer_choice import LayerChoice, is_image
from ..widgets.panel import Panel
from ..widgets.text import EXPECTED, note, say, sentence, titled

_FILE, _SELECTED = "a file", "the selected layers"


class RecipesPanel(Panel):
    """Lists the steps that made a layer, and applies them to others."""

    guide = """# Recipes

Every result of the other panels knows how it was made, back to the image it began with.

1. Choose a **result**, or the **file** of a recipe. Its steps are listed.
2. **Copy Python** puts a script on the clipboard that makes the same result without napari.
3. **Save** writes the recipe: `napari-convolve run RECIPE INPUT OUTPUT` makes the result again.
4. **Apply** does the same to another layer, or to all layers that are selected in the layer list: along the axes
   of the same names (*y*, *x*, *t*), or where a layer has no such names, in the same positions. It says which.
"""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.result = LayerChoice(napari_viewer, accept=_has_recipe, none=_FILE, label="recipe of")
        self.file = FileEdit(mode=FileDialogMode.EXISTING_FILE, filter="Recipes (*.json)", label="file")
        self.steps = note()
        self.copy = button("Copy Python", self.copy_python, "A script that makes this result without napari")
        self.save = button("Save …", self.save_file, "The recipe as a JSON file")
        self.target = Choice(label="apply to", tooltip="What the same is done to")
        self.run_bar = RunBar("Apply", live=False)
        above = [rows(self.result, self.file), self.steps, beside(self.copy, self.save), rows(self.target)]
        self.lay_out(column(above), self.run_bar)
        self.runner = JobRunner(self.run_bar)
        self.result.changed.connect(self._show)
        self.file.changed.connect(self._show)
        self.run_bar.run.changed.connect(self.run)
        self.run_bar.help.changed.connect(self.show_help)
        self.reset_choices()
        if len(self.result.choices) > 1:
            self.result.value = self.result.choices[-1]
        self._show()

    def recipe(self) -> Recipe:
        """The chosen recipe; ValueError or OSError if there is none, or its file is wrong."""
        layer = self.result.value
        if layer is not None:
            found: Recipe = layer.metadata[RECIPE]
            return found
        if not str(self.file.value).strip(". "):
            raise ValueError("run another panel first, or choose the file of a recipe")
        return Recipe.from_json(Path(str(self.file.value)))

    def _recipe_or_say(self) -> Recipe | None:
        """The chosen recipe, or None with the error in the run bar."""
        try:
            return self.recipe()
        except EXPECTED as error:
            self.run_bar.say(sentence(error))
            return None

    def _show(self, *_: object) -> None:
        self.file.visible = self.result.value is None
        self.run_bar.say("")
        recipe = self._recipe_or_say()
        for widget in (self.copy, self.save, self.run_bar.run):
            widget.enabled = recipe is not None and not self.run_bar.busy
        say(self.steps, "" if recipe is None else "\n".join(f"{i}. {s}" for i, s in enumerate(recipe.steps, 1)))

    def copy_python(self) -> None:
        recipe = self._recipe_or_say()
        if recipe is not None:
            origin = {} if self.result.value is None else self.result.value.metadata.get(ORIGIN, {})
            script = partial(recipe.to_python, origin.get("file"))
            copy_text(script, self.run_bar.say, "Copied: a Python script that makes this result.")

    def save_file(self) -> None:
        recipe = self._recipe_or_say()
        if recipe is not None:
            save_as(self.native, self.run_bar.say, "Save the recipe", "recipe.json", "*.json", recipe.to_json)

    def targets(self) -> list[Any]:
        """The layers that the recipe is applied to."""
        if self.target.value != _SELECTED:
            return [self.target.value]
        return [layer for layer in self._viewer.layers if layer in self._viewer.layers.selection and is_image(layer)]

    def run(self) -> None:
        """Apply the recipe in the background."""
        recipe = None if self.runner.busy else self._recipe_or_say()
        if recipe is None:
            return
        sources = [read_layer(layer) for layer in self.targets()]
        if sources:
            self.runner.start(partial(_apply, recipe, sources), "recipe", self._finished)
        else:
            self.run_bar.say("Select one or more image layers in the layer list first.")

    def closed(self) -> None:
        self.runner.cancel()

    def _finished(self, made: tuple[list[LayerTuple], list[str]]) -> None:
        layers, notes = made
        for layer in layers:
            self._viewer.add_layer(Layer.create(*layer))
        self.run_bar.say(" ".join([f"Done: {len(layers)} new.", *notes]))

    def reset_choices(self, *_: Any) -> None:
        super().reset_choices()
        images = [layer for layer in self._viewer.layers if is_image(layer)]
        self.target.offer([(_SELECTED, _SELECTED), *((layer.name, layer) for layer in images)])


def _apply(recipe: Recipe, sources: list[Source], progress: ProgressCallback) -> tuple[list[LayerTuple], list[str]]:
    """Apply a recipe to layers: the resulting layers, and notes on how axes were matched."""
    made, notes = [], []
    for number, source in enumerate(sources):
        fitting, note = recipe_for_layer(recipe, source)
        reports: list[Report] = []
        share = partial(_share, progress, number, len(sources))
        result, done = fitting.retrace(load_samples(source.data, progress), progress=share, report=reports.append)
        last = titled(recipe.steps[-1].operation)
        if not recipe.steps[-1].function.makes_image:
            raise ValueError(f"{last} makes no image: use 'Copy Python', or run it in its panel")
        name = f"{short(source.name)} · {last}"
        grids = [report.details["grid"] for report in reports if "grid" in report.details]
        if len(grids) > 1:
            raise ValueError("maps of maps have no place beside the image: use 'Copy Python'")
        data, options, kind = (
            maps_tuple(source, result, grids[0], name) if grids else image_tuple(source, np.asarray(result), name)
        )
        metadata = {RECIPE: with_history(done, source), ORIGIN: origin_of(source), **options.get("metadata", {})}
        made.append((data, {**options, "metadata": metadata}, kind))
        notes.append(note)
    return made, list(dict.fromkeys(notes))


def recipe_for_layer(recipe: Recipe, source: Source) -> tuple[Recipe, str]:
    """A recipe for the axes of a layer, matched by name if possible, else by position, and a note on which it was."""
    try:
        found = recipe.for_axes(source.letters)
    except ValueError as error:
        return recipe, f"Axes of {short(source.name)} by position: {error}."
    names = dict.fromkeys(name for step in found.steps for name in names_of(step))
    return found, f"Axes by name: {', '.join(names)}."


def _share(progress: ProgressCallback, number: int, count: int, done: int, total: int) -> None:
    progress(number * total + done, count * total)


def _has_recipe(layer: Any) -> bool:
    return isinstance(layer.metadata.get(RECIPE), Recipe)
