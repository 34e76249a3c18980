"""The local page: a photograph, styles and their weights in a browser, and the training of a style of one's own.

The server imports neither Keras nor TensorFlow. Pictures are opened and drawn by child processes, and trained by the
command itself, so whatever a picture does, the server answers.
"""
