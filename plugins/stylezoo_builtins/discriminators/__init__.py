"""One discriminator in each file; the file's name is the entry point's."""
