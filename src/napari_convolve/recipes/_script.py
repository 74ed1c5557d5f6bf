"""Write a recipe as a Python script that can be read and changed, and whose result has the same bits.

All values of a recipe are written as literals, so that no text in it can become code.
"""

from __future__ import annotations

import base64
import os
import textwrap
import zlib
from collections.abc import Sequence
from dataclasses import fields
from os import PathLike
from typing import Any

import numpy as np

from ..kernels import Kernel
from ..kernels._design import grid_arguments, remake
from ..ops.noise.noise_model import PowerSpectrum
from ..planning import Plan
from ._checks import non_default
from ._operations import Operation
from ._step import Step
from ._values import INLINE_BYTES, RECORDS
from ._versions import PACKAGE

_MOST_TEXT = 1 << 24
_WIDTH = 100
_PACKED = """def unpack(text, dtype, shape):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).reshape(shape)
"""


def script(steps: Sequence[Step], source: str | PathLike[str] | None) -> str:
    """The text of the script; ValueError when the arrays of the recipe make it too long."""
    writer = _Writer()
    body = "".join(writer.step(one, last=one is steps[-1]) for one in steps)
    reader, reads = _reader(source)
    made = ", ".join(f"{name} {version}" for name, version in steps[-1].versions.items())
    head = [f'"""{", then ".join(one.operation for one in steps)}: written by {PACKAGE}.', ""]
    head += ["Usage: python SCRIPT [INPUT [OUTPUT]]", ""] + ([f"The same bits with {made}.", ""] if made else [])
    head[-1:] = ['"""', "", *(f"import {name}" for name in sorted({"sys", *writer.modules})), ""]
    head += ["import numpy as np", *reads, "", "import napari_convolve as nc", *sorted(writer.imports), ""]
    helpers = [_PACKED] if "zlib" in writer.modules else []
    parts = ["\n".join(head), *helpers, f"def process(image):\n{body}", reader, _main(steps[-1].function, source)]
    text = "\n\n".join(parts)
    if len(text) > _MOST_TEXT:
        raise ValueError(f"the script would have {len(text)} characters; use to_json(path) and '{PACKAGE} run'")
    return text


def _reader(source: str | PathLike[str] | None) -> tuple[str, list[str]]:
    """The function that reads an image, and its imports."""
    suffix = "" if source is None else os.path.splitext(os.fspath(source))[1].lower()
    if suffix in (".png", ".jpg", ".jpeg"):
        call, needs = "np.asarray(Image.open(path))", "from PIL import Image"
    else:
        call, needs = "tifffile.imread(path)", "import tifffile"
    lines = ["def read(path):", f'    return np.load(path) if path.endswith(".npy") else {call}', ""]
    if suffix not in ("", ".npy", ".tif", ".tiff", ".png", ".jpg", ".jpeg"):
        lines.insert(1, "    # what another reader opened: save the array as .npy, and give that as INPUT")
    return "\n".join(lines), [needs]


def _main(operation: Operation, source: str | PathLike[str] | None) -> str:
    """The code that runs when the script is called: read, process, write."""
    output, write = "result.npy", "np.save(output, result)"
    if hasattr(operation.result, "to_csv"):
        output, write = "result.csv", "result.to_csv(output)"
    elif "values" in getattr(operation.result, "__dataclass_fields__", ()):
        write = "np.save(output, result.values)"
    elif not operation.makes_image:
        output, write = "result.txt", 'with open(output, "w") as file:\n        print(result, file=file)'
    path = "" if source is None else f" if len(sys.argv) > 1 else {os.fspath(source)!r}"
    return f"""if __name__ == "__main__":
    result = process(read(sys.argv[1]{path}))
    output = sys.argv[2] if len(sys.argv) > 2 else {output!r}
    {write}
"""


class _Writer:
    """Turns values into Python expressions, and collects the imports that these need."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.imports: set[str] = set()

    def step(self, one: Step, *, last: bool) -> str:
        """The call of one step, indented as part of a function."""
        operation, lines, words = one.function, [], ["image"]
        arrays = [p.name for p in operation.arrays[1:]]
        for name in arrays:
            lines.append(f"    {name} = {self.value(one.arguments[name])}")
            words.append(name)
        options = {k: v for k, v in non_default(operation, one.arguments).items() if k not in arrays}
        if one.plan is not None:
            options |= {"method": one.plan} if "method" in one.arguments else {}
            options["backend"] = one.plan.backend
        words += [f"{name}={self.value(value)}" for name, value in options.items()]
        start = f"    {'return' if last else 'image ='} nc.{one.operation}("
        call = f"{start}{', '.join(words)})"
        if len(call) > _WIDTH:
            call = start + "\n" + "".join(f"        {word},\n" for word in words) + "    )"
        return "\n".join([*lines, call]) + "\n"

    def value(self, value: Any) -> str:
        """The expression of a value in a recipe."""
        if isinstance(value, Plan):
            return f"nc.Plan({value.method!r}, {value.backend!r}, {tuple(int(n) for n in value.tiles)!r})"
        if isinstance(value, float) and not np.isfinite(value):
            return f'float("{float(value)}")'
        if isinstance(value, tuple):
            inner = ", ".join(self.value(part) for part in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, np.ndarray):
            return self.array(value)
        if isinstance(value, Kernel):
            return self.kernel(value)
        if isinstance(value, PowerSpectrum):
            weights = tuple(float(w) for w in value.weights)
            return f"nc.PowerSpectrum({value.shape!r}, {weights!r}, {float(value.floor)!r})"
        if type(value) in RECORDS.values():
            record: Any = type(value)
            parts = (f"        {f.name}={self.value(getattr(value, f.name))},\n" for f in fields(record))
            return f"nc.{record.__name__}(\n{''.join(parts)}    )"
        if hasattr(value, "as_quat"):
            self.imports.add("from scipy.spatial.transform import Rotation")
            return f"Rotation({self.array(np.asarray(value.as_quat()))}, normalize=False)"
        return repr(value)

    def array(self, array: np.ndarray) -> str:
        """The expression of an array: its numbers, or compressed bytes where these are many or not finite."""
        indent = " " * 8
        if array.size and array.nbytes <= INLINE_BYTES and np.isfinite(array).all():
            text = f"np.array({array.tolist()!r}, dtype={array.dtype.name!r})"
            return text if len(text) < _WIDTH - 20 else textwrap.fill(text, _WIDTH, subsequent_indent=indent)
        self.modules |= {"base64", "zlib"}
        little = array.astype(array.dtype.newbyteorder("<"))
        packed = base64.b64encode(zlib.compress(little.tobytes())).decode()
        lines = [f'{indent}"{packed[i : i + 80]}"' for i in range(0, len(packed), 80)]
        lines[-1] += ","
        return "\n".join(["unpack(", *lines, f"{indent}{little.dtype.str!r},", f"{indent}{array.shape!r},", "    )"])

    def kernel(self, kernel: Kernel) -> str:
        """The expression of a kernel: the call of its factory where that gives the same bits, else its weights."""
        found = remake(kernel)
        if found is not None and found[0] == kernel and found[0].values.tobytes() == kernel.values.tobytes():
            words = ", ".join(f"{name}={self.value(value)}" for name, value in found[1].items())
            return f"nc.kernels.{kernel.name}({words})"
        return f"nc.Kernel({', '.join([self.array(kernel.values), *grid_arguments(kernel)])})"
