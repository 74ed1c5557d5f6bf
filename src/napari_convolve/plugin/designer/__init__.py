"""The Kernel Designer panel."""
