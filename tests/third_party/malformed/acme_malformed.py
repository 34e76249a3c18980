"""A module, and no component in it."""
