"""`gateway policy`: what policy authors type; everything but new golden answers works without the `opa` command."""

from gateway.cli.later import Later, family

policy_app = family(
    Later(
        "matrix",
        "gateway.cli.policy_matrix:show_matrix",
        "Show what is told of every field, to every role, of every class of records.",
        epilog="Examples: `gateway policy matrix --role gp --type Child`; "
        "`gateway policy matrix --type Child --class shielded --reasons`; "
        "`gateway policy matrix --format html -o matrix.html`",
    ),
    Later(
        "explain",
        "gateway.cli.policy_explain:explain_one",
        "Say why a field is told or not: every reason, the law it cites, and what would have to be different.",
        epilog="Examples: `gateway policy explain --role education-practitioner --type Child --field address "
        "--class shielded`; `gateway policy explain --role gp --type Involvement --field service --set sensitive=true "
        "--set consent=withdrawn --expect conceal`",
    ),
    Later(
        "diff",
        "gateway.cli.policy_diff:show_difference",
        "Show what NEW rules decide otherwise than OLD ones: what tells more first, what only changes reasons last.",
        epilog="Examples: `gateway policy diff` (HEAD against the folder in force); "
        "`gateway policy diff in-force our-rules`; "
        "`gateway policy diff v1.2:policies our-rules --role gp`; "
        "`gateway policy diff in-force our-rules --replay --since 2026-11-01`",
    ),
    Later(
        "replay",
        "gateway.cli.policy_diff:replay_ledger",
        "Ask the rules in force again what the ledger says was decided.",
        epilog="Examples: `gateway policy replay`; `gateway policy replay --since 2026-11-01 --json`",
    ),
    Later(
        "test",
        "gateway.cli.policy_checks:try_cases",
        "Try every named situation on the embedded engine, then the Rego tests where opa is installed.",
        epilog="Examples: `gateway policy test`; `gateway policy test --policies ./our-rules --only shielded`",
    ),
    Later(
        "lint",
        "gateway.cli.policy_checks:lint",
        "Check that every engine reads the rules alike; then `opa fmt`, `opa check` and Regal where installed.",
        epilog="Examples: `gateway policy lint`; `gateway policy lint --json`",
    ),
    Later(
        "golden",
        "gateway.cli.policy_golden:golden",
        "Replay the golden answers on the embedded engine.",
        epilog="Examples: `gateway policy golden`; `gateway policy golden --write`",
    ),
    Later(
        "revision",
        "gateway.cli.policy_golden:revision",
        "Print the revision of the rule set: what every decision in the log names.",
        epilog="Example: `gateway policy revision`",
    ),
    Later(
        "bundle",
        "gateway.cli.policy_golden:bundle",
        "Write the rule set as an OPA bundle that answers under the same revision.",
        epilog="Example: `gateway policy bundle -o rules.tar.gz && opa run --server --bundle rules.tar.gz`",
    ),
    Later(
        "publish",
        "gateway.cli.policy_publish:publish",
        "Serve the rules of GATEWAY_POLICIES_DIR as the bundle that OPA servers poll, and follow the folder.",
        epilog="Example: `GATEWAY_POLICIES_DIR=our-rules gateway policy publish --host 0.0.0.0`",
    ),
    Later(
        "opa",
        "gateway.cli.policy_publish:opa",
        "Start an OPA server over the rules of GATEWAY_POLICIES_DIR and keep it, until told to stop.",
        epilog="Example: `GATEWAY_POLICIES_DIR=our-rules gateway policy opa --addr 127.0.0.1:8181`",
    ),
    Later(
        "bench",
        "gateway.cli.policy_bench:bench",
        "Measure decisions: cold, in a batch of 600, and remembered; on the embedded engine and on OPA where "
        "installed.",
        epilog="Examples: `gateway policy bench`; `gateway policy bench --times 100 --json`",
    ),
    Later(
        "sign",
        "gateway.cli.policy_signing:sign",
        "Sign the rules as they stand. Gateways with GATEWAY_POLICIES_KEY_FILE take up no others, and none older.",
        epilog="Examples: `gateway policy sign --key owner.pem --new-key` makes the key, its public half in "
        "owner.pub.pem, and "
        "signs; `gateway policy sign --key owner.pem` signs; "
        "`gateway policy sign --check --key owner.pub.pem` only checks.",
    ),
    Later(
        "codes",
        "gateway.cli.policy_codes:codes",
        "Print every code that policy may tell, and every remedy, with its sentence, as Markdown.",
        epilog="Example: `gateway policy codes > docs/codes.md`",
    ),
    Later(
        "coverage",
        "gateway.cli.policy_coverage:coverage",
        "Show which rule of the domain each rule and case serves, or write the table of the documents.",
        epilog="Example: `gateway policy coverage`",
    ),
    Later(
        "new-rule",
        "gateway.cli.policy_new_rule:new_rule",
        "Write a new rule, its test and its cases into a working copy of the rules. Asks for what is not given.",
        epilog="Examples: `gateway policy new-rule` (it asks); `gateway policy new-rule --subject leaving_england "
        "--title 'A child abroad is not told by address' --code child-abroad --law 'Children Act 2004, section 12' "
        "--url https://www.legislation.gov.uk/ukpga/2004/31/section/12 "
        "--type Child --field address --when standing=left-england --effect withhold --tell NOT_FOR_ROLE`",
    ),
    help="The rules of disclosure: see them, try them, change them, prove the engines.",
    epilog="A first rule in twenty minutes: `docs/tutorial.md`.",
)
