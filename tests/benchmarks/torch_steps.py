"""Training steps of the zoo's models in plain PyTorch: the same networks, losses, pools, order and optimizers."""

import random
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from tests.benchmarks import torch_networks as networks

ADAM = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8}


class Pool:
    """Keeps pictures; once full, it gives back an older one half of the time."""

    def __init__(self, size=50):
        self.size, self.kept = size, []

    def __call__(self, pictures):
        shown = []
        for picture in pictures.detach().split(1):
            if len(self.kept) < self.size:
                self.kept.append(picture)
            elif random.random() < 0.5:
                place = random.randrange(self.size)
                self.kept[place], picture = picture, self.kept[place]
            shown.append(picture)
        return torch.cat(shown)


class Training:
    """Networks, optimizers and pictures of one model; a subclass adds its networks and its step.

    Attributes:
        players: The networks of each player: "generator" and "discriminator".
        parameters: Their trained weights.
        optimizers: Their optimizers.
    """

    adam: ClassVar = {"generator": ADAM, "discriminator": ADAM}

    def __init__(self, size, batch=1, **options):
        self.size, self.batch = size, batch
        self.players = self.build(**options)

    def place(self, device, layout, half):
        """Put all on the device, in a memory layout, with bfloat16 for what is stable in it if `half`."""
        self.device, self.half = device, half
        for each in self.networks:
            each.to(device, memory_format=layout)
        self.parameters = {
            player: [p for each in nets for p in each.parameters() if p.requires_grad]
            for player, nets in self.players.items()
        }
        self.optimizers = {
            player: torch.optim.Adam(own, **self.adam[player], fused=True) for player, own in self.parameters.items()
        }
        shape = (self.batch, 3, self.size, self.size)
        self.source, self.style = (
            (2 * torch.rand(shape, device=device) - 1).contiguous(memory_format=layout) for _ in range(2)
        )

    @property
    def networks(self):
        return [each for nets in self.players.values() for each in nets]

    def compile(self):
        """Compile every network."""
        for each in self.networks:
            each.compile()

    def passes(self):
        """A forward pass of each network for one picture, by the names in `flops`."""
        one = self.source[:1]
        generator, discriminator = (self.players[player][0] for player in ("generator", "discriminator"))
        return {"generator": lambda: generator(one), "discriminator": lambda: discriminator(one)}

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, self.half)

    @contextmanager
    def frozen(self, player="discriminator"):
        """A context in which a player's weights get no gradient."""
        for parameter in self.parameters[player]:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in self.parameters[player]:
                parameter.requires_grad_(True)

    def update(self, player, cost):
        """One update of a player."""
        self.optimizers[player].zero_grad(set_to_none=True)
        cost.backward()
        self.optimizers[player].step()


def to(logits, target):
    """Least squares."""
    return (logits.float() - target).square().mean()


class CycleGAN(Training):
    """Both players learn from one forward pass; two pools."""

    def build(self, filters=64, blocks=9, patches=64):
        self.pools = Pool(), Pool()
        generators = [networks.resnet(filters, blocks) for _ in range(2)]
        return {"generator": generators, "discriminator": [networks.patch(filters=patches) for _ in range(2)]}

    def step(self):
        (there, back), (of_style, of_source) = self.players["generator"], self.players["discriminator"]
        source, style = self.source, self.style
        with self.autocast(), self.frozen():
            fake_style, fake_source = there(source).float(), back(style).float()
            cycled = functional.l1_loss(back(fake_style).float(), source)
            cycled = cycled + functional.l1_loss(there(fake_source).float(), style)
            same = functional.l1_loss(there(style).float(), style) + functional.l1_loss(back(source).float(), source)
            fooled = to(of_style(fake_style), 1) + to(of_source(fake_source), 1)
            cost = fooled + 10 * cycled + 5 * same
        self.update("generator", cost)
        older_style, older_source = self.pools[0](fake_style), self.pools[1](fake_source)
        with self.autocast():
            judged = to(of_style(older_style), 0) + to(of_style(style), 1)
            judged = judged + to(of_source(older_source), 0) + to(of_source(source), 1)
        self.update("discriminator", judged / 2)
        return cost.detach()


class Pix2Pix(Training):
    """The discriminator, which also sees the source, learns first."""

    def build(self, filters=64, downs=8, patches=64):
        judge = networks.patch(6, patches, norm=nn.BatchNorm2d)
        return {"generator": [networks.unet(filters, downs)], "discriminator": [judge]}

    def passes(self):
        pair = torch.cat([self.source[:1], self.style[:1]], 1)
        return {**super().passes(), "discriminator": lambda: self.players["discriminator"][0](pair)}

    def step(self):
        (draw,), (judge,) = self.players["generator"], self.players["discriminator"]

        def judged(picture, real):
            logits = judge(torch.cat([self.source, picture], 1)).float()
            return functional.softplus(-logits if real else logits).mean()

        with self.autocast():
            fake = draw(self.source).float()
            cost = (judged(self.style, True) + judged(fake.detach(), False)) / 2
        self.update("discriminator", cost)
        with self.autocast(), self.frozen():
            cost = judged(fake, True) + 100 * functional.l1_loss(fake, self.style)
        self.update("generator", cost)
        return cost.detach()


MODELS = {"cyclegan": CycleGAN, "pix2pix": Pix2Pix}
