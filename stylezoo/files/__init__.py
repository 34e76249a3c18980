"""Files that strangers wrote, made harmless; and files of ours, written in one go."""
