"""Benchmarks: time, memory, accuracy and the planner's choices, compared with other libraries on the same input.

``python -m benchmarks`` measures everything and writes docs/performance.md; ``--help`` says how to do less.
"""
