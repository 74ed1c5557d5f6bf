"""Form fields and other widgets made from the descriptions of parameters."""
