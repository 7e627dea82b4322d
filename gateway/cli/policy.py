"""`gateway policy`: what policy authors type; everything but new golden answers works without the `opa` command."""

import typer

from gateway.cli.policy_bench import bench
from gateway.cli.policy_checks import lint, try_cases
from gateway.cli.policy_codes import CODES_EXAMPLE, codes
from gateway.cli.policy_coverage import coverage
from gateway.cli.policy_diff import replay_ledger, show_difference
from gateway.cli.policy_explain import explain_one
from gateway.cli.policy_golden import bundle, golden, revision
from gateway.cli.policy_matrix import show_matrix
from gateway.cli.policy_new_rule import new_rule
from gateway.cli.policy_publish import opa, publish
from gateway.cli.policy_signing import SIGN_EXAMPLES, sign

policy_app = typer.Typer(
    help="The rules of disclosure: see them, try them, change them, prove the engines.",
    epilog="A first rule in twenty minutes: `docs/tutorial.md`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
policy_app.command(
    "matrix",
    epilog="Examples: `gateway policy matrix --role gp --type Child`; "
    "`gateway policy matrix --type Child --class shielded --reasons`; "
    "`gateway policy matrix --format html -o matrix.html`",
)(show_matrix)
policy_app.command(
    "explain",
    epilog="Examples: `gateway policy explain --role education-practitioner --type Child --field address "
    "--class shielded`; `gateway policy explain --role gp --type Involvement --field service --set sensitive=true "
    "--set consent=withdrawn --expect conceal`",
)(explain_one)
policy_app.command(
    "diff",
    epilog="Examples: `gateway policy diff` (HEAD against the folder in force); "
    "`gateway policy diff in-force our-rules`; "
    "`gateway policy diff v1.2:policies our-rules --role gp`; "
    "`gateway policy diff in-force our-rules --replay --since 2026-11-01`",
)(show_difference)
policy_app.command(
    "replay", epilog="Examples: `gateway policy replay`; `gateway policy replay --since 2026-11-01 --json`"
)(replay_ledger)
policy_app.command(
    "test", epilog="Examples: `gateway policy test`; `gateway policy test --policies ./our-rules --only shielded`"
)(try_cases)
policy_app.command("lint", epilog="Examples: `gateway policy lint`; `gateway policy lint --json`")(lint)
policy_app.command("golden", epilog="Examples: `gateway policy golden`; `gateway policy golden --write`")(golden)
policy_app.command("revision", epilog="Example: `gateway policy revision`")(revision)
policy_app.command(
    "bundle", epilog="Example: `gateway policy bundle -o rules.tar.gz && opa run --server --bundle rules.tar.gz`"
)(bundle)
policy_app.command("publish", epilog="Example: `GATEWAY_POLICIES_DIR=our-rules gateway policy publish --host 0.0.0.0`")(
    publish
)
policy_app.command("opa", epilog="Example: `GATEWAY_POLICIES_DIR=our-rules gateway policy opa --addr 127.0.0.1:8181`")(
    opa
)
policy_app.command("bench", epilog="Examples: `gateway policy bench`; `gateway policy bench --times 100 --json`")(bench)
policy_app.command("sign", epilog=SIGN_EXAMPLES)(sign)
policy_app.command("codes", epilog=CODES_EXAMPLE)(codes)
policy_app.command("coverage", epilog="Example: `gateway policy coverage`")(coverage)
policy_app.command(
    "new-rule",
    epilog="Examples: `gateway policy new-rule` (it asks); `gateway policy new-rule --subject leaving_england "
    "--title 'A child abroad is not told by address' --code child-abroad --law 'Children Act 2004, section 12' "
    "--url https://www.legislation.gov.uk/ukpga/2004/31/section/12 "
    "--type Child --field address --when standing=left-england --effect withhold --tell NOT_FOR_ROLE`",
)(new_rule)
