"""Refusals of ``exams`` that other code tells apart."""

from zhenxue.kernel.errors import Conflict, Refused


class DeadlinePassed(Conflict):
    """An answer or an act came after the server-side deadline of the attempt."""

    def __init__(self) -> None:
        super().__init__("exams.deadline_passed", "考试时间已到，系统已为你自动交卷。时间到之后的作答没有保存。")


class AttemptEnded(Conflict):
    """The attempt was handed in already."""

    def __init__(self) -> None:
        super().__init__("exams.attempt_ended", "这次考试已经交卷，不能再改答案。请到结果页查看。")


class OtherDevice(Conflict):
    """The attempt goes on on another device (N16)."""

    def __init__(self) -> None:
        super().__init__(
            "exams.other_device", "这次考试正在另一台设备上作答。要在本机继续，请回到考试页面，点“在本机继续考试”。"
        )


class OnBreak(Conflict):
    """The learner is on a break: the clock stands still, and the paper is closed."""

    def __init__(self) -> None:
        super().__init__("exams.on_break", "现在是休息时间，试卷已合上。请先点“结束休息，继续考试”，再作答。")


class TooEarly(Conflict):
    """Handing in is not allowed yet."""

    def __init__(self, moment: str) -> None:
        super().__init__("exams.too_early", f"这场考试 {moment} 以后才能交卷，请再检查一遍答案。")


class NotReleased(Conflict):
    """The attempt goes on on another device, and nobody has let this one go on (N16)."""

    def __init__(self) -> None:
        super().__init__(
            "exams.not_released",
            "这次考试正在另一台设备上作答。要换到本机，请联系监考老师放行，放行后再点“在本机继续考试”。已答的题都在。",
        )


class ProvePresence(Refused):
    """The entry check has not been passed yet: the paper stays closed."""

    def __init__(self) -> None:
        super().__init__("exams.prove_presence", "请先完成入场核验，通过后才能看题答题，答题时间从通过时算起。")


class CannotStart(Refused):
    """The learner may not start this exam now; the message says why."""
