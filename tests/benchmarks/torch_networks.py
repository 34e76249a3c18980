"""Networks of the zoo in plain PyTorch, layer by layer as their authors published them."""

import torch
from torch import nn
from torch.nn import functional


def started(network):
    """The network with kernels from N(0, 0.02) and biases of 0, as published."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.weight.requires_grad:
            nn.init.normal_(module.weight, 0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def instance(channels):
    return nn.InstanceNorm2d(channels)


def affine(channels):
    return nn.InstanceNorm2d(channels, affine=True)


class BlurDown(nn.Module):
    """CUT's downsampling: a blur with 1 2 1 and a stride of 2."""

    def __init__(self, channels):
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(line, line).repeat(channels, 1, 1, 1))

    def forward(self, x):
        padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(padded, self.kernel.to(x.dtype), stride=2, groups=x.shape[1])


class Residual(nn.Module):
    """A residual block with reflected borders."""

    def __init__(self, channels, norm=instance):
        super().__init__()
        self.change = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels), nn.ReLU(True),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels),
        )  # fmt: skip

    def forward(self, x):
        return x + self.change(x)


def _normed(layer, norm=instance):
    return [layer, norm(layer.out_channels), nn.ReLU(True)]


def _ends(filters, norm=instance):
    """The first layers of CycleGAN's generator and the last ones."""
    f = filters
    first = [
        nn.ReflectionPad2d(3),
        *_normed(nn.Conv2d(3, f, 7), norm),
        *_normed(nn.Conv2d(f, 2 * f, 3, 2, 1), norm),
        *_normed(nn.Conv2d(2 * f, 4 * f, 3, 2, 1), norm),
    ]
    last = [
        *_normed(nn.ConvTranspose2d(4 * f, 2 * f, 3, 2, 1, output_padding=1), norm),
        *_normed(nn.ConvTranspose2d(2 * f, f, 3, 2, 1, output_padding=1), norm),
        nn.ReflectionPad2d(3),
        nn.Conv2d(f, 3, 7),
        nn.Tanh(),
    ]
    return first, last


def resnet(filters=64, blocks=9):
    """The generator of CycleGAN."""
    first, last = _ends(filters)
    return started(nn.Sequential(*first, *(Residual(4 * filters) for _ in range(blocks)), *last))


class ContrastiveResNet(nn.Module):
    """The generator of CUT: blurs instead of strides, and five layers whose outputs are compared."""

    def __init__(self, filters=64, blocks=9):
        super().__init__()
        f = filters
        doubled = [nn.Upsample(scale_factor=2, mode="bilinear")]
        residuals = [Residual(4 * f) for _ in range(blocks)]
        self.parts = nn.ModuleList([
            nn.ReflectionPad2d(3),
            nn.Sequential(*_normed(nn.Conv2d(3, f, 7)), nn.Conv2d(f, 2 * f, 3, 1, 1)),
            nn.Sequential(instance(2 * f), nn.ReLU(True), BlurDown(2 * f), nn.Conv2d(2 * f, 4 * f, 3, 1, 1)),
            nn.Sequential(instance(4 * f), nn.ReLU(True), BlurDown(4 * f), residuals[0]),
            nn.Sequential(*residuals[1:5]),
        ])  # fmt: skip
        self.rest = nn.Sequential(
            *residuals[5:],
            *doubled, *_normed(nn.Conv2d(4 * f, 2 * f, 3, 1, 1)),
            *doubled, *_normed(nn.Conv2d(2 * f, f, 3, 1, 1)),
            nn.ReflectionPad2d(3), nn.Conv2d(f, 3, 7), nn.Tanh(),
        )  # fmt: skip
        self.widths = (3, 2 * f, 4 * f, 4 * f, 4 * f)

    def features(self, x):
        found = []
        for part in self.parts:
            x = part(x)
            found.append(x)
        return found

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return self.rest(x)


def patch(inputs=3, filters=64, depth=3, norm=instance, blur=False):
    """The PatchGAN of 70 pixels."""
    bias = norm is not nn.BatchNorm2d

    def layer(before, after, halve, bias=True):
        convolution = nn.Conv2d(before, after, 4, 2 if halve and not blur else 1, 1, bias=bias)
        return convolution, nn.LeakyReLU(0.2, True), [BlurDown(after)] if halve and blur else []

    convolution, leaky, blurred = layer(inputs, filters, True)
    layers, before = [convolution, leaky, *blurred], filters
    for number in range(1, depth + 1):
        after = filters * min(2**number, 8)
        convolution, leaky, blurred = layer(before, after, number < depth, bias)
        layers += [convolution, norm(after), leaky, *blurred]
        before = after
    return started(nn.Sequential(*layers, nn.Conv2d(before, 1, 4, 1, 1)))


class Level(nn.Module):
    """One resolution of the U-Net: down, what is inside, up again, beside a skip connection."""

    def __init__(self, before, after, inside, dropout=False):
        super().__init__()
        self.down = nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(before, after, 4, 2, 1, bias=False))
        if inside is not None:
            self.down.append(nn.BatchNorm2d(after))
        inner = after if inside is None else 2 * after
        up = [nn.ReLU(), nn.ConvTranspose2d(inner, before, 4, 2, 1, bias=False), nn.BatchNorm2d(before)]
        self.inside, self.up = inside, nn.Sequential(*up, *([nn.Dropout(0.5)] if dropout else []))

    def forward(self, x):
        y = self.down(x)
        return torch.cat([x, self.up(y if self.inside is None else self.inside(y))], 1)


