"""Evaluation: figures of what a model draws, beside those of simple ways to draw, under a protocol that is told."""
