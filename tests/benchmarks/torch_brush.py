"""The training step of single-pair in plain PyTorch: brush strokes from one photograph and one painting."""

import copy
import math
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from tests.benchmarks.torch_training import Training, to

LUMA = (0.299, 0.587, 0.114)


def luminance(pictures):
    return sum(weight * pictures[:, i : i + 1] for i, weight in enumerate(LUMA))


def blur(pictures, deviation):
    """Gaussian blur of pictures with one channel."""
    reach = math.ceil(3 * deviation)
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=pictures.device) / deviation) ** 2)
    line = line / line.sum()
    padded = functional.pad(pictures, (reach,) * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(padded, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))


def slopes(light):
    """Central differences along height and width."""
    padded = functional.pad(light, (1, 1, 1, 1), mode="replicate")
    return (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2, (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2


class Grain(nn.Module):
    """Luminance plus noise that is smeared along contours, or along a random flow in flat areas."""

    STEP, CONTOUR, FLATNESS, DETAIL, WAVES = 1.2, 4.0, 0.0015, 0.15, 6

    def __init__(self, amount=0.35, width=2.3, length=18, flow=144):
        super().__init__()
        self.amount, self.width, self.length, self.flow = amount, width, length, flow

    def forward(self, pictures, noise):
        light = luminance(pictures)
        with torch.no_grad(), torch.autocast(pictures.device.type, enabled=False):
            grain = self.drawn_out(blur(noise, self.width), self.directions(light, noise))
            grain = grain / (grain.std((1, 2, 3), keepdim=True, correction=0) + 1e-6)
            detail = functional.relu(blur(light.square(), 2.0) - blur(light, 2.0).square())
        return light + self.amount * grain / (1 + detail / self.DETAIL**2)

    def directions(self, light, noise):
        """The direction of the least change of light: unit vectors (batch, 2, height, width)."""
        y, x = slopes(blur(light, 1.0))
        flow_y, flow_x = self.random_flow(noise)
        yy, xx, xy = (
            blur(one * other, self.CONTOUR) + self.FLATNESS * flow
            for one, other, flow in ((y, y, flow_y * flow_y), (x, x, flow_x * flow_x), (y, x, flow_y * flow_x))
        )
        angle = torch.atan2(2 * xy, xx - yy) / 2 + math.pi / 2
        return torch.cat([angle.sin(), angle.cos()], 1)

    def random_flow(self, noise):
        """The gradient of random hills, of length 1."""
        height, width = noise.shape[2:]
        numbers = noise.flatten(1)[:, : 4 * self.WAVES].view(-1, 4, self.WAVES, 1, 1)
        rate_y, rate_x = (2 * math.pi / self.flow * numbers[:, i] for i in (0, 1))
        y = torch.arange(height, device=noise.device, dtype=torch.float32).view(-1, 1)
        x = torch.arange(width, device=noise.device, dtype=torch.float32).view(1, -1)
        angle = rate_y * y + rate_x * x
        wave = numbers[:, 2] * angle.cos() - numbers[:, 3] * angle.sin()
        down, across = ((wave * rate).sum(1, keepdim=True) for rate in (rate_y, rate_x))
        steepness = (down.square() + across.square()).sqrt() + 1e-9
        return down / steepness, across / steepness

    def drawn_out(self, noise, directions):
        """The sum of the noise along a path from each pixel to both sides."""
        height, width = noise.shape[2:]
        pixels, ways = noise.flatten(1), directions.flatten(2)
        rows = torch.arange(height, device=noise.device, dtype=torch.float32)
        columns = torch.arange(width, device=noise.device, dtype=torch.float32)
        begin = [each.reshape(1, -1).expand_as(pixels) for each in torch.meshgrid(rows, columns, indexing="ij")]
        total = pixels
        for side in (1.0, -1.0):
            (y, x), way = begin, side * ways
            for _ in range(self.length):
                y = (y + self.STEP * way[:, 0]).clamp(0, height - 1)
                x = (x + self.STEP * way[:, 1]).clamp(0, width - 1)
                here = y.round().long() * width + x.round().long()
                total = total + pixels.gather(1, here)
                ahead = ways.gather(2, here[:, None].expand(-1, 2, -1))
                way = torch.where((ahead * way).sum(1, keepdim=True) < 0, -ahead, ahead)
        return total.view_as(noise)


def hues(pictures):
    """Red and blue less luminance, blurred."""
    light = luminance(pictures)
    return torch.cat([blur(pictures[:, i : i + 1] - light, 1.5) for i in (0, 2)], 1)


class PixelNorm(nn.Module):
    """Normalises the channels of each pixel, with a scale and a shift."""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels, 1e-5)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _convolution(before, after, size, stride=1, relu=True):
    layers = [nn.ReflectionPad2d(size // 2), nn.Conv2d(before, after, size, stride), PixelNorm(after)]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.change = nn.Sequential(
            _convolution(channels, channels, 3), _convolution(channels, channels, 3, relu=False)
        )

    def forward(self, x):
        return x + self.change(x)


class Brush(nn.Module):
    """The generator: a ResNet on luminance, grain and colours."""

    def __init__(self, filters=24, blocks=4):
        super().__init__()
        f = filters
        self.grain = Grain()
        up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.layers = nn.Sequential(
            _convolution(3, f, 7), _convolution(f, 2 * f, 3, 2), _convolution(2 * f, 4 * f, 3, 2),
            *(Residual(4 * f) for _ in range(blocks)),
            up, _convolution(4 * f, 2 * f, 3), up, _convolution(2 * f, f, 3),
            nn.ReflectionPad2d(3), nn.Conv2d(f, 3, 7), nn.Tanh(),
        )  # fmt: skip

    def forward(self, source, noise):
        return self.layers(torch.cat([self.grain(source, noise), hues(source)], 1))


def texture(filters=32, scale=1):
    """The discriminator without strides and padding; every kernel is divided by its largest singular value."""
    f, layers, before = filters, [nn.AvgPool2d(scale)] if scale > 1 else [], 3
    for after, halve in ((f, True), (2 * f, True), (4 * f, False), (4 * f, False)):
        layers += [spectral_norm(nn.Conv2d(before, after, 3)), nn.LeakyReLU(0.2)]
        layers += [nn.AvgPool2d(2)] if halve else []
        before = after
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(before, 1, 3)))


