"""Find and remove periodic noise: sinusoids that cover the whole image."""
