"""What is installed, found without importing any of it."""
