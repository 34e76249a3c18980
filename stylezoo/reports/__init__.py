"""Web pages in one file: of a run, and of several models side by side. They need neither Keras nor a network."""
