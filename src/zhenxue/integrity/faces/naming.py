"""Which engine decides: the weights by name and digest. Standard library only, so that the web can say it too."""

from importlib.metadata import version

DETECTOR = "face_detection_yunet_2023mar_int8bq.onnx"
EMBEDDER = "face_recognition_sface_2021dec_int8bq.onnx"
DIGESTS = {
    DETECTOR: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    EMBEDDER: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
}
#: Counts up when the same nets are asked in another way: 2, turned frames are compared in whole numbers first.
WAY = 2
_LIBRARIES = f"OpenCV-{version('opencv-python-headless')} onnxruntime-{version('onnxruntime')}"
#: What a decision is recorded with: models with the first digits of their digests, libraries, the way they are asked.
ENGINE = f"YuNet-{DIGESTS[DETECTOR][:8]} SFace-{DIGESTS[EMBEDDER][:8]} {_LIBRARIES} way-{WAY}"
