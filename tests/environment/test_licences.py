"""Everything the gateway runs on may be used, changed and passed on by an authority and its suppliers."""

import re
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from tests.environment.test_locks import versions_of

PERMITTED = re.compile(
    r"(MIT|MIT-0|MIT-CMU|ISC|BSD|Apache|PSF|Python Software Foundation|MPL|Mozilla Public License|0BSD|Unlicense)", re.I
)
"""Permissive licences, and the Mozilla one, which binds its own files only."""
REFUSED = re.compile(r"\b(AGPL|GPL|LGPL|GNU|SSPL|BUSL|Elastic|Commons Clause|proprietary)\b", re.IGNORECASE)
SHIPPED = sorted(versions_of("requirements.lock"))


def licence_of(package):
    """Everything a package says of its licence; it may say it in three places."""
    stated = metadata(package)
    said = [stated.get("License-Expression"), (stated.get("License") or "").splitlines()[:1]]
    said += [one.rpartition("::")[2] for one in stated.get_all("Classifier") or [] if one.startswith("License")]
    return " ".join(" ".join(one) if isinstance(one, list) else one for one in said if one)


@pytest.mark.parametrize("package", SHIPPED)
def test_a_package_that_is_shipped_has_a_licence_that_permits_it(package):
    try:
        licence = licence_of(package)
    except PackageNotFoundError:
        return  # for another system than this one

    assert PERMITTED.search(licence), licence
    assert not REFUSED.search(licence), licence
