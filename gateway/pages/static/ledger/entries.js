// The list: what is looked for, and the entries found, newest first.

import * as address from "./address.js";
import { choice, element } from "./elements.js";
import { OUTCOMES, dayField, moment, nextDay, number, purpose, role } from "./words.js";

// What may stand in a link. Whom or what one looks for by name is kept in this tab's memory.
const LINKED = ["since", "until", "role", "agency", "purpose", "outcome", "hour"];
const kept = { person: "", child: "", request_id: "" };

export function lookFor(sought) {
  Object.assign(kept, { person: "", child: "", request_id: "" }, sought);
}

export async function show(page) {
  const linked = Object.fromEntries(LINKED.map((name) => [name, address.read().get(name) ?? ""]));
  linked.until ||= page.book.today;
  linked.since ||= nextDay(linked.until, -6);
  const form = searchForm(page, linked);
  const results = element("section", { class: "results", "aria-label": "Entries found" });
  page.main.replaceChildren(form, results);
  await list(page, { ...linked, ...kept }, results);
}

function searchForm(page, linked) {
  const text = (label, name, hint) =>
    element("label", {}, element("span", {}, label), element("input", { name, value: kept[name], autocomplete: "off", spellcheck: "false", maxlength: 200 }), hint ? element("small", {}, hint) : null);
  const options = (list) => list.map(({ code, title }) => ({ value: code, text: title }));
  const agencies = options(page.book.agencies);
  if (linked.agency && !agencies.some(({ value }) => value === linked.agency)) agencies.push({ value: linked.agency });
  const form = element(
    "form",
    { class: "choices", "aria-label": "Look for entries" },
    element(
      "fieldset",
      {},
      element("legend", {}, "Look for entries"),
      dayField("From (day)", "since", linked.since),
      dayField("To (day, included)", "until", linked.until),
      choice("Role", "role", options(page.book.roles), linked.role, { none: "any" }),
      choice("Agency", "agency", agencies, linked.agency, { none: "any" }),
      choice("Purpose", "purpose", options(page.book.purposes), linked.purpose, { none: "any" }),
      choice("Outcome", "outcome", Object.entries(OUTCOMES).map(([value, text]) => ({ value, text })), linked.outcome, { none: "any" }),
      choice("Hour of the day", "hour", Array.from({ length: 24 }, (_, at) => ({ value: String(at), text: `${String(at).padStart(2, "0")}:00 to ${String(at).padStart(2, "0")}:59` })), linked.hour, { none: "any" }),
      text("Person", "person", "the identifier in the register"),
      text("Child", "child", "the id that you are told, never a name"),
      text("Request id", "request_id"),
    ),
    element("button", {}, "Look"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
    lookFor({ person: given.person, child: given.child, request_id: given.request_id });
    const before = location.hash;
    address.write({ view: "entries", ...Object.fromEntries(LINKED.map((name) => [name, given[name]])) });
    list(page, given, page.main.querySelector(".results"));
    if (before !== location.hash) document.title = "Entries | The ledger";
  });
  return form;
}

async function list(page, sought, into) {
  const body = Object.fromEntries(Object.entries(sought).filter(([, value]) => value !== ""));
  if (body.hour !== undefined) body.hour = Number(body.hour);
  const data = await page.ask("entries", body, into);
  if (!data) return;
  const rows = element("tbody", {}, data.entries.map((entry) => row(page, entry)));
  const table = element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Entries, newest first" },
    element(
      "table",
      { class: "entries" },
      element("caption", {}, "Entries, newest first. Times are those of London."),
      element("thead", {}, element("tr", {}, ["Entry", "When", "Who", "Role", "Agency", "Purpose", "Outcome"].map((name) => element("th", { scope: "col" }, name)))),
      rows,
    ),
  );
  const more = element("button", { type: "button" }, "Show older entries");
  let next = data.next;
  more.hidden = !next;
  more.addEventListener("click", async () => {
    const older = await page.ask("entries", { ...body, before: next }, into);
    if (!older) return;
    const added = older.entries.map((entry) => row(page, entry));
    rows.append(...added);
    next = older.next;
    more.hidden = !next;
    page.say(`${number(rows.childElementCount)} entries are shown.`);
    added[0]?.querySelector("a").focus();
  });
  into.replaceChildren(data.entries.length ? table : element("p", {}, "No entry was found for this. What the rules keep from you is not counted."), more);
  page.say(data.entries.length ? `${number(data.entries.length)} entries are shown${next ? "; there are older ones" : ""}.` : "No entry was found.");
}

function row(page, entry) {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, element("a", { href: `#view=entry&number=${entry.number}` }, number(entry.number))),
    element("td", {}, moment(entry.at)),
    element("td", {}, entry.person ?? "nobody identified"),
    element("td", {}, entry.role ? role(page.book, entry.role) : "–"),
    element("td", {}, entry.agency ?? "–"),
    element("td", {}, entry.purpose ? purpose(page.book, entry.purpose) : "not stated"),
    element("td", {}, element("span", { class: `outcome ${entry.outcome}` }, OUTCOMES[entry.outcome] ?? entry.outcome)),
  );
}
