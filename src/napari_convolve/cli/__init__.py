"""The command line: reads files, calls the public functions, writes files.

Exit status: 0 done, 1 files and data, 2 wrong arguments, 130 Ctrl-C, 143 terminated. Errors are one line on stderr.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from types import FrameType

PROGRAM = "napari-convolve"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave Python with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # characters that the terminal cannot show are escaped
            stream.reconfigure(errors="backslashreplace")
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminate)
    try:
        status = run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # the program that reads our output has ended, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 128 + 13
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit status."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if debug := "--debug" in options:
        arguments.remove("--debug")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            from ._app import app

            return int(app(args=arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - users get one sentence, never a traceback
        if debug:
            traceback.print_exc()
        return _print_error(error)


def _print_error(error: Exception) -> int:
    """Print an error as one line and return the exit status."""
    import typer

    from ..backends import BackendUnavailable
    from ..bigdata.files import FileError

    usage_error = typer.BadParameter.__mro__[
        1
    ]  # click.UsageError; some releases of typer bring a private copy of click
    if isinstance(error, usage_error):
        text, status = error.format_message(), 2  # type: ignore[attr-defined]
        text = text.removeprefix("Invalid value: ").replace("Value error, ", "")
    elif isinstance(error, OSError) and error.strerror:
        text, status = f"{error.strerror}: {error.filename}" if error.filename else error.strerror, 1
    elif isinstance(error, OSError | FileError | BackendUnavailable | ValueError | TypeError):
        text, status = str(error), 1
    elif isinstance(error, MemoryError):
        text, status = str(error) or "not enough memory", 1
    else:
        text, status = f"{type(error).__name__}: {error} (--debug shows where)", 1
    print(f"{PROGRAM}: error: {_one_line(text)}", file=sys.stderr)
    return status


def _one_line(text: str) -> str:
    return " ".join(text.split()) if text.isprintable() else " ".join(repr(text)[1:-1].replace("\\n", " ").split())


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, UserWarning):
        print(f"{PROGRAM}: warning: {_one_line(str(message))}", file=sys.stderr)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Exit through Python, so that temporary files of unfinished results are removed."""
    with contextlib.suppress(ValueError):
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)
