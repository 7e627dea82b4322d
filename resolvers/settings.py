"""Where a child is taught and which practice a child is registered with."""

from collections.abc import Callable, Sequence

from gateway.disclosure.redaction import Disclosed
from gateway.disclosure.road import Selection
from gateway.records import Setting
from gateway.vocabulary import SettingId
from resolvers.asking import Asking
from resolvers.following import held


async def settings_of_children(
    asking: Asking, children: Sequence[Disclosed], selection: Selection
) -> list[list[Disclosed]]:
    """Return each child's current settings, by kind and name."""
    return await asking.road.tell(
        await held(asking, children, "settings", asking.directory.settings),
        selection,
        about=[child.about for child in children],
        order=_by_kind_and_name,
    )


async def settings_by_id(asking: Asking, ids: Sequence[SettingId], selection: Selection) -> list[Disclosed | None]:
    """Return settings by id, apart from any child."""
    found = await asking.directory.settings_by_id(ids)
    return await asking.road.tell_each([found.get(setting_id) for setting_id in ids], selection)


async def setting_by_code(
    asking: Asking, selection: Selection, *, urn: str | None = None, ods_code: str | None = None
) -> Disclosed | None:
    """Return a setting by a national code; a closed school's URN leads to its successor."""
    found = await asking.directory.find_setting(urn=urn, ods_code=ods_code)
    return (await asking.road.tell_each([found], selection))[0]


def _by_kind_and_name(setting: Setting, allowed: Callable[[str], bool]) -> tuple[str, str, str]:
    kind = setting.kind.value if allowed("kind") and setting.kind else ""
    return (kind, (setting.name or "") if allowed("name") else "", str(setting.id))
