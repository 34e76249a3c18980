"""The formats of other programs: how a model is written in each, run by its own runtime, and told what it is.

The packages of a format are imported when it is used.
"""

import json
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from stylezoo import backend
from stylezoo.errors import BadOptions, MissingExtra, name_all

ABOUT = "stylezoo.json"  # what a model is, where a format has no place for it in the file
KERNEL = 4  # the axes of the kernel of a convolution
OPEN = {0: "batch", 1: "height", 2: "width"}  # the names of sides that are not fixed


class Format(ABC):
    """One format.

    Attributes:
        name: As in ``format=``.
        suffix: Of its files; "" for a folder.
        packages: What must be installed, as it is imported and as pip calls it.
        sizes: Whether one file can draw pictures of all sizes.
        halves: Whether weights can be kept in half precision.
    """

    name: str
    suffix: str = ""
    packages: dict[str, str] = {}  # noqa: RUF012 - a constant of each class
    sizes = True
    halves = True
    makes_noise = False  # whether the runtime can make random numbers

    def check_installed(self) -> None:
        """Check that the packages are installed.

        Raises:
            MissingExtra: One is not.
        """
        missing = [pip for module, pip in self.packages.items() if find_spec(module) is None]
        if missing:
            raise MissingExtra(
                f"Writing and trying {self.name} needs {name_all(missing)}, which is not installed: "
                f"pip install 'stylezoo[{self.name}]'."
            )

    @abstractmethod
    def write(self, model: keras.Model, signature: list, file: Path, half: bool) -> None:
        """Write a model.

        Args:
            model: The model.
            signature: A `keras.InputSpec` for each of its inputs.
            file: The file or folder.
            half: Whether weights are kept in half precision.
        """

    @abstractmethod
    def describe(self, file: Path, about: dict[str, str]) -> None:
        """Write into a file what it is: licence, lineage and so on, texts by their names."""

    @abstractmethod
    def loaded(self, file: Path) -> Callable[[dict], np.ndarray]:
        """The model of a file in its own runtime: a function from arrays by the names of inputs to its pictures."""


class SavedModel(Format):
    """A SavedModel of TensorFlow; ``signatures["serving_default"]`` has named inputs."""

    name = "saved-model"
    halves = False
    makes_noise = True

    def write(self, model, signature, file, half):
        model.export(file, format="tf_saved_model", input_signature=_given(signature), verbose=False)

    def describe(self, file, about):
        extra = file / "assets.extra"  # where TensorFlow keeps files of users
        extra.mkdir()
        (extra / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")

    def loaded(self, file):
        serve = backend.saved_model(file)
        return lambda inputs: np.array(next(iter(serve(inputs).values())))


class ONNX(Format):
    """ONNX, of opset 15, for onnxruntime and many programs."""

    name, suffix = "onnx", ".onnx"
    packages = {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"}  # noqa: RUF012

    def write(self, model, signature, file, half):
        import onnx

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Keras looks for a name that NumPy 2 has dropped
            model.export(file, format="onnx", input_signature=_given(signature), verbose=False)
        written = onnx.load(file)
        for value in [*written.graph.input, *written.graph.output]:
            for place, side in enumerate(value.type.tensor_type.shape.dim):
                if side.dim_param and place in OPEN:
                    side.dim_param = OPEN[place]
        if half:
            _halve(written.graph)
        onnx.save(written, file)

    def describe(self, file, about):
        import onnx

        model = onnx.load(file)
        onnx.helper.set_model_props(model, about)
        onnx.save(model, file)

    def loaded(self, file):
        import onnxruntime

        session = onnxruntime.InferenceSession(os.fspath(file), providers=["CPUExecutionProvider"])
        return lambda inputs: session.run(None, inputs)[0]


class LiteRT(Format):
    """LiteRT, which was called TensorFlow Lite, for phones: pictures of one size."""

    name, suffix = "litert", ".tflite"
    packages = {"ai_edge_litert": "ai-edge-litert"}  # noqa: RUF012
    sizes = False

    def write(self, model, signature, file, half):
        options = backend.half_precision_of_litert() if half else {}
        model.export(os.fspath(file), format="litert", input_signature=_given(signature), verbose=False, **options)

    def describe(self, file, about):
        from ai_edge_litert import schema_py_generated as schema
        from ai_edge_litert.tools import flatbuffer_utils

        model = flatbuffer_utils.read_model(os.fspath(file))
        for name, text in about.items():
            buffer, entry = schema.BufferT(), schema.MetadataT()
            buffer.data = text.encode()
            entry.name, entry.buffer = name, len(model.buffers)
            model.buffers.append(buffer)
            model.metadata = [*(model.metadata or ()), entry]
        flatbuffer_utils.write_model(model, os.fspath(file))

    def loaded(self, file):
        from ai_edge_litert.interpreter import Interpreter

        run = Interpreter(os.fspath(file)).get_signature_runner()
        return lambda inputs: next(iter(run(**inputs).values()))


class OpenVINO(Format):
    """OpenVINO, for processors of Intel: a file .xml and its weights .bin beside it.

    It is made from ONNX: what OpenVINO makes of TensorFlow's graphs draws something else. That was seen with 2026.4.
    """

    name, suffix = "openvino", ".xml"
    packages = {"tf2onnx": "tf2onnx", "onnx": "onnx", "openvino": "openvino"}  # noqa: RUF012

    def write(self, model, signature, file, half):
        import openvino

        onnx = file.with_suffix(".onnx")
        ONNX().write(model, signature, onnx, half)
        openvino.save_model(openvino.Core().read_model(onnx), file, compress_to_fp16=False)
        onnx.unlink()

    def describe(self, file, about):
        import openvino

        model = openvino.Core().read_model(file)
        for name, text in about.items():
            model.set_rt_info(text, ["stylezoo", name])
        described = file.with_name(f"described-{file.name}")
        openvino.save_model(model, described, compress_to_fp16=False)
        for suffix in (".xml", ".bin"):
            os.replace(described.with_suffix(suffix), file.with_suffix(suffix))

    def loaded(self, file):
        import openvino

        # Without the hint it computes in bfloat16 on processors that have it: 0.02 off.
        model = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda inputs: next(iter(model(inputs).values()))


FORMATS = {each.name: each() for each in (ONNX, LiteRT, SavedModel, OpenVINO)}
KERAS_NAMES = {"tf_saved_model": "saved-model"}


def find(name: str) -> Format:
    """The format of a name.

    Raises:
        BadOptions: There is none.
    """
    found = FORMATS.get(KERAS_NAMES.get(name, name))
    if found is None:
        raise BadOptions(f"There is no format {name!r}: {name_all(FORMATS)}.")
    return found


def _given(signature):
    """The signature as Keras takes it: several inputs are one argument, a list."""
    return signature if len(signature) == 1 else [signature]


def _halve(graph):
    """Keep the kernels of convolutions in half precision in an ONNX graph; they are made float32 when it is loaded.

    Other arrays may be positions or matrices that blur, which half precision would change too much.
    """
    import onnx

    casts = []
    for array in list(graph.initializer):
        values = onnx.numpy_helper.to_array(array)
        if values.dtype != np.float32 or values.ndim != KERNEL:
            continue
        graph.initializer.remove(array)
        small = f"{array.name}/half"
        graph.initializer.append(onnx.numpy_helper.from_array(values.astype("float16"), small))
        casts.append(onnx.helper.make_node("Cast", [small], [array.name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
