"""The panel that every operation shares: form, plan, preview, run, compare, presets."""
