"""Training steps in plain PyTorch of the models with several styles: gated and adain-gan."""

from typing import ClassVar

import torch
from torch.nn import functional

from tests.benchmarks import torch_networks as networks
from tests.benchmarks.torch_training import Pool, Training, to


class Gated(Training):
    """Named styles: the discriminator classifies them as well; without a style the source must come back."""

    STYLES = 4

    def build(self, filters=64, blocks=5, patches=64, styles=STYLES):
        self.pool, self.styles = Pool(), styles
        draw = networks.started(networks.GatedResNet(filters, blocks, styles))
        return {"generator": [draw], "discriminator": [networks.started(networks.GatedPatch(patches, styles))]}

    def place(self, *where):
        super().place(*where)
        self.numbers = torch.arange(self.batch, device=self.device) % self.styles
        self.labels = functional.one_hot(self.numbers, self.styles).float()

    def passes(self):
        draw = self.players["generator"][0]
        return {**super().passes(), "generator": lambda: draw(self.source[:1], self.labels[:1])}

    def step(self):
        (draw,), (judge,) = self.players["generator"], self.players["discriminator"]
        with self.autocast(), self.frozen():
            fake = draw(self.source, self.labels).float()
            again = draw(self.source, torch.zeros_like(self.labels)).float()
            logits, styles = judge(fake)
            down, across = fake.diff(dim=2), fake.diff(dim=3)
            cost = to(logits, 0.9) + 10 * self.classified(styles) + 10 * functional.l1_loss(again, self.source)
            cost = cost + 0.05 * (down.square().mean() + across.square().mean()) / 2
        self.update("generator", cost)
        older = self.pool(fake)
        with self.autocast():
            logits, styles = judge(self.style)
            judged = to(logits, 0.9) + 10 * self.classified(styles) + to(judge(older)[0], 0)
        self.update("discriminator", judged)
        return cost.detach()

    def classified(self, styles):
        """The cross-entropy of the style at all places."""
        numbers = self.numbers[:, None, None].expand(-1, *styles.shape[2:])
        return functional.cross_entropy(styles.float(), numbers)


class AdaINGAN(Training):
    """Any style: features of VGG-19 and discriminators at three scales; one forward pass for both players."""

    adam: ClassVar = {
        "generator": {"lr": 1e-4, "betas": (0.9, 0.999), "eps": 1e-8},
        "discriminator": {"lr": 1e-4, "betas": (0.5, 0.999), "eps": 1e-8},
    }

    def build(self, patches=64, layers=4, scales=3):
        self.fixed = (networks.Encoder(reflected=False),)
        return {"generator": [networks.AdaIN()], "discriminator": [networks.MultiScale(patches, layers, scales)]}

    def passes(self):
        (draw,), (judge,), one = self.players["generator"], self.players["discriminator"], self.source[:1]
        features = draw.encoder(one)[-1]
        return {
            "encoder": lambda: draw.encoder(one),
            "decoder": lambda: draw.decoder(features),
            "discriminator": lambda: judge(one),
        }

    def step(self):
        (draw,), (judge,) = self.players["generator"], self.players["discriminator"]
        with self.autocast():
            fake = draw(self.source, self.style).float()
            answers = judge(fake)
            judged = sum(to(each, 0) for each in answers) + sum(to(each, 1) for each in judge(self.style))
            cost = 5 * sum(to(each, 1) for each in answers) + self.kept(fake)
        self.update_both(5 * judged, cost)
        return cost.detach()

    def kept(self, fake):
        """The losses of AdaIN: the content's features with the style's statistics, and these statistics."""
        (features,) = self.fixed
        with torch.no_grad():
            of_source, of_style = features(self.source), features(self.style)
        of_fake = features(fake)
        content = functional.mse_loss(of_fake[-1], networks.adain(of_source[-1], of_style[-1]))
        pairs = [
            pair
            for wanted, found in zip(of_style, of_fake, strict=True)
            for pair in zip(networks.statistics(wanted), networks.statistics(found), strict=True)
        ]
        return content + 10 * sum(functional.mse_loss(one, other) for one, other in pairs)
