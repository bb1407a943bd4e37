"""Registration only."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "zhenxue.evidence"
    label = "evidence"

    def ready(self) -> None:
        from zhenxue.evidence import data
        from zhenxue.evidence.data import Kind, register

        register(Kind(data.ERASED, "删除存证中的个人信息", erasable=("reason",), describe=data.describe_erasure))
        register(
            Kind(data.KEY_ROTATED, "更换存证链密钥", erasable=("reason", "by"), describe=data.describe_key_rotation)
        )
        retired = {"key": "停用的公钥", "reason": "理由"}
        register(Kind(data.KEY_RETIRED, "停用存证链旧密钥", erasable=("reason", "by"), labels=retired))
        changed = {"what": "密钥", "step": "步骤", "old": "旧密钥指纹", "new": "新密钥指纹", "reason": "理由"}
        register(Kind(data.SECRET_CHANGED, "更换平台密钥", erasable=("reason", "by"), labels=changed))
        self.register_dossiers()
        self.register_witnesses()

    def register_dossiers(self) -> None:
        """Kinds and work of dossiers."""
        from zhenxue.evidence import tasks
        from zhenxue.evidence.data import Kind, register
        from zhenxue.evidence.queries.dossiers import file_claims
        from zhenxue.kernel import periodic, storage

        storage.register_claims("evidence dossiers", file_claims)
        asked = {"names": "含姓名和说明文字", "reason": "理由"}
        register(Kind("evidence.dossier_requested", "申请档案包", erasable=("reason",), labels=asked))
        sealed = {"count": "存证条数", "entries_sha256": "存证文件摘要", "summary_sha256": "摘要页摘要"}
        register(Kind("evidence.dossier_sealed", "封存档案包", labels=sealed))
        taken = {"names": "含姓名和说明文字", "sha256": "档案包文件摘要（SHA-256）"}
        register(Kind("evidence.dossier_downloaded", "下载档案包", labels=taken))
        periodic.register(periodic.Job("evidence.remove_old_dossiers", 3600, tasks.remove_old_dossiers))

    def register_witnesses(self) -> None:
        """Kinds and work of those who watch the log."""
        from zhenxue.evidence import data, tasks
        from zhenxue.evidence.data import Kind, register
        from zhenxue.evidence.queries.witnesses import check_witnesses
        from zhenxue.kernel import periodic

        name = {"name": "见证"}
        added = {**name, "organisation": "所属部门", "url": "网址", "vkey": "见证公钥", "sandbox": "演示"}
        register(Kind(data.WITNESS_ADDED, "添加见证", labels=added))
        register(Kind(data.WITNESS_MOVED, "更改见证网址", labels={**name, "old": "原网址", "new": "新网址"}))
        retired = {**name, "vkey": "见证公钥", "reason": "理由"}
        register(Kind(data.WITNESS_RETIRED, "停用见证", erasable=("reason",), labels=retired))
        register(Kind(data.WITNESS_DISAGREES, "见证不一致", labels={**name, "size": "检查点大小", "words": "情况"}))
        register(Kind(data.WITNESS_AGREES, "见证恢复一致", labels={**name, "size": "检查点大小"}))
        data.register_projection("见证", check_witnesses)
        periodic.register(periodic.Job("evidence.verify_daily", 3600, tasks.verify_daily))
