"""ONNX files read and written: as much of the format as the two nets here need, without a package for it.

The files of weights keep every weight as 8-bit numbers with a scale for each block, and make numbers of them anew in
every run; they also name their weights as inputs. Both keep onnxruntime from preparing a net, so the graph is read,
its weights are made into plain arrays, and it is written anew in memory. Source: ``onnx.proto`` of ONNX (field numbers
below), Protocol Buffers' encoding (varints, lengths).
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # the package carries no types

type Array = npt.NDArray[Any]
type Bytes = bytes | memoryview

#: ``TensorProto.DataType`` and the field that holds the numbers where there are no raw bytes.
KINDS: dict[int, tuple[str, int]] = {1: ("<f4", 4), 2: ("u1", 5), 3: ("i1", 5), 6: ("<i4", 5), 7: ("<i8", 7)}
NUMBERS = {np.dtype(name): number for number, (name, _) in KINDS.items()}
FLOAT, BYTE = 1, 2
VARINT, LONG, LENGTH, SHORT = 0, 1, 2, 5  # wire types
IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class Node:
    """One step: what it does, the names it reads and writes, its settings (numbers, lists of whole ones)."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    domain: str = ""


@dataclass(slots=True)
class Graph:
    """Steps in their order, constants by name, what goes in (kind and shape, None for any size), what comes out."""

    nodes: list[Node]
    constants: dict[str, Array]
    inputs: dict[str, tuple[int, tuple[int | None, ...]]]
    outputs: tuple[str, ...]


def read(path: Path) -> Graph:
    """The net of a file; inputs that are constants besides are left out, and constants are unpacked."""
    model = memoryview(path.read_bytes())
    whole = next(value for number, value in _fields(model) if number == 7)
    nodes: list[Node] = []
    constants: dict[str, Array] = {}
    outputs: list[str] = []
    for number, value in _fields(whole):
        if number == 1:
            nodes.append(_node(value))
        elif number == 5:
            name, array = _tensor(value)
            constants[name] = array
        elif number == 12:
            outputs.append(_text(value, 1))
    return _unpacked(Graph(nodes, constants, {}, tuple(outputs)))


def session(graph: Graph, *, opset: int) -> onnxruntime.InferenceSession:
    """The net ready to run, in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(write(graph, opset=opset), options, providers=["CPUExecutionProvider"])


def write(graph: Graph, *, opset: int) -> bytes:
    """The net as a file; nodes of the domain ``com.microsoft`` are onnxruntime's own."""
    used = {name for node in graph.nodes for name in node.inputs}
    body = b"".join(_part(1, _node_bytes(node)) for node in graph.nodes) + _part(2, b"net")
    body += b"".join(_part(5, _tensor_bytes(name, graph.constants[name])) for name in graph.constants if name in used)
    body += b"".join(_part(11, _value_bytes(name, *what)) for name, what in graph.inputs.items())
    body += b"".join(_part(12, _value_bytes(name, FLOAT, None)) for name in graph.outputs)
    sets = _part(8, _part(1, b"") + _number(2, opset)) + _part(8, _part(1, b"com.microsoft") + _number(2, 1))
    return _number(1, IR_VERSION) + _part(7, body) + sets


def _unpacked(graph: Graph) -> Graph:
    """``DequantizeLinear`` of constants by blocks, and ``Reshape`` of what comes out of it, done once for all."""
    made: dict[str, Array] = {}
    left: list[Node] = []
    for node in graph.nodes:
        if node.kind == "DequantizeLinear":
            packed, scale, zero = (graph.constants[name] for name in node.inputs)
            made[node.outputs[0]] = _numbers(packed, scale, zero, node.settings)
        elif node.kind == "Reshape" and node.inputs[0] in made:
            shape = tuple(int(side) for side in graph.constants[node.inputs[1]])
            made[node.outputs[0]] = made[node.inputs[0]].reshape(shape)
        else:
            left.append(node)
    return Graph(left, graph.constants | made, graph.inputs, graph.outputs)


def _numbers(packed: Array, scale: Array, zero: Array, settings: Mapping[str, Any]) -> Array:
    """Each block along the axis has a scale and a zero of its own; the last one may be shorter."""
    if not scale.ndim:
        return np.asarray((packed.astype(np.float32) - np.float32(zero)) * scale, np.float32)
    axis, size = int(settings["axis"]), int(settings["block_size"])
    starts = range(0, packed.shape[axis], size)
    if len(starts) == scale.shape[axis] == packed.shape[axis] / size:
        cut = (*packed.shape[:axis], len(starts), size, *packed.shape[axis + 1 :])
        found = packed.reshape(cut).astype(np.float32)
        if zero.any():
            found -= np.expand_dims(zero, axis + 1).astype(np.float32)
        found *= np.expand_dims(scale, axis + 1)
        return found.reshape(packed.shape)
    along = [slice(None)] * packed.ndim
    along[axis] = slice(0, packed.shape[axis])
    scale, zero = (np.repeat(one, size, axis=axis)[tuple(along)] for one in (scale, zero))
    return np.asarray((packed.astype(np.float32) - zero.astype(np.float32)) * scale, np.float32)


