"""The settings, read once: what cannot be used stops the start with one sentence."""

import pytest

from gateway.settings import SettingsError, read_settings


def test_a_database_of_ones_own_wants_the_environment_stated(monkeypatch):
    monkeypatch.delenv("GATEWAY_ENV", raising=False)
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://somewhere/else")

    with pytest.raises(SettingsError, match="GATEWAY_ENV must be stated"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"), [("GATEWAY_PORT", "high"), ("GATEWAY_AUTHORITY", "Trafford"), ("GATEWAY_ENV", "testing")]
)
def test_an_unusable_setting_is_named_and_its_value_kept_back(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=name) as refused:
        read_settings()

    assert value not in str(refused.value).replace(name, "")