class SinglePair(Training):
    """Both players learn from one forward pass; the discriminators see the redrawn style as well, and R1."""

    adam: ClassVar = {
        "generator": {"lr": 4e-4, "betas": (0.5, 0.999), "eps": 1e-8},
        "discriminator": {"lr": 6e-4, "betas": (0.5, 0.999), "eps": 1e-8},
    }
    AVERAGE = 0.997

    def build(self, filters=24, blocks=4):
        draw = Brush(filters, blocks)
        self.average = copy.deepcopy(draw)
        self.fixed = (self.average.requires_grad_(False),)
        return {"generator": [draw], "discriminator": [texture(), texture(scale=2)]}

    def noise(self):
        return torch.randn(self.batch, 1, self.size, self.size, device=self.device)

    def passes(self):
        (draw,), judges, one = self.players["generator"], self.players["discriminator"], self.source[:1]
        noise = self.noise()[:1]
        return {"generator": lambda: draw(one, noise), "discriminator": lambda: [judge(one) for judge in judges]}

    def step(self):
        (draw,), judges = self.players["generator"], self.players["discriminator"]
        with self.autocast():
            fake = draw(self.source, self.noise()).float()
            same = draw(self.style, torch.zeros_like(self.style[:, :1])).float()
            answers = [judge(torch.cat([fake, same])) for judge in judges]
            judged = sum(to(each, 0) for each in answers) / 2 + sum(to(judge(self.style), 1) for judge in judges) / 2
            judged = judged + 2 * sum(self.penalty(judge) for judge in judges)
            cost = sum(to(each, 1) for each in answers)
        cost = cost + 4 * self.content(fake) + 8 * functional.l1_loss(same, self.style) + 2.5 * self.sliced(fake)
        self.update_both(judged, cost)
        torch._foreach_lerp_(list(self.average.parameters()), self.parameters["generator"], 1 - self.AVERAGE)
        return cost.detach()

    def penalty(self, judge):
        """R1, divided by the number of logits."""
        style = self.style.clone().requires_grad_().clone()  # no leaf: PyTorch cannot count the operations to one
        logits = judge(style)
        (gradient,) = torch.autograd.grad(logits.float().sum(), style, create_graph=True)
        return gradient.square().sum((1, 2, 3)).mean() / 2 / logits[0].numel()

    def content(self, fake):
        """The difference of the structure of light and dark, in blocks of 8 and 4 pixels: in the whole and locally."""
        pairs = [[functional.avg_pool2d(luminance(each), side) for each in (fake, self.source)] for side in (8, 4)]
        wholes = sum(functional.l1_loss(*map(structure, pair)) for pair in pairs)
        return wholes + 0.5 * sum(functional.l1_loss(*map(local_structure, pair)) for pair in pairs)

    def sliced(self, fake):
        """The sliced Wasserstein distance of patches of 7 pixels less their mean colour, at three scales."""
        style, total = self.style, 0
        for stride in (2, 1, 1):
            directions = torch.randn(32, 3, 7, 7, device=self.device)
            directions = directions - directions.mean((2, 3), keepdim=True)
            grey = directions.mean(1, keepdim=True)
            directions = torch.cat([grey[:16].expand(-1, 3, -1, -1), (directions - grey)[16:]])
            directions = functional.normalize(directions.flatten(1))
            kernels = directions.view(32, 3, 7, 7)
            found = (functional.conv2d(each, kernels, stride=stride).transpose(0, 1) for each in (style, fake))
            of_style, of_fake = (each.reshape(32, -1).sort(1).values for each in found)
            total = total + functional.l1_loss(of_fake, of_style) / of_style.abs().mean().clamp(min=0.05)
            style, fake = (functional.avg_pool2d(each, 2) for each in (style, fake))
        return total / 3


def structure(light):
    variance, mean = torch.var_mean(light, (2, 3), keepdim=True, correction=0)
    return (light - mean) / (variance.sqrt() + 0.1)


def local_structure(light, around=9):
    """Normalised in the window about each place; beyond the border there is nothing."""
    mean, squares = (
        functional.avg_pool2d(each, around, 1, around // 2, count_include_pad=False) for each in (light, light.square())
    )
    return (light - mean) / ((squares - mean.square()).clamp(min=1e-6).sqrt() + 0.1)
