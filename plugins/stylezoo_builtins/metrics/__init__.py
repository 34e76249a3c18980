"""Metrics: one a file, named as its entry point."""
