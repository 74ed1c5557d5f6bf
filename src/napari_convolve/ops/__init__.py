"""Arrays in, new arrays of the same library out. Inputs are never modified; nothing here reads, writes or logs."""
