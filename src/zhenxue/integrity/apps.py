"""Registration only; a function a concern."""

from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    name = "zhenxue.integrity"
    label = "integrity"

    def ready(self) -> None:
        _faces()
        _checks()
        _incidents()


def _faces() -> None:
    """Evidence kinds, jobs, files and sealed columns of faces."""
    from zhenxue.evidence import api as evidence
    from zhenxue.identity import signals as identity
    from zhenxue.identity.api import Method, MethodKind, register_method
    from zhenxue.identity.data import FACE, Role
    from zhenxue.integrity import subscribers
    from zhenxue.integrity.evidence_kinds.faces import KINDS
    from zhenxue.integrity.operations import faces
    from zhenxue.integrity.operations.faces import files
    from zhenxue.integrity.queries.face_projection import verify_faces
    from zhenxue.kernel import navigation, periodic, resealing, storage
    from zhenxue.training import signals as training

    for kind in KINDS:
        evidence.register(kind)
    evidence.register_projection("integrity.faces", verify_faces)
    storage.register_claims("camera pictures", files.claims)
    resealing.register("camera pictures", files.reseal, files.heads, files.give_up)
    periodic.register(periodic.Job("integrity.tidy_faces", 3600, lambda now: faces.tidy_faces(now=now)))
    periodic.register(periodic.Job("integrity.expire_jobs", 5, lambda now: faces.expire_late(now=now)))
    periodic.register(periodic.Job("integrity.duplicates", 600, lambda now: faces.ask_for_duplicates(now=now)))
    identity.consent_withdrawn.connect(subscribers.on_consent_withdrawn, dispatch_uid="integrity.consent_withdrawn")
    training.cohort_closed.connect(subscribers.on_cohort_closed, dispatch_uid="integrity.faces_cohort_closed")
    words = "用手机或电脑的摄像头拍几张照片，和身份证上的照片比对，当场出结果。"
    register_method(Method(FACE, MethodKind.PAGE, words, url_name="integrity:enrol"))
    manager, learner = {Role.PROVIDER_MANAGER.value}, {Role.LEARNER.value}
    item = navigation.Item("人脸登记确认", "integrity:pending_faces", "user-check", manager, 36, "培训")
    navigation.register(item)
    item = navigation.Item("我的人脸信息", "integrity:my_face", "user-check", learner, 94, also=("integrity:enrol",))
    navigation.register(item)


def _checks() -> None:
    """Evidence kinds, jobs and places of presence checks."""
    from zhenxue.evidence import api as evidence
    from zhenxue.identity.data import Role
    from zhenxue.integrity import signals
    from zhenxue.integrity.data import JobKind
    from zhenxue.integrity.evidence_kinds.checks import KINDS
    from zhenxue.integrity.operations.checks import apply_verdict, on_signal_noted, sweep
    from zhenxue.integrity.operations.faces import on_judged
    from zhenxue.integrity.queries import projection
    from zhenxue.kernel import navigation, periodic

    for kind in KINDS:
        evidence.register(kind)
    evidence.register_projection("integrity.checks", projection.verify_checks)
    evidence.register_projection("integrity.commands", projection.verify_commands)
    periodic.register(periodic.Job("integrity.sweep", 5, sweep))
    on_judged(JobKind.CHECK, apply_verdict)
    signals.signal_noted.connect(on_signal_noted, dispatch_uid="integrity.on_signal_noted")
    learner, teacher, officer = {Role.LEARNER.value}, {Role.TEACHER.value}, {Role.BUREAU_OFFICER.value}
    also = ("integrity:check", "integrity:make_up")
    navigation.register(navigation.Item("在学核验", "integrity:checks", "user-check", learner, 92, also=also))
    navigation.register(navigation.Item("在学确认", "integrity:waiting", "user-check", teacher, 35, "培训"))
    command_pages = ("integrity:command", "integrity:new_command")
    item = navigation.Item("在线抽查", "integrity:commands", "user-check", officer, 22, "监管", command_pages)
    navigation.register(item)
    navigation.register_home(navigation.HomeBlock("integrity:checks_block", learner, order=12, lines=2))
    navigation.register_home(navigation.HomeBlock("integrity:waiting_block", teacher, order=5, lines=2))


def _incidents() -> None:
    """Evidence kinds, jobs and places of signals, incidents and appeals."""
    from zhenxue.evidence import api as evidence
    from zhenxue.identity.data import Role
    from zhenxue.integrity import signals as announced
    from zhenxue.integrity.evidence_kinds.incidents import KINDS
    from zhenxue.integrity.operations import incidents, pictures, scanning, signals, telling
    from zhenxue.integrity.queries.facts import checks_between
    from zhenxue.integrity.queries.incidents import may_view_incident
    from zhenxue.integrity.queries.verification import check_incidents
    from zhenxue.integrity.rules import Looks
    from zhenxue.kernel import navigation, periodic, resealing, storage

    for kind in KINDS:
        evidence.register(kind)
    evidence.register_projection("integrity.incidents", check_incidents)
    evidence.register_viewer(may_view_incident)
    scanning.register_facts(scanning.Source("integrity.checks", Looks.CHECK, checks_between))
    jobs = (
        periodic.Job("integrity.scan", 300, lambda now: scanning.scan(now=now)),
        periodic.Job("integrity.gather_free", 3600, lambda now: signals.gather_free(now=now)),
        periodic.Job("integrity.close_finished", 3600, lambda now: incidents.close_finished(now=now)),
        periodic.Job("integrity.remind", 3600, lambda now: incidents.remind(now=now)),
    )
    for job in jobs:
        periodic.register(job)
    storage.register_claims("incident pictures", pictures.picture_claims)
    resealing.register("incident pictures", pictures.reseal_pictures, pictures.picture_heads, pictures.give_up_pictures)
    tellers = (
        (announced.incident_opened, telling.on_opened),
        (announced.incident_explained, telling.on_explained),
        (announced.ruling_made, telling.on_ruled),
        (announced.incident_appealed, telling.on_appealed),
        (announced.appeal_decided, telling.on_decided),
        (announced.incident_due, telling.on_due),
    )
    for signal, teller in tellers:
        signal.connect(teller, dispatch_uid=f"integrity.{teller.__name__}")
    operator: set[str] = {Role.OPERATOR_ADMIN}
    navigation.register(navigation.Item("人脸引擎", "integrity:engine", "chart-bar", operator, 26, "监管"))
    navigation.register_home(navigation.HomeBlock("integrity:engine_block", operator, order=60, lines=2))
    judges: set[str] = {Role.OPERATOR_ADMIN, Role.OPERATOR_REVIEWER, Role.BUREAU_OFFICER}
    managers: set[str] = {Role.PROVIDER_MANAGER, Role.ENTERPRISE_MANAGER}
    learner: set[str] = {Role.LEARNER}
    own = ("integrity:my_incident", "integrity:appeal")
    item = navigation.Item
    navigation.register(item("核查与裁定", "integrity:incidents", "shield-check", judges, 24, "监管"))
    navigation.register(item("学习核查", "integrity:incidents", "shield-check", managers, 25, "培训"))
    navigation.register(item("我的核查", "integrity:my_incidents", "shield-check", learner, 95, also=own))
    navigation.register_home(navigation.HomeBlock("integrity:incidents_block", judges | managers, order=12))
    navigation.register_home(navigation.HomeBlock("integrity:my_incidents_block", learner, order=14, lines=2))
