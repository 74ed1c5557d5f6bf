"""Template matching and feature detection by normalised cross-correlation and matched filters."""
