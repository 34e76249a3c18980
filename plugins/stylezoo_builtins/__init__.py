"""The plugins that come with stylezoo, registered in pyproject.toml like those of anybody else."""
