"""Who may have the dossier of a cohort or of a learner."""

from typing import Any

from django.urls import reverse

from zhenxue.evidence import api as evidence
from zhenxue.identity.data import Actor
from zhenxue.kernel.errors import Refused
from zhenxue.training import api as training


def find_cohort(actor: Actor, number: int, with_names: bool) -> evidence.DossierSubject:
    """A cohort for its provider or enterprise and for the bureau of its region; raises ``NotFound`` or ``Refused``."""
    cohort = training.get_cohort(actor, number)
    if not (actor.is_manager or actor.is_bureau):
        raise Refused("portal.dossier", "班期档案包只给承训单位的管理员和人社部门。学员可以下载自己的档案包。")
    page = "supervision:cohort_evidence" if actor.is_bureau else "training:history"
    about = (f"organisation:{cohort.organisation_id}",)
    return evidence.DossierSubject(f"{cohort.title}（{cohort.code}）", about, reverse(page, args=[cohort.pk]))


def find_learner(actor: Actor, number: int, with_names: bool) -> evidence.DossierSubject:
    """An enrolment for the learner, the provider or enterprise, and the bureau; raises ``NotFound`` or ``Refused``."""
    enrolment = training.get_enrolment(actor, number)
    if not (actor.is_learner or actor.is_manager or actor.is_bureau):
        raise Refused("portal.dossier", "学员档案包只给学员本人、承训单位的管理员和人社部门。")
    about = (f"cohort:{enrolment.cohort_id}", f"person:{enrolment.person_id}")
    title = f"学籍 {enrolment.pk} 号（{enrolment.cohort.title}）"
    return evidence.DossierSubject(title, about, reverse("portal:learner_timeline", args=[enrolment.pk]))


def asks_reason(actor: Any) -> bool:
    """Staff say why they need names in clear; learners see their own record whole."""
    return not (isinstance(actor, Actor) and actor.is_learner)
