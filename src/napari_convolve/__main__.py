"""``python -m napari_convolve`` is the command ``napari-convolve``."""

from .cli import main

if __name__ == "__main__":
    main()
