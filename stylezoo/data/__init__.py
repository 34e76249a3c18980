"""Pictures on their way into a training: folders, crops, batches."""
