"""SFace in whole numbers: the same weights, half the time, an answer that lies within about 0.01 of the full one.

Made at start out of the file of weights, without any picture: how large the numbers between two layers become follows
from the file itself, which keeps mean and spread of every channel (the parameters of its batch normalisation). Weights
have seven bits and what flows between layers eight, so that no sum of two products leaves 16 bits: every processor
counts the same, those without instructions for it too. It serves to compare frames of one burst with each other;
whether a face is the enrolled one is asked of the full net alone (``engine.Engine.embed``).
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zhenxue.integrity.faces import graphs
from zhenxue.integrity.faces.graphs import Array, Node

SIDE = 112
SPREADS = 8  # numbers farther than so many standard deviations from their mean are cut off
LARGEST_WEIGHT = 63
OPSET = 15
OWN = "com.microsoft"
INPUT, OUTPUT = "picture", "vector"
PIXEL_MIDDLE, PIXEL_SCALE = 127.5, 1 / 128  # what the net makes of a pixel before its first layer


@dataclass(slots=True)
class Layer:
    """A convolution with its normalisation folded in; mean and spread of what comes out, and the slope below zero."""

    name: str
    weights: Array
    shift: Array
    mean: Array
    spread: Array
    slope: Array
    node: Node


class Quick:
    """The net, for one thread."""

    def __init__(self, path: Path) -> None:
        self._net = graphs.session(build(path), opset=OPSET)

    def run(self, aligned: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """128 numbers of an aligned face (112×112, blue green red)."""
        red_first = np.ascontiguousarray(aligned[None, :, :, ::-1])
        return np.asarray(self._net.run([OUTPUT], {INPUT: red_first})[0], np.float32).ravel()


def build(path: Path) -> graphs.Graph:
    """The graph in whole numbers; the picture goes in as bytes, height × width × colour."""
    layers, weights, shift = _layers(graphs.read(path))
    maker = _Maker()
    first = layers[0]
    # The middle of a pixel lies between two whole numbers; the half that is missing goes into the shift.
    first.shift = first.shift + first.weights.sum((1, 2, 3)) * (round(PIXEL_MIDDLE) - PIXEL_MIDDLE) * PIXEL_SCALE
    current, scale, zero = INPUT, np.float32(PIXEL_SCALE), np.uint8(round(PIXEL_MIDDLE))
    for layer in layers:
        current, scale, zero = maker.layer(layer, current, scale, zero)
    maker.add("Flatten", "flat", current)
    maker.product(OUTPUT, "flat", weights, shift, scale, zero)
    # The full net flattens colour by colour, this one place by place.
    maker.constants[f"{OUTPUT}/weights"] = _by_place(maker.constants[f"{OUTPUT}/weights"])
    inputs: dict[str, tuple[int, tuple[int | None, ...]]] = {INPUT: (graphs.BYTE, (1, SIDE, SIDE, 3))}
    return graphs.Graph(maker.nodes, maker.constants, inputs, (OUTPUT,))


def _layers(graph: graphs.Graph) -> tuple[list[Layer], Array, Array]:
    """The convolutions in their order, then weights and shift of the last product. The net is one chain: preparation,
    27 times convolution, normalisation, slope; then normalisation, product, normalisation."""
    values = graph.constants
    steps = [node for node in graph.nodes if node.kind in {"Conv", "BatchNormalization", "PRelu", "Gemm"}]
    layers: list[Layer] = []
    while steps[0].kind == "Conv":
        convolution, normal, slope = steps[:3]
        steps = steps[3:]
        factor, shift = _normal(normal, values)
        weights = values[convolution.inputs[1]] * factor[:, None, None, None]
        spread, mean = np.abs(values[normal.inputs[1]]), values[normal.inputs[2]]
        slopes = values[slope.inputs[1]].ravel()
        layers.append(Layer(convolution.outputs[0], weights, shift, mean, spread, slopes, convolution))
    before, product, after = steps
    (factor, shift), (scale, offset) = _normal(before, values), _normal(after, values)
    weights, bias = values[product.inputs[1]], values[product.inputs[2]]
    places = weights.shape[1] // len(factor)
    shift = (bias + weights @ np.repeat(shift, places)) * scale + offset
    weights *= np.repeat(factor, places)  # in place: it is two thirds of the file, and memory is counted
    weights *= scale[:, None]
    _positive(layers)
    return layers, weights, shift


def _normal(node: Node, values: dict[str, Array]) -> tuple[Array, Array]:
    """A batch normalisation as factor and shift."""
    factor, shift, mean, variance = (values[name].astype(np.float64) for name in node.inputs[1:])
    factor = factor / np.sqrt(variance + node.settings["epsilon"])
    return factor.astype(np.float32), (shift - mean * factor).astype(np.float32)


def _positive(layers: list[Layer]) -> None:
    """No slope above 1, so that the larger of ``x`` and ``slope · x`` is the answer.

    A channel with a steeper slope ``s`` is counted as ``−s·x`` with the slope ``1/s``, which gives the negative of what
    it gave; the next layer takes it with the other sign.
    """
    for layer, following in pairwise(layers):
        steep = layer.slope > 1
        factor = np.where(steep, -layer.slope, 1.0)
        layer.weights = layer.weights * factor[:, None, None, None]
        layer.shift, layer.mean = layer.shift * factor, layer.mean * factor
        layer.spread = layer.spread * np.abs(factor)
        layer.slope = np.where(steep, 1 / np.where(steep, layer.slope, 1.0), layer.slope)
        sign = np.where(steep, -1.0, 1.0)
        each = following.weights.shape[1] == 1  # a layer that looks at each channel by itself
        following.weights = following.weights * (sign[:, None, None, None] if each else sign[None, :, None, None])
    if (layers[-1].slope > 1).any():
        raise ValueError("not the net that was measured")


class _Maker:
    """The new graph while it grows."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = {}

    def add(self, kind: str, output: str, *inputs: str, domain: str = "", **settings: object) -> None:
        self.nodes.append(Node(kind, inputs, (output,), settings, domain))

    def keep(self, name: str, array: object) -> str:
        self.constants[name] = np.asarray(array)
        return name

    def layer(self, layer: Layer, source: str, scale: np.float32, zero: np.uint8) -> tuple[str, np.float32, np.uint8]:
        """A convolution and its slope; the name of what comes out, its scale and its zero."""
        name = layer.name
        low, high = layer.mean - SPREADS * layer.spread, layer.mean + SPREADS * layer.spread
        if layer.weights.shape[2:] == (1, 1):
            self.product(f"{name}/sum", source, layer.weights[:, :, 0, 0], layer.shift, scale, zero)
        else:
            self._convolution(layer, source, (scale, zero), _grid(low, high))
        self.add("Mul", f"{name}/below", f"{name}/sum", self.keep(f"{name}/slope", layer.slope.astype(np.float32)))
        self.add("Max", f"{name}/both", f"{name}/sum", f"{name}/below")
        ends = [np.maximum(one, layer.slope * one) for one in (low, high)]
        after = _grid(np.minimum(*ends), np.maximum(*ends))
        grid = self.keep(f"{name}/step", after[0]), self.keep(f"{name}/zero", after[1])
        self.add("QuantizeLinear", f"{name}/out", f"{name}/both", *grid)
        return f"{name}/out", *after

    def product(
        self, output: str, source: str, weights: Array, shift: Array, scale: np.float32, zero: np.uint8
    ) -> None:
        """Weights (out × in) times what comes in; numbers with fractions come out."""
        whole, steps = _whole(weights)
        names = [
            self.keep(f"{output}/weights", np.ascontiguousarray(whole.T)),
            self.keep(f"{output}/in_step", scale),
            self.keep(f"{output}/steps", steps),
            self.keep(f"{output}/in_zero", zero),
            self.keep(f"{output}/zeros", np.zeros(len(weights), np.int8)),
            self.keep(f"{output}/shift", shift.astype(np.float32)),
        ]
        self.add("MatMulIntegerToFloat", output, source, *names, domain=OWN)

    def _convolution(
        self, layer: Layer, source: str, come: tuple[np.float32, np.uint8], go: tuple[np.float32, np.uint8]
    ) -> None:
        name = layer.name
        whole, steps = _whole(layer.weights)
        names = [
            self.keep(f"{name}/in_step", come[0]),
            self.keep(f"{name}/in_zero", come[1]),
            self.keep(f"{name}/weights", whole),
            self.keep(f"{name}/steps", steps),
            self.keep(f"{name}/zeros", np.zeros(len(whole), np.int8)),
            self.keep(f"{name}/sum_step", go[0]),
            self.keep(f"{name}/sum_zero", go[1]),
            self.keep(f"{name}/shift", np.round(layer.shift / (come[0] * steps)).astype(np.int32)),
        ]
        settings = layer.node.settings
        kept = {key: settings[key] for key in ("group", "kernel_shape", "pads", "strides")}
        self.add("QLinearConv", f"{name}/whole", source, *names, domain=OWN, channels_last=1, **kept)
        self.add("DequantizeLinear", f"{name}/sum", f"{name}/whole", f"{name}/sum_step", f"{name}/sum_zero")


def _whole(weights: Array) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Weights as whole numbers, and the step of each output."""
    rows = weights.reshape(len(weights), -1)
    steps = np.maximum(np.maximum(rows.max(axis=1), -rows.min(axis=1)), 1e-9) / LARGEST_WEIGHT
    whole = np.empty(rows.shape, np.int8)
    for at, row in enumerate(rows):
        whole[at] = np.round(row / steps[at])
    return whole.reshape(weights.shape), steps.astype(np.float32)


def _by_place(weights: Array) -> Array:
    """Rows for every channel and, in it, every place, sorted to every place and, in it, every channel."""
    return np.ascontiguousarray(weights.reshape(-1, 7 * 7, weights.shape[1]).swapaxes(0, 1).reshape(weights.shape))


def _grid(low: Array, high: Array) -> tuple[np.float32, np.uint8]:
    """Step and zero of bytes that reach from the lowest to the highest, zero among them."""
    least, most = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
    step = (most - least) / 255
    return np.float32(step), np.uint8(round(-least / step))
