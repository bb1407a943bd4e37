"""What pages and processes do about presence checks, every part of which a test can bend.

A check comes after ``SOON`` seconds of credited time here: the site runs in this process, so a test may know the draw.
The face engine is the real one, on real pictures, in the test's own thread and by the site's clock.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from tests.adversary.bots import Browser, Reply, Tab
from tests.adversary.world import Learner, World
from tests.factories import checks
from tests.support import faces
from zhenxue.identity import api as identity
from zhenxue.identity.data import ConsentPurpose, Role
from zhenxue.integrity import api as integrity
from zhenxue.integrity import protocol
from zhenxue.integrity.models import Check, Incident, ScanMark, Signal
from zhenxue.integrity.operations import scanning
from zhenxue.integrity.operations.faces.working import Everybody, Worker
from zhenxue.study.operations import presence

#: Credited seconds until the next check at random.
SOON = 120
#: Long enough to have read what is asked.
READING = 5


# -- pages


def ask(tab: Tab) -> dict[str, Any]:
    """What the page hands to its presence island."""
    reply = tab.browser.post(tab.opened["urls"]["presence"])
    assert reply.status == 200, reply.text[:500]
    return reply.json


def state(browser: Browser, shown: dict[str, Any]) -> dict[str, Any]:
    """The check as it stands now."""
    return browser.get(shown["urls"]["state"]).json


def give(browser: Browser, shown: dict[str, Any], given: Sequence[str], **changes: Any) -> Reply:
    """An answer to the question or puzzle that stands there."""
    form = {"kind": shown["kind"], "nonce": shown["nonce"], "given": list(given), **changes}
    parts = ["answer", form["kind"], form.get("variant", ""), *form["given"]]
    return browser.post(shown["urls"]["answer"], sign(browser, shown, form, parts))


def sign(browser: Browser, shown: dict[str, Any], form: dict[str, Any], parts: Sequence[str | bytes]) -> dict[str, Any]:
    """The form with the signature of the browser's device, unless it has one."""
    text = protocol.answer_text(shown["check"], form["nonce"], parts)
    return {"signature": browser.device.sign(text), **form}


def choose(browser: Browser, shown: dict[str, Any], kind: str, reason: str = "no_camera", **changes: Any) -> Reply:
    """Asks for another kind."""
    form = {"kind": kind, "reason": reason, "nonce": shown["nonce"], **changes}
    return browser.post(shown["urls"]["other"], sign(browser, shown, form, ["other", kind, reason]))


def right(shown: dict[str, Any]) -> list[str]:
    """What somebody answers who has followed."""
    return checks.right(Check.objects.get(pk=shown["check"]))


def wrong(shown: dict[str, Any]) -> list[str]:
    return checks.wrong(Check.objects.get(pk=shown["check"]))


def other(browser: Browser, shown: dict[str, Any], kind: str = "", reason: str = "no_camera") -> dict[str, Any]:
    """Another kind; the check as it stands then."""
    reply = choose(browser, shown, kind, reason)
    assert reply.status == 200, reply.text[:500]
    return dict(reply.json["check"])


def show_presence(tab: Tab) -> dict[str, Any]:
    """Reads what is asked and answers it right, without a face; the check."""
    shown = ask(tab)
    if shown["kind"] == "face":
        shown = other(tab.browser, shown)
    tab.world.wait(READING)
    reply = give(tab.browser, shown, right(shown))
    assert reply.json.get("passed"), reply.text[:500]
    return shown


def enter(browser: Browser, unit: int, *, mark: str = "") -> Tab:
    """An open page whose check at the door is passed."""
    tab = browser.open(unit, mark=mark)
    assert tab.opened["presence"]
    show_presence(tab)
    return tab


def study_to_check(tab: Tab) -> Tab:
    """Studies until the page is told of a check."""
    tab.study(SOON)
    assert tab.replies[-1].json.get("presence")
    return tab


def sends(browser: Browser, shown: dict[str, Any], frames: Sequence[bytes], **changes: Any) -> Reply:
    """A burst of camera frames, as the island posts them."""
    fields = {"nonce": shown["nonce"], "csrfmiddlewaretoken": browser.cookies.get("csrftoken", ""), **changes}
    fields = sign(browser, shown, {"claims": "", **fields}, ["face", fields.get("claims", ""), *frames])
    kind, body = multipart(fields, frames)
    return browser.request("POST", shown["urls"]["face"], body, {"Content-Type": kind, "Accept": "application/json"})


def multipart(fields: dict[str, str], frames: Sequence[bytes]) -> tuple[str, bytes]:
    """A form with files ``f0``, ``f1`` …: its content type and its body."""
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    for number, frame in enumerate(frames):
        head = f'--{mark}\r\nContent-Disposition: form-data; name="f{number}"; filename="f{number}.jpg"\r\n'
        parts.append(f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + frame + b"\r\n")
    return f"multipart/form-data; boundary={mark}", b"".join(parts) + f"--{mark}--\r\n".encode()