def unet(filters=64, downs=8):
    """The generator of pix2pix."""
    channels = [filters * min(2**down, 8) for down in range(downs)]
    level = None
    for down in reversed(range(1, downs)):
        level = Level(channels[down - 1], channels[down], level, dropout=3 <= down - 1 < downs - 2)
    return started(
        nn.Sequential(
            nn.Conv2d(3, filters, 4, 2, 1, bias=False),
            level,
            nn.ReLU(),
            nn.ConvTranspose2d(2 * filters, 3, 4, 2, 1),
            nn.Tanh(),
        )
    )


class GatedResNet(nn.Module):
    """The generator of Gated-GAN: a residual block for each style, mixed by weights."""

    def __init__(self, filters=64, blocks=5, styles=4):
        super().__init__()
        first, last = _ends(filters, affine)
        self.first = nn.Sequential(*first)
        self.branches = nn.ModuleList([Residual(4 * filters, affine).change for _ in range(styles)])
        self.rest = nn.Sequential(*(Residual(4 * filters, affine) for _ in range(blocks)), *last)

    def forward(self, x, weights):
        x = self.first(x)
        parts = zip(weights.to(x.dtype).unbind(1), self.branches, strict=True)
        return self.rest(x + sum(weight[:, None, None, None] * branch(x) for weight, branch in parts))


class GatedPatch(nn.Module):
    """The discriminator of Gated-GAN: real or fake, and of which style."""

    def __init__(self, filters=64, styles=4):
        super().__init__()
        *layers, self.logits = patch(filters=filters, norm=affine)
        self.layers = nn.Sequential(*layers)
        self.styles = nn.Conv2d(self.logits.in_channels, styles, 4, 1, 1)

    def forward(self, x):
        x = self.layers(x)
        return self.logits(x), self.styles(x)


VGG = (2, 2, 4, 1)  # convolutions of each block, up to relu4_1
WIDTHS = (64, 128, 256, 512)


class Encoder(nn.Module):
    """VGG-19 up to relu4_1, which is not trained: all outputs of relu1_1, relu2_1, relu3_1 and relu4_1."""

    def __init__(self, reflected):
        super().__init__()
        before, self.blocks = 3, nn.ModuleList()
        for count, width in zip(VGG, WIDTHS, strict=True):
            pool = [nn.MaxPool2d(2, ceil_mode=reflected)] if len(self.blocks) else [nn.Conv2d(3, 3, 1)]
            for number in range(count):
                mode = "reflect" if reflected else "zeros"
                layers = [nn.Conv2d(before, width, 3, padding=1, padding_mode=mode), nn.ReLU()]
                self.blocks.append(nn.Sequential(*([] if number else pool), *layers))
                before = width
        self.requires_grad_(False)

    def forward(self, x):
        found, number = [], 0
        with torch.autocast(x.device.type, enabled=False):  # as in stylezoo: such features overflow in 16 bits
            x = x.float()
            for count in VGG:
                for each in range(count):
                    x = self.blocks[number](x)
                    number += 1
                    found += [x] if each == 0 else []
        return found


def statistics(features):
    """Mean and deviation of each channel."""
    deviation = (features.var((2, 3), keepdim=True) + 1e-5).sqrt()
    return features.mean((2, 3), keepdim=True), deviation


def adain(content, style):
    """Content features with the statistics of style features."""
    (mean, deviation), (style_mean, style_deviation) = statistics(content), statistics(style)
    return (content - mean) / deviation * style_deviation + style_mean


class AdaIN(nn.Module):
    """The generator of arbitrary style transfer."""

    def __init__(self):
        super().__init__()
        self.encoder = Encoder(reflected=True)
        layers, before = [], WIDTHS[-1]
        for block in (2, 1, 0):
            width = WIDTHS[block]
            layers += [*_reflected(before, width), nn.ReLU(True), nn.Upsample(scale_factor=2)]
            for _ in range((2, 2, 4)[block] - 1):
                layers += [*_reflected(width, width), nn.ReLU(True)]
            before = width
        self.decoder = nn.Sequential(*layers, *_reflected(before, 3))

    def forward(self, source, style):
        return self.decoder(adain(self.encoder(source)[-1], self.encoder(style)[-1]))


def _reflected(before, after):
    return nn.ReflectionPad2d(1), nn.Conv2d(before, after, 3)


class MultiScale(nn.Module):
    """The discriminator of IEContraAST: separate networks at full, half and quarter size."""

    def __init__(self, filters=64, layers=4, scales=3):
        super().__init__()

        def judge():
            parts, before = [], 3
            for layer in range(layers):
                after = filters * 2**layer
                norm = [instance(after)] if layer else []
                parts += [nn.ReflectionPad2d(1), nn.Conv2d(before, after, 4, 2), *norm, nn.LeakyReLU(0.2, True)]
                before = after
            return started(nn.Sequential(*parts, *_reflected(before, 1)))

        self.judges = nn.ModuleList([judge() for _ in range(scales)])
        self.halve = nn.AvgPool2d(3, 2, 1, count_include_pad=False)

    def forward(self, x):
        logits = []
        for number, judge in enumerate(self.judges):
            x = self.halve(x) if number else x
            logits.append(judge(x))
        return logits
