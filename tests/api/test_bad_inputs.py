"""Bad, odd and hostile arguments of `convolve`, `correlate` and `plan`: one plain sentence, before any work.

What is odd but right (layouts, NaN, dtypes, tiny images, threads) is tested in ``tests/contracts``.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_convolve as nc

IMAGE, KERNEL = np.arange(30.0).reshape(5, 6), np.ones((3, 3))
OPERATIONS = [nc.convolve, nc.correlate]
both = pytest.mark.parametrize("operation", OPERATIONS, ids=["convolve", "correlate"])


def refuse(kind: Any, words: str, *args: Any, **options: Any) -> None:
    """Both operations raise `kind` in one sentence that contains `words`, and hear no progress."""
    steps: list[int] = []
    for operation in OPERATIONS:
        with pytest.raises(kind, match=words) as caught:
            operation(*args, progress=lambda done, total: steps.append(done), **options)
        text = str(caught.value)
        assert "\n" not in text and 10 < len(text) < 300, text
    assert not steps, "work had started"


# --- images ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((4, 4), None), "object"),
        (np.full((4, 4), "a"), "<U1|str"),
        (np.full((4, 4), b"a"), r"S1|bytes"),
        (np.zeros((4, 4), [("x", float), ("y", int)]), "x"),
        (np.zeros((4, 4), "datetime64[s]"), "datetime64"),
        (np.zeros((4, 4), "timedelta64[s]"), "timedelta64"),
        ([[1, None], [2, 3]], "object"),
        ("camera.tif", "str|U10"),
        (None, "object|None"),
        ([[datetime.date(2020, 1, 1)]], "object"),
    ],
    ids=str,
)
def test_images_that_are_not_numbers_are_a_type_error(image: Any, words: str) -> None:
    refuse(TypeError, f"image.*({words})", image, np.ones(1))


@pytest.mark.parametrize("image", [3, 3.5, np.float32(2), np.array(7.0), True], ids=repr)
def test_a_single_number_is_no_image(image: Any) -> None:
    refuse(ValueError, "image.*at least 1 dimension", image, [1.0])


@pytest.mark.parametrize("image", [[[1, 2], [3]], [[1, 2], 3], [np.ones(3), np.ones(4)]], ids=repr)
def test_a_ragged_image_is_a_value_error(image: Any) -> None:
    refuse(ValueError, "image.*(ragged|regular|length)", image, [1.0])


@pytest.mark.parametrize("image", [[], [[]], np.zeros((3, 0))], ids=repr)
def test_an_empty_image_is_a_value_error(image: Any) -> None:
    refuse(ValueError, "image.*(empty|no samples|size)", image, [1.0])


def test_a_huge_dynamic_range_stays_finite() -> None:
    image = np.array([1e-300, 1e300, 5e-324, -1e300, -0.0, 1e-310])
    for method in ("direct", "fft"):
        result = nc.convolve(image, [0.25, 0.5, 0.25], method=method)
        assert np.isfinite(result).all()
    assert nc.convolve(image, [1.0]).tolist() == image.tolist()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a sparse file")
def test_a_sparse_file_larger_than_memory_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    rows = 2 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (4 * 65536)
    path = tmp_path / "sparse.raw"
    with path.open("wb") as file:
        file.truncate(rows * 65536 * 4)
    image = np.memmap(path, np.float32, "r", shape=(rows, 65536))
    refuse(MemoryError, r"needs .*GiB.*free", image, KERNEL, max_memory="1 GiB")


# --- kernels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "kind", "words"),
    [
        (np.zeros((0, 3)), ValueError, "empty"),
        ([], ValueError, "empty"),
        (5.0, ValueError, "at least 1 dimension"),
        ([[1, 2], [3]], ValueError, "ragged|length"),
        ([[1, np.nan]], ValueError, "finite|NaN"),
        ([[1, np.inf]], ValueError, "finite|inf"),
        (np.full((3, 3), None), TypeError, "object"),
        (None, TypeError, "None|object"),
        ("gaussian", TypeError, "numbers|U8"),
        ({"sigma": 2}, TypeError, "object|dict"),
        (np.ones((1, 3, 3)), ValueError, "3 dim.*2|dimension"),
        (np.ones((1, 1, 1, 3, 3)), ValueError, "5 dim.*2|dimension"),
    ],
    ids=str,
)
def test_kernels_that_are_none(kernel: Any, kind: Any, words: str) -> None:
    refuse(kind, f"kernel.*({words})", IMAGE, kernel)


@both
def test_odd_kernels_that_are_fine(operation: Any) -> None:
    stack = np.random.default_rng(0).normal(size=(4, 5, 6))
    assert not operation(IMAGE, np.zeros((3, 3))).any()
    np.testing.assert_array_equal(operation(IMAGE, [[1]]), IMAGE)
    np.testing.assert_allclose(operation(IMAGE, KERNEL.tolist()), operation(IMAGE, KERNEL))
    np.testing.assert_allclose(operation(IMAGE, KERNEL.astype(np.uint8) * 200), 200 * operation(IMAGE, KERNEL))
    np.testing.assert_allclose(operation(IMAGE, KERNEL.astype(bool)), operation(IMAGE, KERNEL))
    thin, column = np.random.default_rng(1).normal(size=(1, 7, 7)), np.ones((7, 7, 1))
    np.testing.assert_allclose(operation(stack, thin), operation(stack, thin[0]), atol=1e-12)
    np.testing.assert_allclose(operation(stack, column), operation(stack, column[..., 0], axes=(0, 1)), atol=1e-12)
    np.testing.assert_allclose(operation(stack, KERNEL)[2], operation(stack[2], KERNEL), atol=1e-12)


def test_a_delta_off_its_centre_shifts() -> None:
    delta = np.zeros((4, 5))
    delta[3, 0] = 1  # the centre is (2, 2): one down, two to the left
    result = nc.convolve(IMAGE, delta, boundary="wrap")
    np.testing.assert_allclose(result, np.roll(IMAGE, (1, -2), axis=(0, 1)), atol=1e-12)


# --- options ---------------------------------------------------------------------------------------------------------

WRONG = [
    ("boundary", "reflecct", ValueError, "reflecct.*reflect.*mirror.*nearest.*wrap.*constant"),
    ("boundary", None, ValueError, "None.*reflect"),
    ("boundary", 3, ValueError, "3.*reflect"),
    ("boundary", ["wrap", "wrap"], ValueError, "reflect"),
    ("cval", np.nan, ValueError, "nan"),
    ("cval", np.inf, ValueError, "inf"),
    ("cval", 1 + 2j, ValueError, "complex"),
    ("cval", "0", ValueError, "number"),
    ("cval", None, ValueError, "number"),
    ("shape", "equal", ValueError, "equal.*same.*full.*valid"),
    ("shape", (5, 6), ValueError, "same.*full.*valid"),
    ("origin", 2, ValueError, "range.*-1.*1"),
    ("origin", (0, -2), ValueError, "range"),
    ("origin", 0.5, ValueError, "integer"),
    ("origin", (0, 1, 0), ValueError, "2|axes"),
    ("origin", "0", ValueError, "integer"),
    ("origin", True, ValueError, "integer"),
    ("axes", (0, 0), ValueError, "twice"),
    ("axes", (0, -2), ValueError, "twice"),
    ("axes", (0, 2), ValueError, "range"),
    ("axes", (0, -3), ValueError, "range"),
    ("axes", (0,), ValueError, "2"),
    ("axes", (0, 1, 1), ValueError, "2|twice"),
    ("axes", (0, 0.5), TypeError, "integer"),
    ("axes", "yx", TypeError, "integer"),
    ("nan", "raise", ValueError, "raise.*propagate.*omit"),
    ("nan", np.nan, ValueError, "propagate.*omit"),
    ("method", "quick", ValueError, "quick.*auto.*(direct|separable|fft|overlap-save)"),
    ("method", None, ValueError, "auto.*direct"),
    ("backend", "gpu", ValueError, "gpu.*auto.*numpy.*cupy"),
    ("backend", 0, ValueError, "auto.*numpy"),
    ("workers", 0, ValueError, "0"),
    ("workers", -7, ValueError, "-7"),
    ("workers", 1.5, TypeError, "1.5"),
    ("workers", "two", TypeError, "two"),
    ("workers", True, TypeError, "True"),
    ("mask", np.ones((6, 5), bool), ValueError, r"\(6, 5\).*\(5, 6\)"),
    ("mask", np.ones((5, 6)), TypeError, "bool"),
    ("mask", "all", TypeError, "bool"),
    ("progress", 1, TypeError, "callable"),
    ("report", 1, TypeError, "callable"),
]


@pytest.mark.parametrize(("option", "value", "kind", "words"), WRONG, ids=lambda v: str(v)[:30])
def test_options_with_wrong_values(option: str, value: Any, kind: Any, words: str) -> None:
    if option in ("progress", "report"):
        for operation in OPERATIONS:
            with pytest.raises(kind, match=f"{option}.*{words}"):
                operation(IMAGE, KERNEL, **{option: value})
        return
    refuse(kind, f"(?s){option}.*({words})", IMAGE, KERNEL, **{option: value})


@pytest.mark.parametrize("option", ["border", "mode", "out", "output", "Boundary", "channel_axis"])
def test_unknown_options_are_a_type_error(option: str) -> None:
    for operation in (*OPERATIONS, nc.plan):
        with pytest.raises(TypeError, match=option):
            operation(IMAGE, KERNEL, **{option: "reflect"})


def test_a_plan_refuses_what_the_operation_refuses() -> None:
    for option, value, kind, _words in WRONG:
        if option not in ("mask", "report", "progress"):
            with pytest.raises(kind):
                nc.plan(IMAGE, KERNEL, **{option: value})
    with pytest.raises(ValueError, match="deconvolve.*convolve"):
        nc.plan(IMAGE, KERNEL, operation="deconvolve")


@both
def test_very_many_workers_are_capped(operation: Any) -> None:
    assert operation(IMAGE, KERNEL, workers=10**6).tobytes() == operation(IMAGE, KERNEL).tobytes()


# --- machines and surroundings ---------------------------------------------------------------------------------------

PRELUDE = "import numpy as np, napari_convolve as nc\nimage, kernel = np.arange(30.).reshape(5, 6), np.ones((3, 3))\n"


def python(code: str, *flags: str, limit: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with an address space of `limit` bytes if that is given."""

    def bound() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    return subprocess.run(
        [sys.executable, *flags, "-c", PRELUDE + code],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, **environment},
        preexec_fn=bound if limit else None,
    )


