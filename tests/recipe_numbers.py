"""What a recipe means, as numbers that can be compared whatever the recipe's fields are called."""


def bare(spec):
    """The text of a part without our distribution's name."""
    return str(spec).removeprefix("stylezoo/")


def numbers(plan):
    """What a plan trains with, number by number."""
    recipe, adams = plan.recipe, plan.optimizers
    generator, discriminator = adams["generator"], adams["discriminator"]
    betas = {player: (each.numbers["beta_1"], each.numbers["beta_2"]) for player, each in adams.items()}
    warmup = plan.warmup
    return {
        "learning_rate": generator.learning_rate,
        "discriminator_rate": discriminator.learning_rate,
        "betas": betas["generator"],
        "discriminator_betas": betas["discriminator"],
        "epsilon": generator.numbers["epsilon"],
        "weight_decay": generator.weight_decay,
        "epochs": plan.schedule.epochs,
        "decay_epochs": plan.schedule.decay_epochs,
        "schedule": plan.schedule.name,
        "every": getattr(plan.schedule, "every", None),
        "rate": getattr(plan.schedule, "decay", None),
        "order": plan.order.name,
        "batches": plan.order.batches,
        "judge_identity": plan.order.judge_identity,
        "crop_grid": plan.crops.name == "grid",
        "whole_in_decay": getattr(plan.crops, "whole_in_decay", False),
        "flip": plan.crops.flip,
        "turn_style": plan.crops.turn_style,
        "source_zoom": tuple(map(float, plan.crops.source_zoom)),
        "style_zoom": tuple(map(float, plan.crops.style_zoom)),
        "warmup_rate": warmup and warmup.learning_rate,
        "warmup_epochs": warmup.epochs if warmup else 0,
        "warmup_losses": warmup.losses if warmup else (),
        "random_codes": any(part.build(**plan.given).random_codes_needed for part in plan.losses),
        "data": plan.data.name,
        "direction": plan.data.direction,
        "added": plan.data.added,
        "styles": plan.styles,
        "match_tones": plan.data.match_tones,
        **{name: getattr(recipe, name) for name in ("pool", "two_way", "average", "image_size", "scaled_size")},
        **{name: getattr(recipe, name) for name in ("batch_size", "steps", "steps_per_epoch", "precision", "seed")},
        **{name: getattr(recipe, name) for name in ("about", "vgg")},
        "generator": bare(recipe.generator),
        "discriminators": list(map(bare, recipe.discriminators)),
        "losses": list(map(bare, recipe.losses)),
        "lengths": (plan.warmup_steps, plan.decay_begins, plan.total_steps),
    }
