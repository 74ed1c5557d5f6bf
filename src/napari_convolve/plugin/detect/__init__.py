"""The Detect Features panel and its table of hits."""
