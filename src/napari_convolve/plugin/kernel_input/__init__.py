"""Choose, draw or type a kernel or a template."""
