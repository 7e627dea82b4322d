"""What `deploy/compose.yaml` says, read without a container engine."""

import json
import re
from pathlib import Path

from connectors.opa_command import run
from tests.support.tools import opa_command

PROJECT = Path(__file__).parents[2]
COMPOSE = PROJECT / "deploy" / "compose.yaml"
CONTAINERFILE = PROJECT / "deploy" / "Containerfile"

OPA_ADDRESS, RULES_URL, OPA_KEY = "0.0.0.0:8181", "http://rules:8182", "/run/secrets/policy_owner"
"""What the compose file says of places, to be replaced by places of this machine."""


def compose():
    """The compose file as data."""
    return document_in(COMPOSE)


def document_in(path):
    """A YAML file as data; OPA reads it, so that no other package need."""
    said = run([opa_command(), "eval", "--format", "json", "--data", f"file:{path}", "data.file"])
    return json.loads(said.stdout)["result"][0]["expressions"][0]["value"]


def opa_words(*, address, rules_url, key_file):
    """The words with which the compose file starts OPA, at places of this machine."""
    return _placed(compose()["services"]["opa"]["command"], address=address, rules_url=rules_url, key_file=key_file)


def health_words(address):
    """The words with which the compose file asks OPA whether it is well."""
    kind, program, *words = compose()["services"]["opa"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "/opa")
    return [opa_command(), *(word.replace("localhost:8181", address) for word in words)]


def containerfile():
    """The instructions as (word, rest) pairs."""
    return re.findall(r"^([A-Z]+) (.+)$", CONTAINERFILE.read_text(), re.MULTILINE)


def _placed(words, *, address, rules_url, key_file):
    places = {OPA_ADDRESS: address, RULES_URL: rules_url, OPA_KEY: str(key_file)}
    for here, there in places.items():
        words = [word.replace(here, there) for word in words]
    return words
