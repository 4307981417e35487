"""Notes from the files that hospitals hold, each format in its own module, with what the format knows of a note."""
