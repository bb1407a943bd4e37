"""The rules: what is in force, for everybody; every version, and a new one, for those who answer for them."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from zhenxue.evidence import api as evidence
from zhenxue.identity import policies
from zhenxue.identity.data import Role, Rules
from zhenxue.identity.models import RuleSet
from zhenxue.identity.operations.rules import issue_rules
from zhenxue.identity.queries import organisations
from zhenxue.identity.queries import rules as queries
from zhenxue.identity.web.access import ActorRequest, public, roles
from zhenxue.identity.web.forms import posted
from zhenxue.identity.web.rule_forms import RulesForm
from zhenxue.kernel import clock
from zhenxue.kernel.listing import Filter, Listing
from zhenxue.kernel.web.forms import attempt
from zhenxue.kernel.web.once import creates

KEEPERS = (Role.BUREAU_OFFICER, Role.OPERATOR_ADMIN)
READERS = (Role.BUREAU_OFFICER, Role.OPERATOR_REVIEWER, Role.OPERATOR_ADMIN)
#: What ``?kind=`` says for rule sets of all kinds, whose stored word is empty.
ALL_KINDS = "all"


@public
@require_GET
def rules(request: ActorRequest) -> HttpResponse:
    """The numbers in force and where each comes from."""
    sets = queries.list_rule_sets()
    in_force = queries.applied_on(clock.civil_day(clock.now()), sets)
    context = {
        "in_force": [(one, queries.kind_label(one.programme_kind)) for one in in_force],
        "others": [(one, queries.kind_label(one.programme_kind)) for one in sets if one not in in_force],
        "reads_versions": request.actor.role in READERS,
    }
    return render(request, "identity/rules.html", context)


@roles(*READERS)
@require_GET
def rule_sets(request: ActorRequest) -> HttpResponse:
    """Every version in sight, with its period and source."""
    visible = queries.visible_rule_sets(request.actor)
    regions = [(str(code), str(name)) for code, name in visible.values_list("region_id", "region__name").distinct()]
    kinds = [(kind or ALL_KINDS, label) for kind, label in queries.programme_kinds()]
    listing = Listing(
        request,
        visible,
        search=("version", "source", "region__name"),
        filters=(Filter("region", "地区", regions), Filter("kind", "类别", kinds, apply=_of_kind)),
        sorts={"valid_from": "起效日", "region": "地区"},
        default_sort="-valid_from",
        search_label="搜索版本、依据、地区",
    )
    context = {"listing": listing, "rows": _told(listing.rows), "may_issue": policies.can_issue_rules(request.actor)}
    return render(request, "identity/rule_sets.html", context)


@roles(*READERS)
@require_GET
def rule_set(request: ActorRequest, rule_set_id: int) -> HttpResponse:
    """One version: every number with its source and what it was before."""
    row = queries.get_visible_rule_set(request.actor, rule_set_id)
    after, before = queries.rules_of(row), queries.find_rules_before(row)
    changes = queries.compare(after, before)
    context = {
        "one": after,
        "kind": queries.kind_label(after.programme_kind),
        "state": _states([after])[0],
        "before": before,
        "changes": changes,
        "changed": sum(change.changed for change in changes),
        "may_issue": policies.can_issue_rules(request.actor, after.region_code),
        "entries": evidence.list_entries(refs=[f"rules:{row.pk}"], limit=20),
    }
    return render(request, "identity/rule_set.html", context)


@roles(*KEEPERS)
@require_http_methods(["GET", "POST"])
@creates
def new_rules(request: ActorRequest) -> HttpResponse:
    """A new version, starting from the numbers of ``?base=`` or of the own region."""
    policies.check_can_issue_rules(request.actor)
    now = clock.now()
    form = RulesForm(
        posted(request),
        base=_base(request),
        regions=organisations.region_choices(request.actor),
        kinds=queries.programme_kinds(),
        today=clock.civil_day(now),
    )
    made = attempt(request, form, lambda values: issue_rules(actor=request.actor, draft=form.draft_of(values), now=now))
    if made:
        messages.success(request, f"版本 {made.version} 已发布，自 {made.valid_from} 起执行。")
        return redirect("identity:rule_set", made.pk)
    return render(request, "identity/new_rules.html", {"form": form}, status=422 if form.errors else 200)


def _base(request: ActorRequest) -> Rules | None:
    """The version a new one starts from: the one asked for, else the newest of the nearest region."""
    asked = request.GET.get("base", "")
    if asked.isascii() and asked.isdecimal():
        return queries.rules_of(queries.get_visible_rule_set(request.actor, int(asked)))
    row = queries.visible_rule_sets(request.actor).order_by("region_id", "programme_kind", "-valid_from", "-pk").first()
    return queries.rules_of(row) if row else None


def _of_kind(rows: QuerySet[RuleSet], value: str) -> QuerySet[RuleSet]:
    return rows.filter(programme_kind="" if value == ALL_KINDS else value)


def _told(rows: list[RuleSet]) -> list[tuple[Rules, str, tuple[str, str]]]:
    """Each version with the label of its kind and its state."""
    sets = [queries.rules_of(row) for row in rows]
    labels = [queries.kind_label(one.programme_kind) for one in sets]
    return list(zip(sets, labels, _states(sets), strict=True))


def _states(sets: list[Rules]) -> list[tuple[str, str]]:
    """Word and tone of each: does it apply today, will it, did it."""
    today = clock.civil_day(clock.now())
    applied = {one.pk for one in queries.applied_on(today, queries.list_rule_sets())}
    states = []
    for one in sets:
        if one.pk in applied:
            states.append(("执行中", "ok"))
        elif one.valid_from > today:
            states.append(("待执行", "wait"))
        else:
            states.append(("已失效" if one.valid_until and one.valid_until <= today else "已有新版本", "idle"))
    return states
