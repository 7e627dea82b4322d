"""`gateway data`: what brings records into the directory, and says which of them are one child."""

from typing import Final

from gateway.cli.later import Later, family

_GENERATED: Final = """
Examples:

`gateway data generate`: 2,000 children for the authority this gateway serves.

`gateway data generate --authority E08000009 --children 200000 --seed 1`: a large authority, in a minute or two.

`gateway data generate --children 200000 --seed 2 --replace`: another one in its stead.
"""
_HERE: Final = "0190f2b0-0000-7000-8000-000000000001"
_THERE: Final = "E08000003.chd-0190f2b0000070008000000000000002"

data_app = family(
    Later(
        "generate",
        "gateway.cli.generation:generate",
        "Fill the database with made-up families, settings, practitioners and services.",
        epilog=_GENERATED,
    ),
    Later(
        "link",
        "gateway.cli.linking:link_records",
        "Say that a record here and one of another authority are one child, or confirm a link that waits.",
        epilog=f"Example: `gateway data link {_HERE} {_THERE} --by directory.price`",
    ),
    Later(
        "unlink",
        "gateway.cli.linking:unlink_records",
        "Undo a link between two records, or refuse one that waits.",
        epilog=f"Examples: `gateway data unlink {_HERE} 0190f2b0-0000-7000-8000-000000000002 --by directory.price`; "
        f"`gateway data unlink {_HERE} {_THERE} --by directory.price`",
    ),
    Later(
        "links",
        "gateway.cli.linking:list_links",
        "List the links to records of other authorities, oldest first.",
        epilog=f"Examples: `gateway data links --waiting`; `gateway data links {_HERE}`",
    ),
    Later(
        "keep",
        "gateway.cli.keeping:keep",
        "Record that a young person agrees to stay in the directory past eighteen.",
        epilog=f"Example: `gateway data keep {_HERE} --ground care-leaver --given-on 2026-11-02 --by directory.price`",
    ),
    Later(
        "let-go",
        "gateway.cli.keeping:let_go",
        "Record that a young person no longer agrees: from the very next read the record has left the directory.",
        epilog=f"Example: `gateway data let-go {_HERE} --by directory.price`",
    ),
    Later(
        "destroy",
        "gateway.cli.destroying:destroy",
        "List the records whose six years in the archive are over or, with --yes, destroy them for good.",
        epilog="Examples: `gateway data destroy --by directory.price`; "
        "`gateway data destroy --by directory.price --yes`",
    ),
    Later(
        "load",
        "gateway.cli.data_load:load_app",
        "Load files of national registers and services. Loading a file again changes nothing.",
    ),
    help="Bring records into the directory.",
)
