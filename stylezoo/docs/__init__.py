"""Documentation of what is installed."""
