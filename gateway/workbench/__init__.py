"""The policy author's bench: what rules decide, why, and what a change of them would change; no record, no person.

Everything here works over the `Decider` port and over values; it reads no file and imports no connector.

- `book.Book(data)`: titles, order and sentences of `data.json`.
- `axes.axes_of(book, roles=…, purposes=…, types=…, fields=…, classes=…) -> Axes`: what to ask about, by name;
  raises `UnknownName`. `axes.NAMED_CLASSES` are the named classes, `axes.Approach` is who asks and why.
- `matrix.matrix(decider, axes) -> Matrix`: `cells` maps each `Place` (approach, type, field, class name) to its
  `FieldDecision`; few questions, each of many classes.
- `annotations.read_annotations(modules) -> Annotations`: which rule gives a reason, what its metadata says, which facts
  its text reads.
- `explanation.explain(decider, book, annotations, Situation) -> Explanation`: the decision, every reason that fired or
  did not, and the facts that each hangs on, found by changing one fact at a time.
- `difference.compare(old: Matrix, new: Matrix) -> Difference`: what tells more, tells less, is said
  otherwise; `grouped(changes)` and `blocks(changes)` put together what is one change to a reader.
- `recorded.Tally` counts the decisions of ledger entries; `recorded.ask_again(decider, recorded)` asks rules again,
  `compare_again` compares two sets of rules over them, `compare_with_ledger` one with what the ledger holds.
- `tables.tables(matrix, book, columns)`, `page.page(tables, …)`, `tables.as_csv(matrix)`: the matrix for people.
- `sentences.asked/outcome/permission/why/why_not/out_of_reach`: an explanation in words; `sentences.EFFECTS`.

`Matrix`, `Explanation` and `Difference` have `as_document()`, the JSON form that commands and pages share.
"""