def _varint(data: Bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: Bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of a message: whole numbers, or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == LENGTH:
            size, at = _varint(data, at)
        elif kind in {LONG, SHORT}:
            size = 8 if kind == LONG else 4
        else:
            raise ValueError("not an ONNX file")
        yield key >> 3, data[at : at + size]
        at += size


def _text(data: Bytes, wanted: int) -> str:
    return next((bytes(value).decode() for number, value in _fields(data) if number == wanted), "")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _node(data: Bytes) -> Node:
    found: dict[int, list[Any]] = {}
    for number, value in _fields(data):
        found.setdefault(number, []).append(value)
    names = [tuple(bytes(one).decode() for one in found.get(number, [])) for number in (1, 2)]
    settings = dict(_setting(one) for one in found.get(5, []))
    return Node(bytes(found[4][0]).decode(), names[0], names[1], settings)


def _setting(data: Bytes) -> tuple[str, Any]:
    name, value = "", None
    many: list[int] = []
    for number, content in _fields(data):
        if number == 1:
            name = bytes(content).decode()
        elif number == 2:
            value = struct.unpack("<f", content)[0]
        elif number == 3:
            value = _signed(content)
        elif number == 4:
            value = bytes(content)
        elif number == 8:
            many += _packed(content)
    return name, many or value


def _packed(content: Bytes | int) -> list[int]:
    """Whole numbers of a repeated field, packed or one by one."""
    if isinstance(content, int):
        return [_signed(content)]
    found, at = [], 0
    while at < len(content):
        value, at = _varint(content, at)
        found.append(_signed(value))
    return found


def _tensor(data: Bytes) -> tuple[str, Array]:
    name, kind, raw = "", FLOAT, None
    shape: list[int] = []
    numbers: list[int] = []
    for number, value in _fields(data):
        if number == 1:
            shape += _packed(value)
        elif number == 2:
            kind = value
        elif number == 8:
            name = bytes(value).decode()
        elif number == 9 or (number == 4 and kind == FLOAT):
            raw = (raw or b"") + bytes(value)
        elif number in {5, 7}:
            numbers += _packed(value)
    form = KINDS[kind][0]
    array: Array = np.array(numbers, form) if raw is None else np.frombuffer(raw, form)
    return name, array.reshape(shape)


def _bytes_of(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _number(field_number: int, value: int) -> bytes:
    return _bytes_of(field_number << 3 | VARINT) + _bytes_of(value)


def _part(field_number: int, content: bytes) -> bytes:
    return _bytes_of(field_number << 3 | LENGTH) + _bytes_of(len(content)) + content


def _node_bytes(node: Node) -> bytes:
    names = [(1, node.inputs), (2, node.outputs)]
    body = b"".join(_part(number, one.encode()) for number, many in names for one in many)
    body += _part(4, node.kind.encode())
    body += b"".join(_part(5, _setting_bytes(name, value)) for name, value in node.settings.items())
    return body + _part(7, node.domain.encode())


def _setting_bytes(name: str, value: float | bytes | Sequence[int]) -> bytes:
    body = _part(1, name.encode())
    if isinstance(value, int):
        return body + _number(3, value) + _number(20, 2)
    if isinstance(value, float):
        return body + _bytes_of(2 << 3 | SHORT) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, bytes):
        return body + _part(4, value) + _number(20, 3)
    return body + b"".join(_number(8, one) for one in value) + _number(20, 7)


def _tensor_bytes(name: str, array: Array) -> bytes:
    body = b"".join(_number(1, side) for side in array.shape) + _number(2, NUMBERS[array.dtype])
    return body + _part(8, name.encode()) + _part(9, np.ascontiguousarray(array).tobytes())


def _value_bytes(name: str, kind: int, shape: tuple[int | None, ...] | None) -> bytes:
    tensor = _number(1, kind)
    if shape is not None:
        sides = (_part(2, f"side{at}".encode()) if side is None else _number(1, side) for at, side in enumerate(shape))
        tensor += _part(2, b"".join(_part(1, one) for one in sides))
    return _part(1, name.encode()) + _part(2, _part(1, tensor))
