"""The page's side of the study protocol in Python: for the demo, tests, benches and the cheating suite.

Pure: no Django, no network. The browser's side is ``frontend/islands/player``; both speak
docs/reference/study-protocol.md.
"""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from zhenxue.kernel import p256
from zhenxue.study.protocol import proofs


class SoftDevice:
    """A device with its own P-256 key pair, as a browser keeps it in IndexedDB."""

    def __init__(self) -> None:
        self._private = proofs.make_ephemeral()
        self.public_key = p256.point_text(self._private.public_key())
        self.fingerprint = hashlib.sha256(p256.decode(self.public_key)).hexdigest()

    def sign(self, text: bytes) -> str:
        """ECDSA-SHA256 as WebCrypto gives it: raw ``r‖s``, base64url without padding."""
        r, s = decode_dss_signature(self._private.sign(text, ec.ECDSA(hashes.SHA256())))
        return p256.encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


class Opening:
    """One try to open a session: its own ephemeral key, the signed form, and the key of beats from the answer."""

    def __init__(self, device: SoftDevice, *, challenge: str, enrolment_id: int, unit_id: int, tab: str) -> None:
        self._private = proofs.make_ephemeral()
        self.challenge = challenge
        self.tab = tab
        self.ephemeral = p256.point_text(self._private.public_key())
        text = proofs.opening_text(
            challenge=challenge, enrolment_id=enrolment_id, unit_id=unit_id, tab=tab, ephemeral=self.ephemeral
        )
        self.signature = device.sign(text)

    @property
    def form(self) -> dict[str, str]:
        """What is posted to ``study:open``."""
        return {
            "tab": self.tab,
            "challenge": self.challenge,
            "ephemeral": self.ephemeral,
            "signature": self.signature,
        }

    def beat_key(self, server_ephemeral: str, session_id: int) -> bytes:
        """The key of the opened session's beats; raises ``ValueError`` for a point that is none."""
        return agree(self._private, server_ephemeral, challenge=self.challenge, session_id=session_id)


agree = proofs.agree
#: ``proof(beat_key, body)``: the value of ``X-Beat-Proof`` for these very bytes.
proof = proofs.beat_proof
