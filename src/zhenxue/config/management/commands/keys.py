"""``zhenxue keys …``: what keys there are, and every change of one (docs/how-to/keys.md)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhenxue.config.keys import ceremony, upkeep
from zhenxue.evidence import api as evidence
from zhenxue.evidence.errors import EvidenceError
from zhenxue.identity.data import SYSTEM
from zhenxue.kernel import clock, crypto, reindexing, resealing
from zhenxue.kernel.keys import KeyRefused, open_service, read_secret
from zhenxue.tlog.errors import NoteBroken
from zhenxue.tlog.notes import Verifier

REFUSALS = (upkeep.KeysRefused, KeyRefused, EvidenceError, NoteBroken, ImproperlyConfigured)


class Command(BaseCommand):
    help = "密钥：查看（status）、检查（check）、生成仪式（ceremony），以及存证链、加密、索引密钥的更换。"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True, metavar="步骤")
        steps.add_parser("status", help="列出在用的密钥、指纹和用量")
        steps.add_parser("check", help="配置的密钥是否够用；不够返回 1")
        steps.add_parser("ceremony", help="密钥生成仪式（在离线电脑上运行）", add_help=False)
        wrap = steps.add_parser("wrap", help="用密钥服务（HSM/KMS）包装一个密钥文件，显示 wrapped:… 供配置使用")
        wrap.add_argument("file", type=Path)
        wrap.add_argument("--service", default="", help="不给则用 ZHENXUE_KEY_SERVICE")
        rotate = steps.add_parser("rotate-log", help="公告存证链的新密钥")
        rotate.add_argument("--how", choices=("planned", "lost", "compromised"), default="planned")
        rotate.add_argument("--old", default="", help="遗失或泄露的旧公钥（名称+编号+公钥）")
        retire = steps.add_parser("retire-log", help="结束重叠期，存证链旧密钥不再签名")
        reseal = steps.add_parser("reseal", help="把所有个人信息改用最新的加密密钥；可与平台同时运行，可中断后继续")
        field = steps.add_parser("retire-field", help="确认一把旧加密密钥不再需要")
        field.add_argument("key_id")
        give_up = steps.add_parser("give-up-field", help="最后手段：加密密钥已永久遗失，清除再也打不开的值")
        give_up.add_argument("key_id")
        reindex = steps.add_parser("reindex", help="用最新的索引密钥重建查找索引；可与平台同时运行，可中断后继续")
        index = steps.add_parser("retire-index", help="确认旧的索引密钥不再需要")
        grave = (rotate, retire, give_up)
        for one in (rotate, retire, reseal, field, give_up, reindex, index):
            one.add_argument("--reason", required=one in grave, default="", help="理由，记入存证")
            one.add_argument("--by", required=one in grave, default="", help="操作人姓名，记入存证")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        run: Callable[..., None] = getattr(self, f"run_{step.replace('-', '_')}")
        try:
            run(**options)
        except REFUSALS as error:
            raise CommandError(str(error)) from error
        except crypto.SealBroken as error:
            raise CommandError(f"{error} 中有一个值用现有密钥打不开；请把它的密钥放回 ZHENXUE_FIELD_KEYS") from error

    def run_status(self, **options: Any) -> None:
        for line in upkeep.describe():
            self.stdout.write(line)

    def run_check(self, **options: Any) -> None:
        if found := upkeep.problems():
            raise CommandError("\n".join(found))
        self.stdout.write("配置的密钥够用。")

    def run_ceremony(self, **options: Any) -> None:
        """With what is left of the command line it is ``config.cli`` that runs it, before any settings."""
        self.stdout.write(ceremony.PLAN)

    def run_wrap(self, *, file: Path, service: str, **options: Any) -> None:
        held = open_service(service, token=settings.KEY_SERVICE_TOKEN) if service else settings.KEY_SERVICE
        if held is None:
            raise CommandError("请设置 ZHENXUE_KEY_SERVICE 或给出 --service")
        text = read_secret(file.absolute())
        key_id, colon, secret = text.partition(":")
        packed = upkeep.wrap(held, secret if colon else key_id)
        self.stdout.write(f"{key_id}:{packed}" if colon else packed)

    def run_rotate_log(self, *, how: str, old: str, reason: str, by: str, **options: Any) -> None:
        former = Verifier.from_text(old) if old else None
        evidence.rotate_log_key(how=how, reason=reason, by=by, old=former, actor=SYSTEM, now=clock.now())
        self.stdout.write("已记入存证链，定序器编号后生效。")
        if how == "planned":
            self.stdout.write("请重启定序器，新旧密钥将同时签名。新公钥交到见证方和各方后，再运行 retire-log。")
        else:
            self.stdout.write("旧密钥从这条存证起不再有效。请按 docs/how-to/keys.md 公告新公钥，并请见证方登记新公钥。")

    def run_retire_log(self, *, reason: str, by: str, **options: Any) -> None:
        evidence.retire_log_key(reason=reason, by=by, actor=SYSTEM, now=clock.now())
        self.stdout.write("已记入存证链。编号后把 ZHENXUE_LOG_KEY_NEXT 移到 ZHENXUE_LOG_KEY，并销毁旧私钥。")

    def run_reseal(self, *, reason: str, by: str, **options: Any) -> None:
        done: dict[str, int] = {}
        for step in resealing.reseal_all():
            done[step.place] = step.done
            self.show(f"{step.place}: {step.done}/{step.total}")
        if total := sum(done.values()):
            key_id, told = next(iter(upkeep.field_fingerprints().items()))
            self.note("field", f"resealed {total}", "", f"{key_id} {told}", reason, by)
        self.stdout.write(f"共 {total} 个值改用了最新的密钥。")

    def run_retire_field(self, *, key_id: str, reason: str, by: str, **options: Any) -> None:
        upkeep.check_field_key_can_go(key_id)
        told = upkeep.field_fingerprints().get(key_id, "")
        self.note("field", "retired", f"{key_id} {told}".strip(), "", reason, by)
        self.stdout.write(f"没有任何值再需要密钥 {key_id}。可以从 ZHENXUE_FIELD_KEYS 中去掉它并重启；旧备份仍需要它。")

    def run_give_up_field(self, *, key_id: str, reason: str, by: str, **options: Any) -> None:
        if key_id in crypto.field_key_ids():
            raise CommandError(f"密钥 {key_id} 在配置中，能打开的值不会被清除")
        done: dict[str, int] = {}
        for step in resealing.give_up(key_id):
            done[step.place] = step.done
        for place, count in done.items():
            self.stdout.write(f"{place}: {count}")
        self.note("field", f"given up {sum(done.values())}", key_id, "", reason, by)
        self.stdout.write(f"共清除 {sum(done.values())} 个再也打不开的值；请按 docs/how-to/keys.md 重新登记。")

    def run_reindex(self, *, reason: str, by: str, **options: Any) -> None:
        done: dict[str, int] = {}
        for step in reindexing.reindex_all():
            done[step.place] = step.done
            self.show(f"{step.place}: {step.seen}/{step.total}")
        if total := sum(done.values()):
            self.note("index", f"rebuilt {total}", "", upkeep.index_fingerprints()[0], reason, by)
        self.stdout.write(f"共 {total} 个索引改用了最新的密钥。")

    def run_retire_index(self, *, reason: str, by: str, **options: Any) -> None:
        upkeep.check_index_key_can_go()
        self.note("index", "retired", "、".join(upkeep.index_fingerprints()[1:]), "", reason, by)
        self.stdout.write("没有索引再需要旧密钥。可以从 ZHENXUE_BLIND_INDEX_KEY 中去掉它们并重启。")

    def note(self, what: str, step: str, old: str, new: str, reason: str, by: str) -> None:
        evidence.record_secret_change(
            what=what, step=step, old=old, new=new, reason=reason, by=by, actor=SYSTEM, now=clock.now()
        )

    def show(self, line: str) -> None:
        """One line that counts, where somebody looks."""
        if self.stdout.isatty():
            self.stdout.write(f"\r{line}", ending="")
            self.stdout.flush()
