"""One discriminator a file; the file's name is the entry point's."""
