#!/usr/bin/env python3
"""Set up napari-convolve from a clone and run it: needs Python 3.11 or newer and nothing else.

python3 dev.py demo [DIRECTORY]     install the package into .venv, then run `napari-convolve demo`
python3 dev.py test [PYTEST OPTIONS]  install the test tools too, then run a sample of the tests or those named
python3 dev.py test --all [PYTEST OPTIONS]  run all of them
python3 dev.py napari [PANEL]       install napari too, then open it with a sample and a panel, Convolve unless named
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

# What a Qt window, also on a virtual screen, needs on Debian and Ubuntu.
GUI_PACKAGES = """
    xvfb xauth fonts-dejavu-core libdbus-1-3 libegl1 libfontconfig1 libgl1 libgl1-mesa-dri libglib2.0-0 libglx-mesa0
    libopengl0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0
"""
# Each process gets whole files, so that what a file prepares is prepared once; the ceiling is for the memory of napari.
PARALLEL = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadfile")
SAMPLE = ("-m", "not exhaustive and not thorough")
# A window with a sample, and a panel beside it.
OPEN = """
import sys, napari
viewer = napari.Viewer()
viewer.open_sample("napari-convolve", sys.argv[2])
viewer.window.add_plugin_dock_widget("napari-convolve", sys.argv[1])
napari.run()
"""
SAMPLES = {"Detect Features": "beads", "Deconvolve": "blurred", "Feature Maps": "textures"}


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):
        return fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    command, options = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "demo":
        install(".")
        return call(PYTHON, "-m", "napari_convolve", "demo", *options)
    if command == "napari":
        install(".[all]")
        install_window_packages("napari")
        panel = " ".join(options) or "Convolve"
        return call(PYTHON, "-c", OPEN, panel, SAMPLES.get(panel, "nuclei"))
    if command == "test":
        install(".[test]")
        install_window_packages("Tests of windows")
        return call(PYTHON, "-m", "pytest", *test_options(options), cwd=ROOT)
    print(__doc__)
    return 2


def test_options(options: list[str]) -> list[str]:
    """The options for pytest: processes and the sample for the whole tree, nothing more for tests that are named."""
    whole = [option for option in options if option != "--all"]
    if any(option.startswith(("-k", "-m")) or (ROOT / option.partition("::")[0]).exists() for option in whole):
        return whole
    parallel = () if "no:xdist" in " ".join(whole) else PARALLEL
    return [*parallel, *(SAMPLE if whole == options else ()), *whole]


def install(requirement: str) -> None:
    """Install the clone into .venv, unless that was done with the same pyproject.toml."""
    stamp = VENV / f"installed-{hashlib.sha256(requirement.encode()).hexdigest()[:8]}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {requirement} into {VENV} ...", flush=True)
    if shutil.which("uv") and subprocess.run(["uv", "--version"], capture_output=True).returncode == 0:
        if not PYTHON.exists():
            run("uv", "venv", "--quiet", "--python", sys.executable, VENV)
        run("uv", "pip", "install", "--quiet", "--python", PYTHON, "--editable", requirement, cwd=ROOT)
    else:
        if not PYTHON.exists():
            make_venv()
        quiet = ("--quiet", "--disable-pip-version-check")
        run(PYTHON, "-m", "pip", "install", *quiet, "--editable", requirement, cwd=ROOT)
    stamp.write_text(wanted)


def make_venv() -> None:
    """`python -m venv`, whose pip Debian and Ubuntu keep in a package of its own."""
    if importlib.util.find_spec("ensurepip") is None:
        missing = install_packages([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"])
        if missing:
            raise SystemExit(fail(f"Python cannot make an environment; install the package {missing[0]} or uv"))
    run(sys.executable, "-m", "venv", VENV)


def install_window_packages(who: str) -> None:
    """Install what a Qt window needs where we may, or name it."""
    missing = install_packages(GUI_PACKAGES.split())
    if missing:
        print(f"{who} may need these system packages: {' '.join(missing)}", flush=True)


def install_packages(names: list[str]) -> list[str]:
    """Install Debian packages where we may; the names of those that are still missing."""
    if not shutil.which("dpkg-query"):
        return [] if sys.platform in ("win32", "darwin") else names
    missing = [name for name in names if not has_package(name)]
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"Installing system packages: {' '.join(missing)}", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        subprocess.run(["apt-get", "update", "-qq"], env=environment, stdout=subprocess.DEVNULL)
        subprocess.run(install, env=environment, stdout=subprocess.DEVNULL)
        missing = [name for name in missing if not has_package(name)]
    return missing


def has_package(name: str) -> bool:
    """Whether a package is installed, under its name or as Ubuntu's 64-bit-time variant."""
    for variant in (name, name + "t64"):
        query = ["dpkg-query", "-W", "-f", "${Status}", variant]
        if "install ok installed" in subprocess.run(query, capture_output=True, text=True).stdout:
            return True
    return False


def run(*command: object, cwd: Path | None = None) -> None:
    """Run a command; end the script with a sentence when it fails."""
    if call(*command, cwd=cwd):
        raise SystemExit(fail(f"this failed: {' '.join(map(str, command))}"))


def call(*command: object, cwd: Path | None = None) -> int:
    """Run a command and return its exit status; Ctrl-C goes to the command."""
    process = subprocess.Popen([str(part) for part in command], cwd=cwd)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def fail(sentence: str) -> int:
    print(f"dev.py: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
