"""Tables of ``kernel``: uploads on their way in, forms that were used."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from zhenxue.kernel.data import UploadState


class Upload(models.Model):
    """A file that arrives in chunks and can be resumed; taken once by the operation it was sent for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_account_id = models.BigIntegerField()  # identity.Account; a plain number, since kernel knows no accounts
    purpose = models.CharField(max_length=40)
    file_name = models.CharField(max_length=200)
    size_bytes = models.PositiveBigIntegerField()
    received_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=UploadState.choices(), default=UploadState.OPEN)
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(received_bytes__lte=F("size_bytes")), name="kernel_upload_within_size"),
            models.CheckConstraint(
                condition=Q(state=UploadState.OPEN) | Q(received_bytes=F("size_bytes")), name="kernel_upload_whole"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "touched_at"], name="kernel_upload_state")]


class UsedForm(models.Model):
    """A form that created something, known by its one-use token, and where it led (``kernel.once``)."""

    account_id = models.BigIntegerField()  # identity.Account; a plain number, since kernel knows no accounts
    token = models.CharField(max_length=64)  # of the form as it was filled in
    location = models.CharField(max_length=500, blank=True)
    used_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_id", "token"], name="kernel_used_form_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["used_at"], name="kernel_used_form_age")]
