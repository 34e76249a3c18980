"""A plugin for a stylezoo that is not there yet: it must not even be imported."""

from stylezoo import ImageLoss, an_api_of_the_future


class Futuristic(ImageLoss):
    """Futuristic: never gets so far."""

    def measure(self, source, style, fake):
        return an_api_of_the_future(fake)
