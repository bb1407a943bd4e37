"""Texts that people agree to, and who agreed. The texts are files ``data_files/consents/<purpose>-<version>.md``:
a title, then paragraphs; a text that was shown to anybody is never edited, a change is a new version."""

import hashlib
from functools import lru_cache
from pathlib import Path

from zhenxue.identity.data import ConsentPurpose, ConsentText
from zhenxue.identity.models import Consent

FOLDER = Path(__file__).resolve().parent.parent / "data_files" / "consents"


@lru_cache(maxsize=8)
def consent_text(purpose: ConsentPurpose) -> ConsentText:
    """The text in force: the file with the highest number."""
    files = {int(file.stem.rpartition("-")[2]): file for file in FOLDER.glob(f"{purpose.value}-*.md")}
    version = max(files)
    return _read(purpose, str(version), files[version])


def find_consent(person_id: int, purpose: ConsentPurpose) -> Consent | None:
    """The consent that is given and not withdrawn, of whatever version."""
    return Consent.objects.filter(person_id=person_id, purpose=purpose, withdrawn_at__isnull=True).first()


def has_consent(person_id: int, purpose: ConsentPurpose | str) -> bool:
    """Whether the person agreed to the text in force and did not withdraw it; a new version asks anew."""
    purpose = ConsentPurpose(purpose)
    given = find_consent(person_id, purpose)
    return given is not None and given.text_version == consent_text(purpose).version


def living_consents(person_id: int) -> dict[ConsentPurpose, Consent]:
    """Everything the person agrees to now, to the text in force."""
    rows = Consent.objects.filter(person_id=person_id, withdrawn_at__isnull=True)
    found = {ConsentPurpose(row.purpose): row for row in rows}
    return {purpose: row for purpose, row in found.items() if row.text_version == consent_text(purpose).version}


def _read(purpose: ConsentPurpose, version: str, file: Path) -> ConsentText:
    raw = file.read_bytes()
    title, *paragraphs = [part.strip() for part in raw.decode().split("\n\n") if part.strip()]
    return ConsentText(purpose, version, title.lstrip("# "), tuple(paragraphs), hashlib.sha256(raw).hexdigest())
