"""Contract tests: every kernel, boundary, backend and method, picked up from the registries."""
