"""Files that strangers wrote, made harmless."""
