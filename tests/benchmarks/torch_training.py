"""What the training steps in plain PyTorch share: players, optimizers, the image pool."""

import random
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch._functorch import config as functorch

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
        fixed: Networks that are not trained.
        players: The networks of each player: "generator" and "discriminator".
        parameters: Their trained weights.
        optimizers: Their optimizers.
    """

    fixed = ()
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
        return [*self.fixed, *(each for nets in self.players.values() for each in nets)]

    def compile(self):
        """Compile every network."""
        functorch.donated_buffer = False  # else a graph cannot be differentiated for both players
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

    def update_both(self, judged, cost):
        """One update of both players from one graph; each price is differentiated by its player's weights only."""
        for player, price in (("discriminator", judged), ("generator", cost)):
            self.optimizers[player].zero_grad(set_to_none=True)
            price.backward(inputs=self.parameters[player], retain_graph=player == "discriminator")
        for optimizer in self.optimizers.values():
            optimizer.step()


def to(logits, target):
    """Least squares."""
    return (logits.float() - target).square().mean()
