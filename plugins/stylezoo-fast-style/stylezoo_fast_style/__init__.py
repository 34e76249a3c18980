"""The generator of fast neural style transfer and a U-Net discriminator, for stylezoo."""
