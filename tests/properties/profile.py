"""How many examples a property is held to: a fixed few by default, many at random under the profile `thorough`."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers

THOROUGH, ROUND = "thorough", "round"
TIMES = 4
"""How many times the usual examples one round of fuzzing has, at random."""
_PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
settings.register_profile(THOROUGH, max_examples=2_000, derandomize=False, phases=_PHASES)
settings.register_profile(ROUND, derandomize=False, phases=_PHASES)
settings.register_profile("unshrunk", phases=_PHASES[:2])


def examples(number, *, thorough=None):
    """The settings of a property; `PYTEST_ADDOPTS=--hypothesis-profile=thorough` runs 2,000 examples of it instead.

    One whose examples take long states how many are thorough enough.

    The profile `unshrunk` shows the first failing world as it was drawn, which takes seconds and not minutes.
    """
    chosen, profile = settings(), settings.get_current_profile_name()
    numbers = {THOROUGH: thorough or chosen.max_examples, ROUND: TIMES * number}
    if profile not in numbers:
        _draw_no_constants_of_modules()
    return settings(
        max_examples=numbers.get(profile, number),
        derandomize=profile not in numbers,
        deadline=None,
        database=None,
        phases=[phase for phase in chosen.phases if phase in _PHASES],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def _draw_no_constants_of_modules():
    """Hold that a fixed few are the same few in every run.

    Hypothesis draws constants that stand in whatever modules of the project are imported by then: without this what is
    drawn changes with each commit and with the tests that ran before.
    """
    providers._get_local_constants = providers.Constants
