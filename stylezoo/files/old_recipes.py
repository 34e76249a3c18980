"""Recipes of version 0.1.0, in run folders and model files, converted to the fields of today."""

from stylezoo.errors import BadRecipe

# The new place of each field that was removed.
MOVED = {
    "direction": "data.direction",
    "styles": "data.names",
    "added_styles": "data.added",
    "match_tones": "data.match_tones",
    "judge_identity": "order.judge_identity",
    "critic_steps": "order.critic_steps",
    "warmup_epochs": "warmup.epochs",
    "warmup_losses": "warmup.losses",
    "warmup_rate": "warmup.learning_rate",
    "source_zoom": "crops.source_zoom",
    "style_zoom": "crops.style_zoom",
    "crop_grid": "crops",
    "whole_in_decay": "crops.whole_in_decay",
    "flip": "crops.flip",
    "turn_style": "crops.turn_style",
    "learning_rate": "optimizer.learning_rate",
    "discriminator_rate": "discriminator_optimizer.learning_rate",
    "betas": "optimizer.beta_1",
    "discriminator_betas": "discriminator_optimizer.beta_1",
    "epsilon": "optimizer.epsilon",
    "weight_decay": "optimizer.weight_decay",
    "epochs": "schedule.epochs",
    "decay_epochs": "schedule.decay_epochs",
    "random_codes": "latent-reconstruction:random_codes",
}
DEFAULTS = {
    "data": "unpaired", "direction": "AtoB", "styles": (), "added_styles": 0, "match_tones": False,
    "order": "together", "critic_steps": 1, "judge_identity": False, "random_codes": False,
    "warmup_epochs": 0, "warmup_losses": (), "warmup_rate": None,
    "source_zoom": (1.0, 1.0), "style_zoom": (1.0, 1.0), "crop_grid": False, "whole_in_decay": False, "flip": True,
    "turn_style": False, "learning_rate": 2e-4, "discriminator_rate": None, "betas": (0.5, 0.999),
    "discriminator_betas": None, "epsilon": 1e-8, "weight_decay": 0.0, "schedule": "linear", "epochs": 100,
    "decay_epochs": 100,
}  # fmt: skip
KEPT = ("data", "order", "schedule")  # fields with the same name and another form now


def is_old(plain: dict) -> bool:
    """Whether the plain data of a recipe has fields of 0.1.0 that no longer exist."""
    return any(name in MOVED for name in plain) or plain.get("data") == "styles"


def translated(plain: dict) -> dict:
    """The plain data of a recipe of 0.1.0 in the fields of today.

    Raises:
        BadRecipe: It cannot be converted.
    """
    old = {**DEFAULTS, **plain}
    try:
        changed = {
            "data": _data(old),
            "order": _order(old),
            "warmup": _warmup(old),
            "crops": _crops(old),
            "optimizer": _adam(old, old["learning_rate"], old["betas"]),
            "discriminator_optimizer": _discriminator_adam(old),
            "schedule": _schedule(old),
            "losses": _losses(old),
        }
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise BadRecipe(f"A recipe of stylezoo 0.1.0 cannot be read: {error}.") from None
    same = {name: value for name, value in plain.items() if name not in MOVED}
    return {**same, **{name: value for name, value in changed.items() if value is not None}}


def _spelled(name, **options):
    text = ",".join(f"{key}={value!r}" for key, value in options.items())
    return f"{name}:{text}" if text else name


def _changed(old, **fields):
    """The options whose old fields are not at their defaults."""
    return {option: _plain(old[name]) for option, name in fields.items() if _plain(old[name]) != _plain(DEFAULTS[name])}


def _plain(value):
    return tuple(value) if isinstance(value, list) else value


def _listed(value):
    """A list of names; a single one may be given without a list."""
    return [value] if isinstance(value, str) else None if value is None else list(value)


def _data(old):
    options = _changed(old, direction="direction", match_tones="match_tones")
    if old["data"] == "styles":
        more = _changed(old, added="added_styles")
        return _spelled("named-styles", names=_listed(old["styles"]), **more, **options)
    return _spelled(old["data"], **options)


def _order(old):
    return _spelled(old["order"], **_changed(old, critic_steps="critic_steps", judge_identity="judge_identity"))


def _warmup(old):
    if not old["warmup_epochs"]:
        return None
    rate = {} if old["warmup_rate"] is None else {"learning_rate": old["warmup_rate"]}
    return _spelled("generator-only", losses=_listed(old["warmup_losses"]), epochs=old["warmup_epochs"], **rate)


def _crops(old):
    zooms = _changed(old, source_zoom="source_zoom", style_zoom="style_zoom", flip="flip")
    if old["crop_grid"]:
        return _spelled("grid", **zooms)
    return _spelled("random", **zooms, **_changed(old, turn_style="turn_style", whole_in_decay="whole_in_decay"))


def _adam(old, rate, betas):
    return _spelled(
        "adam", learning_rate=rate, beta_1=betas[0], beta_2=betas[1], **_changed(old, epsilon="epsilon"),
        **_changed(old, weight_decay="weight_decay"),
    )  # fmt: skip


def _discriminator_adam(old):
    if old["discriminator_rate"] is None and old["discriminator_betas"] is None:
        return None
    return _adam(old, old["discriminator_rate"] or old["learning_rate"], old["discriminator_betas"] or old["betas"])


def _schedule(old):
    name, epochs, decay = old["schedule"], old["epochs"], old["decay_epochs"]
    if name == "linear":
        return _spelled(name, epochs=epochs, decay_epochs=decay)
    return f"{name}{',' if ':' in name else ':'}epochs={epochs + decay}"


def _losses(old):
    """Whether codes are random is an option of the loss that compares them."""
    losses = _listed(old.get("losses"))
    comparing = [each for each in losses or () if each.partition(":")[0].rpartition("/")[2] == "latent-reconstruction"]
    if old["random_codes"]:
        if not comparing:
            raise ValueError("random_codes is true without the loss latent-reconstruction, whose option it is now")
        return losses
    return losses and [
        each + (",random_codes=False" if ":" in each else ":random_codes=False") if each in comparing else each
        for each in losses
    ]