def word(world: World, learner: Learner, shown: dict[str, Any]) -> None:
    """The head teacher of the learner's class has seen them."""
    account = identity.find_account_of(learner.enrolment.cohort.head_teacher_id or 0)
    assert account is not None
    [teacher] = [one for one in identity.list_memberships(account.pk) if one.role == Role.TEACHER]
    integrity.word(
        actor=identity.actor_of(teacher), check_id=shown["check"], note="视频通话见到本人", now=world.clock.now()
    )


# -- processes


def work(world: World) -> None:
    """The engine does everything that waits."""
    engine = Worker("test/0", Everybody(), engine=faces.engine(), now=world.clock.now)
    while engine.step():
        pass
    assert not engine.failures


def sweep(world: World) -> None:
    """What runs every few seconds beside the site."""
    world.drain()
    presence.ask_forgotten(now=world.clock.now())
    integrity.sweep(now=world.clock.now())
    world.drain()


def let_pass(world: World, seconds: float = 61) -> None:
    """The window of a check goes by, also for a page that never asked for it."""
    world.drain()
    world.wait(presence.GRACE_MS / 1_000 + 1)
    presence.ask_forgotten(now=world.clock.now())
    world.wait(seconds)
    sweep(world)


def signals(world: World, learner: Learner) -> set[str]:
    """Kinds of signals about a learner, after everything was looked through up to now."""
    world.wait(61)
    world.drain()
    ScanMark.objects.exclude(source="").update(until=world.clock.now() - scanning.FIRST_LOOK)
    scanning.scan(now=world.clock.now())
    return set(Signal.objects.filter(enrolment=learner.enrolment).values_list("kind", flat=True))


def incidents(learner: Learner) -> list[Incident]:
    return list(Incident.objects.filter(enrolment=learner.enrolment).order_by("pk"))


# -- faces


def judged(browser: Browser, shown: dict[str, Any], frames: Sequence[bytes]) -> dict[str, Any]:
    """Sends a burst, lets the engine look, and asks for its word."""
    reply = sends(browser, shown, frames)
    assert reply.status == 200, reply.text[:500]
    work(browser.world)
    return browser.get(f"/presence/jobs/{reply.json['job']}/").json


def agree(learner: Learner, world: World) -> None:
    """Consent to the use of the face, apart from everything else."""
    version = identity.consent_text(ConsentPurpose.FACE).version
    identity.give_consent(
        actor=learner.actor,
        person_id=learner.actor.person_id or 0,
        purpose=ConsentPurpose.FACE,
        version=version,
        now=world.clock.now(),
    )


def take(turns: Sequence[str], *, number: int, seed: int, spot: int) -> list[faces.Pixels]:
    """The enrolled learner before the camera, who does what is asked: twice ahead, then every turn. No two frames of
    different ``spot`` (0 to 6) stand in the same place, as no two takes of a living head do."""
    poses = [faces.still("a", number)] * 2 + [faces.turning("a", turn)[1] for turn in turns]
    places = [divmod(5 * spot + at, 7) for at in range(len(poses))]
    return [
        faces.moved(pose, 3 * across - 9, 3 * down - 6, seed=10 * seed + at)
        for at, (pose, (down, across)) in enumerate(zip(poses, places, strict=True))
    ]


def own_face(shown: dict[str, Any], *, seed: int, spot: int = 1, number: int = 2) -> list[bytes]:
    return [faces.jpeg(one) for one in take(shown["turns"], number=number, seed=seed, spot=spot)]


def enrol(browser: Browser, *, seed: int, spot: int = 0) -> dict[str, Any]:
    """Enrols the face of ``a`` on the learner's own page; the engine's word."""
    shown = browser.get("/presence/enrol/state/").json
    return judged(browser, shown, own_face(shown, seed=seed, spot=spot, number=0))


def forget(learner: Learner, world: World) -> None:
    """The learner withdraws: template and pictures are gone."""
    identity.withdraw_consent(
        actor=learner.actor,
        person_id=learner.actor.person_id or 0,
        purpose=ConsentPurpose.FACE,
        now=world.clock.now(),
    )


def held_still(shown: dict[str, Any], person: str = "a", *, seed: int, number: int = 3) -> list[bytes]:
    """A photograph before the camera (or uploaded bit by bit): it moves as a hand does, nothing turns."""
    picture = faces.still(person, number)
    count = 1 + len(shown["turns"])
    return [
        faces.jpeg(faces.moved(picture, 4 * at + seed % 7, seed % 5 - 2 * at, seed=1_000 * seed + at))
        for at in range(count)
    ]
