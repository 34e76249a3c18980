"""Training steps of the zoo's models in plain PyTorch: the same networks, losses, pools, order and optimizers."""

import torch
from torch import nn
from torch.nn import functional

from tests.benchmarks import torch_networks as networks
from tests.benchmarks.torch_brush import SinglePair
from tests.benchmarks.torch_styles import AdaINGAN, Gated
from tests.benchmarks.torch_training import Pool, Training, to


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


def found_among(query, key, temperature):
    """The cross-entropy of finding the key of each query among all of its picture: (batch, places, units) each."""
    right = (query * key).sum(-1, keepdim=True)
    others = query @ key.transpose(1, 2)
    others = others.masked_fill(torch.eye(others.shape[-1], dtype=torch.bool, device=others.device), -10.0)
    logits = torch.cat([right, others], -1).flatten(0, 1) / temperature
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


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


class CUT(Training):
    """The discriminator learns first; a contrastive loss on patches of five layers keeps the content."""

    PLACES, UNITS, TEMPERATURE = 256, 256, 0.07

    def build(self, filters=64, patches=64):
        draw, units = networks.started(networks.ContrastiveResNet(filters)), self.UNITS
        heads = [nn.Sequential(nn.Linear(w, units), nn.ReLU(), nn.Linear(units, units)) for w in draw.widths]
        return {
            "generator": [draw, nn.ModuleList(heads)],
            "discriminator": [networks.patch(filters=patches, blur=True)],
        }

    def passes(self):
        draw, heads = self.players["generator"]
        patches = [torch.rand(self.PLACES, width, device=self.device) for width in draw.widths]
        rows = torch.rand(self.PLACES, self.UNITS, device=self.device)
        return {
            **super().passes(),
            "encoder": lambda: draw.features(self.source[:1]),
            "heads": lambda: [head(each) for head, each in zip(heads, patches, strict=True)],
            "products": lambda: [rows @ rows.T for _ in heads],
        }

    def step(self):
        draw, (judge,) = self.players["generator"][0], self.players["discriminator"]
        with self.autocast():
            fake = draw(self.source).float()
            judged = (to(judge(self.style), 1) + to(judge(fake.detach()), 0)) / 2
        self.update("discriminator", judged)
        with self.autocast(), self.frozen():
            same = draw(self.style).float()
            kept = (self.contrast(self.source, fake) + self.contrast(self.style, same)) / 2
            cost = to(judge(fake), 1) + kept
        self.update("generator", cost)
        return cost.detach()

    def contrast(self, source, result):
        """The mean cross-entropy of finding the patch of the source that belongs to one of the result."""
        draw, heads = self.players["generator"]
        queries = draw.features(result)
        with torch.no_grad():
            keys = draw.features(source)
        terms = []
        for head, query, key in zip(heads, queries, keys, strict=True):
            query, key = (each.float().flatten(2).transpose(1, 2) for each in (query, key))
            places = torch.randperm(query.shape[1], device=query.device)[: self.PLACES]
            with torch.autocast(self.device.type, enabled=False):
                query = functional.normalize(head(query[:, places]), dim=-1)
                with torch.no_grad():
                    key = functional.normalize(head(key[:, places]), dim=-1)
                terms.append(found_among(query, key, self.TEMPERATURE))
        return sum(terms) / len(terms)


MODELS = {
    "cyclegan": CycleGAN,
    "pix2pix": Pix2Pix,
    "cut": CUT,
    "single-pair": SinglePair,
    "gated": Gated,
    "adain-gan": AdaINGAN,
}
