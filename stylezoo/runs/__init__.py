"""Run folders and trained models."""
