"""The state of a training that Keras leaves out of a file of weights, and without which a resumed run would differ."""


def save(model, store) -> None:
    """Add the states of a model's random numbers and the means of its metrics so far to its own variables."""
    for key, variable in _left_out(model).items():
        store[key] = variable.numpy()


def load(model, store) -> dict:
    """Load what `save` added; returns the rest of the store, which Keras reads.

    Raises:
        KeyError: A state of random numbers is missing. Means may be: files of 0.1.0 have none.
    """
    left_out = _left_out(model)
    for key, variable in left_out.items():
        if key in store.keys() or not key.startswith("mean"):  # noqa: SIM118 - it is no dict
            variable.assign(store[key])
    return {key: store[key] for key in store.keys() if key not in left_out}  # noqa: SIM118


def _left_out(model):
    known = {id(variable) for variable in [*model.weights, *model.metrics_variables]}
    random = [variable for variable in model.variables if id(variable) not in known]
    return {
        **{f"random_{i}": variable for i, variable in enumerate(random)},
        **{f"mean_{i}": variable for i, variable in enumerate(model.metrics_variables)},
    }
