"""The network of fast neural style transfer and a discriminator that judges every pixel, for stylezoo."""
