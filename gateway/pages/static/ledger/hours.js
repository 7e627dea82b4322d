// The heat map: how often each agency asked in each hour of the day. A table, so that it can be read as well as seen.

import * as address from "./address.js";
import { choice, element } from "./elements.js";
import { OUTCOMES, dayField, nextDay, number } from "./words.js";

const STATED = ["since", "until", "role", "outcome"];
const SHADES = 6;

export async function show(page) {
  const stated = Object.fromEntries(STATED.map((name) => [name, address.read().get(name) ?? ""]));
  stated.until ||= page.book.today;
  stated.since ||= nextDay(stated.until, -29);
  const results = element("section", { class: "results", "aria-label": "Entries by hour and agency" });
  const form = element(
    "form",
    { class: "choices", "aria-label": "Count entries" },
    element(
      "fieldset",
      {},
      element("legend", {}, "Count entries"),
      dayField("From (day)", "since", stated.since),
      dayField("To (day, included)", "until", stated.until),
      choice("Role", "role", page.book.roles.map(({ code, title }) => ({ value: code, text: title })), stated.role, { none: "any" }),
      choice("Outcome", "outcome", Object.entries(OUTCOMES).map(([value, text]) => ({ value, text })), stated.outcome, { none: "any" }),
    ),
    element("button", {}, "Count"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    address.write({ view: "hours", ...given });
    count(page, given, results);
  });
  page.main.replaceChildren(form, results);
  await count(page, stated, results);
}

async function count(page, stated, into) {
  const data = await page.ask("hours", Object.fromEntries(Object.entries(stated).filter(([, value]) => value)), into);
  if (!data) return;
  const all = data.rows.reduce((sum, row) => sum + total(row), 0);
  into.replaceChildren(
    element("p", {}, all ? `${number(all)} entries of ${number(data.rows.length)} agencies. The stronger the colour, the more entries; a number leads to its entries.` : "There is no entry in these days."),
    all ? heatMap(data.rows, stated) : "",
  );
}

const total = (row) => row.hours.reduce((sum, entries) => sum + entries, 0);

function heatMap(rows, stated) {
  const most = Math.max(...rows.flatMap((row) => row.hours));
  // Steps of a logarithm: one look at three in the morning must show beside thousands at ten.
  const shade = (entries) => (entries === 0 ? 0 : 1 + Math.round(((SHADES - 1) * Math.log(entries)) / Math.log(Math.max(most, 2))));
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const link = (row, hour) => {
    const search = new URLSearchParams({ view: "entries", ...Object.fromEntries(Object.entries(stated).filter(([, value]) => value)), hour });
    if (row.agency !== null) search.set("agency", row.agency);
    return `#${search}`;
  };
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Entries by agency and hour" },
    element(
      "table",
      { class: "heat" },
      element("caption", {}, "Entries by agency and hour of the day in London"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col", class: "corner" }, "Agency"), hours.map((hour) => element("th", { scope: "col" }, String(hour).padStart(2, "0"))), element("th", { scope: "col" }, "All"))),
      element(
        "tbody",
        {},
        rows.map((row) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, row.title),
            row.hours.map((entries, hour) =>
              element(
                "td",
                { class: `shade-${shade(entries)}` },
                entries && row.agency !== null ? element("a", { href: link(row, hour), "aria-label": `${number(entries)} entries, ${row.title}, ${hour} o'clock` }, number(entries)) : number(entries),
              ),
            ),
            element("td", { class: "all" }, number(total(row))),
          ),
        ),
      ),
    ),
  );
}
