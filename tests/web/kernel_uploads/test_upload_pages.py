"""The addresses that upload.ts speaks to."""

import hashlib
import json
import os
import uuid
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.factories.identity import client_for, make_provider
from zhenxue.kernel.models import Upload

pytestmark = pytest.mark.django_db
DATA = os.urandom(50_000)


@pytest.fixture
def page() -> Client:
    return client_for(make_provider())


def create(page: Client, **changes: Any) -> Any:
    body = {"file_name": "片.mp4", "size_bytes": len(DATA), "purpose": "test", **changes}
    return page.post("/uploads/", json.dumps(body), content_type="application/json")


def send(page: Client, upload_id: str, data: bytes, offset: int | str) -> Any:
    return page.patch(
        f"/uploads/{upload_id}/", data, content_type="application/octet-stream", headers={"upload-offset": str(offset)}
    )


def test_an_upload_goes_on_where_the_server_says_it_stands(page: Client) -> None:
    made = create(page)
    assert made.status_code == 201
    upload_id = made.json()["id"]
    assert made.json()["chunk_bytes"] == 4 * 1024 * 1024
    assert send(page, upload_id, DATA[:20_000], 0).json()["offset"] == 20_000
    twice = send(page, upload_id, DATA[:20_000], 0)
    assert (twice.status_code, twice.json()["offset"]) == (409, 20_000)
    stands = page.get(f"/uploads/{upload_id}/").json()
    assert (stands["offset"], stands["state"]) == (20_000, "open")
    done = send(page, upload_id, DATA[20_000:], 20_000).json()
    assert (done["offset"], done["state"]) == (len(DATA), "complete")
    assert Upload.objects.get().sha256 == hashlib.sha256(DATA).hexdigest()


def test_what_does_not_fit_is_refused_in_words(page: Client, settings: Settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1000
    refused = create(page)
    assert refused.status_code == 422
    assert "超过了上限" in refused.json()["message"]
    for body in ("{", "[]", "{}", '{"file_name": 1, "size_bytes": 1, "purpose": "x"}'):
        assert page.post("/uploads/", body, content_type="application/json").status_code == 422
    assert create(page, size_bytes="9").status_code == 422
    assert create(page, size_bytes=-1).status_code == 422
    upload_id = create(page, size_bytes=10).json()["id"]
    assert send(page, upload_id, b"x", "").status_code == 422
    assert send(page, upload_id, b"x" * 11, 0).status_code == 422
    assert page.get("/uploads/").status_code == 405
    assert page.put(f"/uploads/{upload_id}/").status_code == 405


def test_another_persons_upload_is_not_there_and_the_anonymous_sign_in_first(page: Client, client: Client) -> None:
    upload_id = create(page).json()["id"]
    other = client_for(make_provider())
    assert send(other, upload_id, DATA, 0).status_code == 404
    assert other.get(f"/uploads/{upload_id}/").status_code == 404
    assert other.delete(f"/uploads/{upload_id}/").status_code == 404
    assert page.get(f"/uploads/{uuid.uuid4()}/").status_code == 404
    expired = send(client, upload_id, DATA, 0)
    assert expired.status_code == 403
    assert "重新登录" in expired.json()["message"]
    assert page.delete(f"/uploads/{upload_id}/").status_code == 204
    assert page.get(f"/uploads/{upload_id}/").status_code == 404


def test_a_chunk_without_the_token_of_the_page_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/uploads/", "{}", content_type="application/json").status_code == 403
