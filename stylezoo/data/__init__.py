"""Pictures on their way into a training: the album that a user gives, data modes, crops, batches."""
