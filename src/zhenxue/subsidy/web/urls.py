"""Addresses of ``subsidy``."""

from django.urls import URLPattern, URLResolver, path

from zhenxue.subsidy.web.views import claims, policies

app_name = "subsidy"
urlpatterns: list[URLPattern | URLResolver] = [
    path("claims/", claims.claim_list, name="claims"),
    path("claims/home/", claims.home_block, name="home_block"),
    path("claims/new/", claims.claim_new, name="claim_new"),
    path("claims/<int:claim_id>/", claims.claim_page, name="claim"),
    path("claims/<int:claim_id>/submit/", claims.claim_submit, name="claim_submit"),
    path("claims/<int:claim_id>/agree/", claims.claim_agree, name="claim_agree"),
    path("claims/<int:claim_id>/approve/", claims.claim_approve, name="claim_approve"),
    path("claims/<int:claim_id>/return/", claims.claim_return, name="claim_return"),
    path("claims/<int:claim_id>/pay/", claims.claim_pay, name="claim_pay"),
    path("claims/<int:claim_id>/claim.xlsx", claims.claim_export, name="claim_export"),
    path("policies/", policies.policy_list, name="policies"),
    path("policies/new/", policies.policy_new, name="policy_new"),
    path("policies/<int:policy_id>/", policies.policy_page, name="policy"),
]
