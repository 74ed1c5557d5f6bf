"""The Inspector panel."""
