"""Words and tones of states."""

from zhenxue.kernel.templatetags.ui import TONE_ICONS
from zhenxue.training.data import COHORT_TONES, CohortState
from zhenxue.training.models import Cohort


def test_every_state_of_a_cohort_has_one_tone_that_the_tag_knows() -> None:
    assert set(COHORT_TONES) == set(CohortState)
    assert set(COHORT_TONES.values()) <= set(TONE_ICONS)
    assert Cohort(state="returned").state_tone == CohortState.RETURNED.tone == "bad"
