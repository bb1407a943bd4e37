"""Addresses of ``identity``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.identity.web.views import accounts, devices, entry, me, organisations, people, photos, rules

app_name = "identity"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", entry.sign_in, name="sign_in"),
    path("sign-out/", entry.sign_out, name="sign_out"),
    path("hand-over/", entry.hand_over, name="hand_over"),
    path("hand-over/cancel/", entry.cancel_hand_over, name="cancel_hand_over"),
    path("password/", me.password, name="password"),
    path("me/", me.me, name="me"),
    path("me/phone/", me.phone, name="phone"),
    path("me/photos/", photos.own_photos, name="own_photos"),
    path("me/role/", me.choose_role, name="choose_role"),
    path("me/large-type/", me.large_type, name="large_type"),
    path("me/devices/", devices.devices, name="devices"),
    path("me/devices/<int:device_key_id>/remove/", devices.remove, name="remove_device"),
    path("account/device-key/", devices.register_key, name="device_key"),
    path("rules/", rules.rules, name="rules"),
    path("rules/versions/", rules.rule_sets, name="rule_sets"),
    path("rules/versions/new/", rules.new_rules, name="new_rules"),
    path("rules/versions/<int:rule_set_id>/", rules.rule_set, name="rule_set"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/new/", organisations.new_organisation, name="new_organisation"),
    path("organisations/own/", organisations.own_organisation, name="own_organisation"),
    path("organisations/<int:organisation_id>/", organisations.organisation, name="organisation"),
    path("organisations/<int:organisation_id>/edit/", organisations.edit_organisation, name="edit_organisation"),
    path("organisations/<int:organisation_id>/verify/", organisations.verify_organisation, name="verify_organisation"),
    path(
        "organisations/<int:organisation_id>/suspend/", organisations.suspend_organisation, name="suspend_organisation"
    ),
    path("organisations/<int:organisation_id>/unmask/", organisations.unmask_organisation, name="unmask_organisation"),
    path("organisations/<int:organisation_id>/accounts/new/", accounts.new_account, name="new_account"),
    path("people/", people.people, name="people"),
    path("people/new/", people.new_person, name="new_person"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/unmask/", people.unmask_person, name="unmask_person"),
    path("people/<int:person_id>/photos/", photos.photos, name="photos"),
    path("people/<int:person_id>/photos/unmask/", photos.unmask_photo, name="unmask_photo"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:account_id>/", accounts.account, name="account"),
    path("accounts/<int:account_id>/reset-password/", accounts.reset_password, name="reset_password"),
    path("accounts/<int:account_id>/active/", accounts.set_active, name="set_active"),
    path("accounts/<int:account_id>/roles/", accounts.grant_role, name="grant_role"),
    path("accounts/<int:account_id>/roles/<int:membership_id>/revoke/", accounts.revoke_role, name="revoke_role"),
    path("sign-ins/", accounts.sign_ins, name="sign_ins"),
    path("access-log/", accounts.access_log, name="access_log"),
]
