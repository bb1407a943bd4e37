"""Addresses of ``integrity``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.integrity.web.views import appeals, bursts, checks, commands, engine, faces, incidents, words

app_name = "integrity"
urlpatterns: list[URLPattern | URLResolver] = [
    path("presence/checks/", checks.checks, name="checks"),
    path("presence/checks/block/", checks.checks_block, name="checks_block"),
    path("presence/checks/<int:check_id>/", checks.check, name="check"),
    path("presence/checks/<int:check_id>/state/", checks.check_state, name="check_state"),
    path("presence/checks/<int:check_id>/face/", bursts.check_face, name="check_face"),
    path("presence/jobs/<int:job_id>/", bursts.job, name="job"),
    path("presence/checks/<int:check_id>/answer/", checks.answer, name="answer"),
    path("presence/checks/<int:check_id>/other/", checks.other, name="other"),
    path("presence/checks/<int:check_id>/make-up/", checks.make_up, name="make_up"),
    path("presence/checks/<int:check_id>/word/", words.give_word, name="give_word"),
    path("presence/engine/", engine.engine, name="engine"),
    path("presence/engine/block/", engine.engine_block, name="engine_block"),
    path("presence/enrol/", faces.enrol, name="enrol"),
    path("presence/enrol/state/", faces.enrol_state, name="enrol_state"),
    path("presence/enrol/frames/", faces.enrol_frames, name="enrol_frames"),
    path("presence/my/", faces.my_face, name="my_face"),
    path("presence/my/withdraw/", faces.withdraw, name="withdraw_face"),
    path("presence/faces/", faces.pending_faces, name="pending_faces"),
    path("presence/faces/<int:pending_id>/", faces.decide_face, name="decide_face"),
    path("presence/waiting/", words.waiting, name="waiting"),
    path("presence/waiting/block/", words.waiting_block, name="waiting_block"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/block/", incidents.incidents_block, name="incidents_block"),
    path("incidents/export.<slug:form>", incidents.export_incidents, name="export_incidents"),
    path("incidents/mine/", appeals.my_incidents, name="my_incidents"),
    path("incidents/mine/block/", appeals.my_incidents_block, name="my_incidents_block"),
    path("incidents/mine/<int:incident_id>/", appeals.my_incident, name="my_incident"),
    path("incidents/mine/<int:incident_id>/appeal/", appeals.appeal, name="appeal"),
    path("incidents/<int:incident_id>/", incidents.incident, name="incident"),
    path("incidents/<int:incident_id>/explain/", incidents.explain, name="explain"),
    path("incidents/<int:incident_id>/rule/", incidents.rule, name="rule"),
    path("incidents/<int:incident_id>/decide/", incidents.decide, name="decide"),
    path("incidents/<int:incident_id>/captures/<int:capture_id>/", incidents.blurred, name="blurred_capture"),
    path("incidents/<int:incident_id>/captures/<int:capture_id>/clear/", incidents.clear, name="clear_capture"),
    path(
        "incidents/<int:incident_id>/pictures/<int:statement_id>/<int:number>/",
        incidents.picture,
        name="statement_picture",
    ),
    path("presence/command/", commands.commands, name="commands"),
    path("presence/command/new/", commands.new_command, name="new_command"),
    path("presence/command/<int:command_id>/", commands.command, name="command"),
]
