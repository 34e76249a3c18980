"""From a trained generator and a picture to a picture in the style."""
