"""One model in each file; the file's name is the entry point's."""
