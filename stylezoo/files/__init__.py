"""Untrusted files, read safely; and atomic writing."""
