"""The table that a run of the faults ends with: what was sent, delivered, refused and lost."""

from collections import Counter
from dataclasses import dataclass

ROWS = []
"""What the faults of this run came to, in the order in which they were caused."""

HEAD = ("fault", "sent", "delivered", "refused", "cut off", "lost", "again after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one fault came to; `again_after` are the seconds from its end to the first answer."""

    fault: str
    sent: int
    delivered: int
    refused: Counter
    cut_off: int
    lost: int
    again_after: float | None = None

    @property
    def cells(self):
        again = "-" if self.again_after is None else f"{self.again_after:.1f} s"
        return (self.fault, self.sent, self.delivered, self.refused.total(), self.cut_off, self.lost, again)


def note(fault, load, missing, *, again_after=None):
    """Keep what a load met, for the table at the end."""
    ROWS.append(
        Row(
            fault=fault,
            sent=len(load.asked),
            delivered=len(load.delivered),
            refused=Counter(load.refusals),
            cut_off=len(load.cut_off),
            lost=len(missing),
            again_after=again_after,
        )
    )


def table(rows):
    """The rows as lines of text, and below them how each fault's refusals were told."""
    lines = [f"{HEAD[0]:<44}" + "".join(f"{name:>12}" for name in HEAD[1:])]
    for row in rows:
        first, *others = row.cells
        lines.append(f"{first:<44}" + "".join(f"{cell:>12}" for cell in others))
    lines += [""]
    for row in rows:
        told = ", ".join(f"{' '.join(map(str, refusal))} ({count})" for refusal, count in sorted(row.refused.items()))
        if told:
            lines.append(f"{row.fault}: {told}")
    return lines
