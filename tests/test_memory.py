"""Models that are no longer used leave nothing in memory; `tests/benchmarks/memory.py` measures how much they did."""

import gc
import weakref

import numpy as np
import pytest
from tensorflow.python.framework.func_graph import FuncGraph

import stylezoo

SMALL = {
    "generator.filters": 6, "generator.blocks": 1, "discriminators": ("patch:filters=4,layers=1",), "image_size": 16,
    "load_size": 20,
}  # fmt: skip


def drawn(model):
    model.stylize(np.zeros((24, 32, 3), "uint8"))


def trained(model):
    crops = np.zeros((1, 16, 16, 3), "float32")
    model.fit(crops, crops, verbose=0)


def left(work):
    """How many graphs are in memory after a model was made and worked with; the model must not be."""
    model = stylezoo.create_model("transfer", **SMALL)
    work(model)
    parts = [weakref.ref(each) for each in (model, model.generator, model.optimizer, model.generator.weights[0])]
    del model
    gc.collect()
    gc.collect()  # what finalizers of the first have left
    assert not any(part() for part in parts)
    return sum(isinstance(each, FuncGraph) for each in gc.get_objects())


@pytest.mark.graph
@pytest.mark.parametrize("work", [drawn, pytest.param(trained, marks=pytest.mark.long)])
def test_a_model_and_its_graphs_are_forgotten(work):
    """TensorFlow keeps each graph in which a gradient of one's own was defined: here the last layer and optimizers."""
    assert left(work) == left(work)


def test_variables_of_tensorflow_have_one_name(tmp_path):
    """It keeps a kernel for each name; a model that is loaded makes its optimizers from another configuration."""
    model = stylezoo.create_model("transfer", pool=2, **SMALL)
    model.save(tmp_path / "model.keras")
    for each in (model, stylezoo.load_model(tmp_path / "model.keras")):
        assert {variable.value.name for variable in each.variables + each.optimizer.variables} == {"variable:0"}
