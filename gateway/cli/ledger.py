"""`gateway ledger`: what can be done with the log of every resolved field."""

from gateway.cli.later import Later, family

ledger_app = family(
    Later(
        "show",
        "gateway.cli.ledger_entries:show",
        "Print one entry as indented JSON, with what is sealed in it under `opened`. Exits with 4 if there is none.",
        epilog="Example: `gateway ledger show 1041 | jq .records`",
    ),
    Later(
        "list",
        "gateway.cli.ledger_entries:list_entries",
        "List entries, newest first: who asked, why, and how it ended.",
        epilog="Examples: `gateway ledger list --limit 5`; "
        "`gateway ledger list --child 0190f2b0-0000-7000-8000-000000000001`; `gateway ledger list --person "
        "practitioner-7`",
    ),
    Later(
        "export",
        "gateway.cli.ledger_export:export",
        "Write entries as JSON lines: `seq`, `leaf_hash` in hex, and the `entry` with its canonical bytes.",
        epilog="Examples: `gateway ledger export -o ledger.jsonl`; `gateway ledger export --from 1000 --to 1999 -o "
        "stretch.jsonl`",
    ),
    Later(
        "verify",
        "gateway.cli.ledger_verify:verify",
        "Check every entry, hash, number, index row, tile, checkpoint and signature, and say what was found.",
        epilog="Examples: `gateway ledger verify`; `gateway ledger verify --checkpoint kept-last-month.txt`; "
        "`gateway ledger verify ledger.jsonl --key 'directory-gateway/E08000009+1a2b3c4d+AR…' --witness '…'`",
    ),
    Later(
        "prove",
        "gateway.cli.ledger_prove:prove",
        "Print the proof that an entry is under the newest checkpoint, once it is checked.",
        epilog="Examples: `gateway ledger prove 1041`; `gateway ledger prove 1041 --json > proof.json`",
    ),
    Later(
        "checkpoint",
        "gateway.cli.ledger_prove:checkpoint",
        "Print the newest checkpoint with its cosignatures, to be kept elsewhere: `verify --checkpoint` goes by it.",
        epilog="Examples: `gateway ledger checkpoint > kept.txt`; `gateway ledger checkpoint --since kept.txt`",
    ),
    Later(
        "import-check",
        "gateway.cli.ledger_export:import_check",
        "Compare an export with the database, or with another export: is one the beginning of the other?",
        epilog="Examples: `gateway ledger import-check ledger.jsonl`; "
        "`gateway ledger import-check ours.jsonl --against theirs.jsonl`",
    ),
    Later(
        "review",
        "gateway.cli.ledger_review:review_callers",
        "Look for patterns in how callers of this authority used the directory, for a person to judge.",
        epilog="Examples: `gateway ledger review`; `gateway ledger review --from 2026-11-01 --to 2026-11-28 --json`; "
        "`gateway ledger review --pattern SAME_SURNAME --pattern SHIELDED_RECORDS`",
    ),
    Later(
        "erase",
        "gateway.cli.ledger_erase:erase",
        "Destroy the keys that seal a child's entries, for good, and record that it was done.",
        epilog="Examples: `gateway ledger erase 0190f2b0-0000-7000-8000-000000000001 --reason 'Retention ended'`; "
        "`gateway ledger erase --unattributed --through 2019 --reason 'Retention ended'`",
    ),
    Later(
        "disclose-proof",
        "gateway.cli.ledger_disclosure:disclose_proof",
        "Show that one value was told in one field of one entry.",
        epilog="Example: `gateway ledger disclose-proof 1041 --field Child.givenName --value Ayesha -o proof.json`",
    ),
    Later(
        "rewrap",
        "gateway.cli.ledger_rewrap:rewrap",
        "Wrap every key of the ledger with the configured master key instead of an old one, all or none.",
        epilog="Example: `gateway ledger rewrap --from old-ledger.key`",
    ),
    Later(
        "report",
        "gateway.cli.ledger_report:report",
        "Write who looked at a child's record, in plain words, to hand to the child or a carer.",
        epilog="Example: `gateway ledger report 0190f2b0-0000-7000-8000-000000000001 --by auditor.lund "
        "--reason 'Asked for by letter' -o report.pdf`",
    ),
    Later(
        "check-proof",
        "gateway.cli.ledger_disclosure:check_proof_command",
        "Check such a document with nothing but itself, and say what it shows.",
        epilog="Example: `gateway ledger check-proof proof.json`",
    ),
    Later(
        "archive",
        "gateway.cli.ledger_archive:archive",
        "Move old partitions of the ledger out of the database, each into a file with its manifest.",
        epilog="Examples: `gateway ledger archive --before 2026-01-01 -o /srv/archive`; "
        "`gateway ledger archive --before 1048576 -o /srv/archive --keep`",
    ),
    Later(
        "attach",
        "gateway.cli.ledger_archive:attach",
        "Bring the entries of an archive back into the database, where the access log finds them.",
        epilog="Example: `gateway ledger attach /srv/archive/ledger-000000000000-000001048575.json`",
    ),
    Later(
        "close",
        "gateway.cli.ledger_close:close",
        "Close the ledger's name at the entries that are here, and go on under the next, whose key is given.",
        epilog="Example: `gateway ledger close --with checkpoint-2.key --held witnessed.txt --by a.lund --by r.osei "
        "--reason 'Restored from the backup of 14 March'`",
    ),
    Later(
        "witnessed",
        "gateway.cli.ledger_witnessed:witnessed",
        "Print the largest checkpoint of another ledger that this gateway has cosigned: what it holds that ledger to.",
        epilog="Example: `gateway ledger witnessed directory-gateway/E08000009 > held-by-E08000006.txt`",
    ),
    Later(
        "renew-secret",
        "gateway.cli.ledger_renew:renew_secret",
        "Record that the secret behind the commitments is lost, so that a gateway starts again and makes another.",
        epilog="Example: `gateway ledger renew-secret --by a.lund --by r.osei "
        "--reason 'In no backup that can be read'`",
    ),
    Later(
        "fhir",
        "gateway.cli.ledger_fhir:fhir",
        "Write entries as FHIR R4 AuditEvents, one a line: one for each child that an entry touches.",
        epilog="Examples: `gateway ledger fhir -o events.ndjson`; `gateway ledger fhir --from 1000 --to 1999 --open | "
        "jq .entity`",
    ),
    Later(
        "follow",
        "gateway.cli.ledger_follow:follow_command",
        "Print entries as JSON lines, as `export` writes them, for as long as it runs.",
        epilog="Examples: `gateway ledger follow --after 41079`; "
        '`gateway ledger follow --after "$(tail -n 1 shipped.jsonl | jq .seq)" >> shipped.jsonl`',
    ),
    Later(
        "key",
        "gateway.cli.ledger_keys:key_app",
        "Keys of checkpoints and witnesses.",
    ),
    help="The log of every resolved field: look into it, take it out, check it.",
)
