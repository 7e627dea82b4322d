"""`gateway federation`: membership, and what is done with other authorities."""

from gateway.cli.later import Later, family

federation_app = family(
    Later(
        "init",
        "gateway.cli.federation_members:init",
        "Make a member's keys, its certificate and its request to join. Never writes over a key that is there.",
        epilog="Example: `gateway federation init member --authority E08000009 --name Trafford "
        "--endpoint https://directory.trafford.example:8443`",
    ),
    Later(
        "join",
        "gateway.cli.federation_members:join",
        "Ask to be listed, or see that the registry lists this member with its own keys, and print the settings.",
        epilog="Examples: `gateway federation join member --issuer ca.pem` makes the request anew; "
        "`gateway federation join member --new-key` asks to be listed with a second key; "
        "`gateway federation join member --registry registry.jwt --registry-keys operator.jwks` checks the answer",
    ),
    Later(
        "members",
        "gateway.cli.federation_members:members",
        "List who is a member, where, and in which roles its people may ask.",
        epilog="Example: `gateway federation members --json`",
    ),
    Later(
        "ping",
        "gateway.cli.federation_members:ping_command",
        "Call a member's gateway as this one and say what is wrong, if anything is. Exits with 1 if so.",
        epilog="Examples: `gateway federation ping E08000003`; `gateway federation ping --all`",
    ),
    Later(
        "locate",
        "gateway.cli.federation_locate:locate_command",
        "Say which authorities hold something, and which did not answer. Recorded here and there as any ask is.",
        epilog="Examples: `gateway federation locate --nhs-number 9434765919 --person nurse.okafor --purpose "
        "direct-support "
        "--reason 'Seen in A&E'`; `gateway federation locate --given-name Ayesha --family-name Khan "
        "--date-of-birth 2015-03-04 --person nurse.okafor --purpose direct-support --reason 'Seen in A&E' --json`",
    ),
    Later(
        "calls",
        "gateway.cli.federation_reconcile:calls_command",
        "Write the calls between this authority and another as JSON lines: ids and hashes, no person and no child.",
        epilog="Example: `gateway federation calls --with E08000003 -o calls.jsonl`",
    ),
    Later(
        "reconcile",
        "gateway.cli.federation_reconcile:reconcile_command",
        "Find the calls between two authorities that one of them lacks or has otherwise. Exits with 1 if there are "
        "any.",
        epilog="Examples: `gateway federation reconcile --with E08000003 --theirs their-calls.jsonl`; "
        "`gateway federation reconcile --with E08000003 --theirs theirs.jsonl --ours ours.jsonl --json`",
    ),
    Later(
        "registry",
        "gateway.cli.federation_registry:registry_app",
        "The members' list: for its operator, who signs it, and for whoever wants to check it.",
    ),
    Later(
        "transfer",
        "gateway.cli.federation_transfer:transfer_app",
        "Responsibility for a child, as it moves between authorities by offer and answer.",
    ),
    help="Membership of the federation: other authorities' gateways, and who they are.",
)
