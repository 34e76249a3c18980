"""Documentation of installed plugins."""
