"""Point spread functions: sets of them, measured from beads, checked and repaired."""