def test_cupy_without_a_device_is_unavailable_with_the_reason() -> None:
    code = (
        "info = nc.available_backends()['cupy']\nprint(info.available, info.reason)\n"
        "print(nc.convolve(image, kernel).sum())\n"
        "try: nc.convolve(image, kernel, backend='cupy')\n"
        "except nc.BackendUnavailable as error: print(isinstance(error, RuntimeError), error)\n"
    )
    done = python(code, CUDA_VISIBLE_DEVICES="")
    listed, result, refused = done.stdout.strip().splitlines()
    assert listed.startswith("False ") and len(listed) > 15
    assert float(result) > 0
    assert refused.startswith("True") and "cupy" in refused and listed.removeprefix("False ") in refused
    if "not installed" in refused:
        assert "pip install" in refused


def test_a_result_beyond_memory_is_refused_with_both_numbers() -> None:
    image = np.broadcast_to(np.float32(1), (64, 50_000, 50_000))
    refuse(MemoryError, r"needs 596\.\d GiB.*free", image, KERNEL)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the address space")
def test_a_limited_address_space_is_respected() -> None:
    code = "image = np.broadcast_to(np.float32(1), (30_000, 50_000))\nnc.convolve(image, kernel, workers=2)\n"
    done = python(code, limit=4_000_000_000, OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 1 and "MemoryError: " in done.stderr and "needs 5.6 GiB" in done.stderr


@both
@pytest.mark.parametrize("method", ["auto", "direct", "separable", "fft", "overlap-save"])
def test_warnings_as_errors_and_a_strict_numpy_change_nothing(operation: Any, method: str) -> None:
    image = IMAGE.copy()
    image[2, 2], image[0, 0], image[4, 5] = np.nan, np.inf, 1e-310
    mask = np.zeros(IMAGE.shape, bool)
    mask[:2] = True
    wanted: list[dict[str, Any]] = [{}, {"nan": "omit"}, {"mask": mask}, {"dtype": "uint8", "nan": "omit"}]
    for options in wanted:
        relaxed = operation(image, KERNEL, method=method, **options)
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            strict = operation(image, KERNEL, method=method, **options)
        np.testing.assert_array_equal(strict, relaxed)


def test_the_callers_error_state_stays() -> None:
    with np.errstate(divide="raise", over="warn", under="print", invalid="raise"):
        before = np.geterr()
        nc.convolve(IMAGE, KERNEL, nan="omit")
        assert np.geterr() == before


def test_a_strict_interpreter_runs_it() -> None:
    code = "print(nc.convolve(image, kernel).sum(), nc.correlate(image, kernel, mask=image > 3).shape)"
    done = python(code, "-W", "error", "-X", "dev")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert done.stdout.split()[1:] == ["(5,", "6)"]
