"""Background computation with progress, cancel and reports."""
