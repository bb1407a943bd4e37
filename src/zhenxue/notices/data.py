"""Words of notices; standard library only."""

from zhenxue.kernel.data import Labelled


class DeliveryState(Labelled):
    WAITING = "waiting", "等待发送"
    SENT = "sent", "已发送"
    FAILED = "failed", "没有发出"


DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.WAITING: frozenset({DeliveryState.SENT, DeliveryState.FAILED}),
    DeliveryState.SENT: frozenset(),
    DeliveryState.FAILED: frozenset(),
}


class Channel(Labelled):
    SMS = "sms", "短信"


class NoticeKind(Labelled):
    """What a notice is about; upper apps add theirs by plain words of their own."""

    VERIFICATION = "verification", "实名认证"
    DOCUMENT = "document", "机构资质"
    PRESENCE = "presence", "在学核验"
    INCIDENT = "incident", "异常与申诉"
    TRAINING = "training", "培训"
    OTHER = "other", "其他"


#: Messages to one person on one day, codes not counted.
SMS_A_DAY = 5
#: Minutes until a delivery is tried again.
AGAIN_AFTER = (1, 5, 30)
