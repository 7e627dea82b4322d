// Roles by fields as a heat map: a real table, a grid for the arrow keys, and the cell under focus in words.

import * as address from "./address.js";
import { EFFECTS, decisionDetails, effectMark, legend } from "./effects.js";
import { breakable, choice, counted, element, icon } from "./elements.js";

const EVERY = "every";
const FIRST = "first";

export function show(page) {
  const params = address.read();
  const { book } = page;
  const type = book.types.find((one) => one.name === (params.get("type") ?? "Child")) ?? book.types[0];
  const classes = [...type.classes.map((one) => one.name), EVERY];
  const purposes = [FIRST, EVERY, ...book.purposes.map((one) => one.code)];
  const state = {
    type: type.name,
    class: classes.includes(params.get("class")) ? params.get("class") : classes[0],
    purpose: purposes.includes(params.get("purpose")) ? params.get("purpose") : FIRST,
  };
  const results = element("section", { class: "results", "aria-label": "Matrix" });
  page.main.replaceChildren(form(page, state, type), legend(), results);
  load(page, state, type, results);
}

function form(page, state, type) {
  const change = (name) => (event) => {
    address.write({ view: "matrix", ...state, [name]: event.target.value });
    show(page);
    page.main.querySelector(`[name=${name}]`)?.focus();
  };
  return element(
    "form",
    { class: "choices", onsubmit: (event) => event.preventDefault() },
    element(
      "fieldset",
      {},
      element("legend", {}, "Which part of the matrix"),
      choice("Record type", "type", page.book.types.map((one) => ({ value: one.name })), state.type, { onchange: change("type") }),
      choice(
        "Class",
        "class",
        [...type.classes.map((one) => ({ value: one.name, text: one.title })), { value: EVERY, text: "every class" }],
        state.class,
        { onchange: change("class") },
      ),
      choice(
        "Purpose of access",
        "purpose",
        [
          { value: FIRST, text: "the first of each role" },
          { value: EVERY, text: "every purpose of each role" },
          ...page.book.purposes.map((one) => ({ value: one.code })),
        ],
        state.purpose,
        { onchange: change("purpose") },
      ),
    ),
  );
}

async function load(page, state, type, results) {
  const data = await page.ask(
    "matrix",
    {
      type: state.type,
      record_class: state.class === EVERY ? null : state.class,
      purpose: [EVERY, FIRST].includes(state.purpose) ? null : state.purpose,
      every_purpose: state.purpose === EVERY,
    },
    results,
  );
  if (!data) return;
  const detail = element("div", { id: "cell-detail", class: "detail" }, element("p", {}, "Choose a cell to read its decision: arrow keys, or the pointer."));
  const table = grid(page, state, type, data, detail);
  results.replaceChildren(
    page.origin(data),
    element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Matrix, scrolls both ways" }, table),
    detail,
  );
  page.say(`${state.type}: ${counted(data.rows.length, "row")} by ${counted(data.fields.length, "field")}.`);
}

function grid(page, state, type, data, detail) {
  const roles = Object.fromEntries(page.book.roles.map((one) => [one.code, one.title]));
  const titles = Object.fromEntries(type.classes.map((one) => [one.name, one.title]));
  const table = element(
    "table",
    { role: "grid", "aria-readonly": "true", "aria-describedby": "cell-detail", class: "heat" },
    element("caption", {}, `What each role is told of ${state.type}, field by field`),
    element(
      "thead",
      {},
      element("tr", {}, element("th", { scope: "col", class: "corner" }, "Role"), data.fields.map((field) => element("th", { scope: "col" }, element("span", {}, breakable(field))))),
    ),
  );
  let group = null;
  for (const row of data.rows) {
    const name = state.purpose === EVERY ? `${roles[row.role]}, ${row.purpose}` : roles[row.role];
    const heading = state.class === EVERY ? titles[row.class] : name;
    if (group?.dataset.key !== (state.class === EVERY ? name : "")) {
      group = element("tbody", { "data-key": state.class === EVERY ? name : "" });
      if (state.class === EVERY) {
        group.append(element("tr", { class: "group" }, element("th", { scope: "rowgroup", colspan: data.fields.length + 1 }, element("span", {}, name))));
      }
      table.append(group);
    }
    group.append(
      element(
        "tr",
        {},
        element("th", { scope: "row" }, heading),
        row.cells.map((number, column) => {
          const decision = data.decisions[number];
          const words = `${EFFECTS[decision.effect].word}: ${decision.reasons.join(", ")}`;
          const cell = element(
            "td",
            { tabindex: "-1", class: decision.effect, title: words },
            icon(decision.effect),
            element("span", { class: "unseen" }, words),
          );
          cell.tell = () => tell(page, detail, { name, className: titles[row.class], field: data.fields[column], decision });
          return cell;
        }),
      ),
    );
  }
  const rows = [...table.querySelectorAll("tbody tr:not(.group)")].map((row) => [...row.querySelectorAll("td")]);
  if (rows[0]?.[0]) rows[0][0].tabIndex = 0;
  table.addEventListener("keydown", (event) => move(event, rows));
  table.addEventListener("focusin", (event) => focused(event.target.closest("td"), rows));
  table.addEventListener("pointerover", (event) => event.target.closest("td")?.tell());
  return table;
}

function focused(cell, rows) {
  if (!cell) return;
  for (const row of rows) for (const other of row) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.tell();
}

function move(event, rows) {
  const row = rows.findIndex((cells) => cells.includes(event.target));
  if (row < 0) return;
  const column = rows[row].indexOf(event.target);
  const last = rows[row].length - 1;
  const [toRow, toColumn] =
    {
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      Home: [event.ctrlKey ? 0 : row, 0],
      End: [event.ctrlKey ? rows.length - 1 : row, last],
      PageDown: [Math.min(row + 10, rows.length - 1), column],
      PageUp: [Math.max(row - 10, 0), column],
    }[event.key] ?? [];
  if (toRow === undefined) return;
  event.preventDefault();
  rows[toRow]?.[toColumn]?.focus();
}

function tell(page, detail, { name, className, field, decision }) {
  detail.replaceChildren(
    element("h3", {}, `${field}, for ${name}`),
    element("p", {}, effectMark(decision.effect), ` ${className}`),
    ...decisionDetails(decision, page.book),
  );
}
