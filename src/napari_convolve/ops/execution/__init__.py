"""Run an operation over batch items or tiles, on any device, within the memory that is allowed."""
