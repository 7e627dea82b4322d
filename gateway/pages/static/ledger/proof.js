// Checkpoints, how far behind they are, who witnesses them, and how the ledger grows.

import * as address from "./address.js";
import { choice, counted, element } from "./elements.js";
import { day, dayField, hour, lines, moment, nextDay, number } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LATE = 10;

export async function show(page) {
  const stated = Object.fromEntries(["since", "until", "by"].map((name) => [name, address.read().get(name) ?? ""]));
  stated.until ||= page.book.today;
  stated.since ||= nextDay(stated.until, -29);
  stated.by ||= "day";
  const results = element("section", { class: "results", "aria-label": "Proof and growth" });
  const form = element(
    "form",
    { class: "choices", "aria-label": "Show growth" },
    element(
      "fieldset",
      {},
      element("legend", {}, "Show growth"),
      dayField("From (day)", "since", stated.since),
      dayField("To (day, included)", "until", stated.until),
      choice("By", "by", [{ value: "day", text: "day" }, { value: "hour", text: "hour" }], stated.by),
    ),
    element("button", {}, "Show"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    address.write({ view: "proof", ...given });
    look(page, given, results);
  });
  page.main.replaceChildren(form, results);
  await look(page, stated, results);
}

async function look(page, stated, into) {
  const data = await page.ask("proof", stated, into);
  if (!data) return;
  into.replaceChildren(lag(data.lag), witnesses(data.witnesses), growth(data.growth, stated), history(page, stated, data, into), archives(data.archived));
}

function lag({ seconds, signed, entries, fault }) {
  const behind = entries - signed;
  const verdict = fault
    ? `Nothing is signed any more: ${fault}`
    : seconds === null
      ? "Nothing was signed yet."
      : behind > 0 && seconds > LATE
        ? `The newest checkpoint is late: it is ${Math.round(seconds)} seconds old, and ${number(behind)} entries are not covered.`
        : "The ledger is signed and up to date.";
  return element(
    "section",
    { "aria-labelledby": "lag-title" },
    element("h2", { id: "lag-title" }, "How far the proof reaches"),
    element("p", { class: `verdict ${fault || (behind > 0 && (seconds ?? LATE + 1) > LATE) ? "withhold" : "disclose"}` }, element("strong", {}, verdict)),
    lines(
      ["Entries in the ledger", number(entries)],
      ["Covered by the newest checkpoint", number(signed)],
      ["Not covered yet", number(Math.max(0, behind))],
      ["Since the newest checkpoint", seconds === null ? "never" : counted(Math.round(seconds), "second")],
    ),
  );
}

function witnesses(list) {
  const title = element("h2", { id: "witnesses-title" }, "Witnesses");
  if (!list.length) return element("section", { "aria-labelledby": "witnesses-title" }, title, element("p", {}, "No witness is configured: nobody else would notice if this gateway replaced its whole ledger."));
  return element(
    "section",
    { "aria-labelledby": "witnesses-title" },
    title,
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Witnesses" },
      table("What each witness cosigned last", ["Witness", "Cosigned last", "Entries covered", "State"], list.map(({ name, size, at, trouble }) => [name, at === null ? "never" : moment(new Date(at * 1000).toISOString()), size === null ? "–" : number(size), trouble ?? (at === null ? "has not signed yet" : "signs")])),
    ),
  );
}

function table(caption, heads, rows) {
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, rows.map(([first, ...cells]) => element("tr", {}, element("th", { scope: "row" }, first), cells.map((cell) => element("td", {}, cell))))),
  );
}

function growth(bars, { since, until, by }) {
  const label = by === "hour" ? hour : day;
  const title = element("h2", { id: "growth-title" }, "Growth");
  if (!bars.length) return element("section", { "aria-labelledby": "growth-title" }, title, element("p", {}, "There is no entry in these days."));
  const all = bars.reduce((sum, { entries }) => sum + entries, 0);
  const most = bars.reduce((found, one) => (one.entries > found.entries ? one : found));
  const sentence = `${number(all)} entries; the most by ${by}: ${number(most.entries)}, ${label(most.at)}.`;
  return element(
    "section",
    { "aria-labelledby": "growth-title" },
    title,
    element("p", {}, sentence),
    picture(bars, { since, until, by }, most.entries),
    element("details", {}, element("summary", {}, "The same as a table"), element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Growth" }, table(`Entries by ${by}`, [by === "hour" ? "Hour" : "Day", "Entries"], bars.map(({ at, entries }) => [label(at), number(entries)])))),
  );
}

// Bars over all the days asked for, so that a gap shows as a gap.
function picture(bars, { since, until, by }, most) {
  const step = by === "hour" ? 3_600_000 : 86_400_000;
  const begun = new Date(`${since}T00:00:00Z`).getTime();
  const width = (new Date(`${nextDay(until, 1)}T00:00:00Z`).getTime() - begun) / step;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "growth");
  svg.setAttribute("viewBox", `0 0 ${width} 100`);
  svg.setAttribute("preserveAspectRatio", "none");
  for (const { at, entries } of bars) {
    const height = Math.max(1, (98 * entries) / most);
    const bar = document.createElementNS(SVG, "rect");
    // In summer a day in London begins at 23:00 of the day before.
    const x = Math.round((new Date(at).getTime() - begun) / step) + 0.1;
    for (const [name, value] of Object.entries({ x, y: 100 - height, width: 0.8, height })) bar.setAttribute(name, value);
    svg.append(bar);
  }
  const ends = element("p", { class: "ends" }, element("span", {}, day(`${since}T12:00:00Z`)), element("span", {}, day(`${until}T12:00:00Z`)));
  return element("div", { class: "picture", "aria-hidden": "true" }, svg, ends);
}

function history(page, stated, data, into) {
  const rows = element("tbody", {}, data.checkpoints.map(checkpoint));
  const more = element("button", { type: "button", hidden: !data.more }, "Show older checkpoints");
  let oldest = data.checkpoints.at(-1)?.id;
  more.addEventListener("click", async () => {
    const older = await page.ask("proof", { ...stated, before: oldest }, into);
    if (!older) return;
    rows.append(...older.checkpoints.map(checkpoint));
    oldest = older.checkpoints.at(-1)?.id;
    more.hidden = !older.more;
    page.say(`${number(rows.childElementCount)} checkpoints are shown.`);
  });
  return element(
    "section",
    { "aria-labelledby": "history-title" },
    element("h2", { id: "history-title" }, "Checkpoints"),
    data.checkpoints.length
      ? element(
          "div",
          { class: "scroll", tabindex: 0, role: "region", "aria-label": "Checkpoints, newest first" },
          element("table", {}, element("caption", {}, "Checkpoints, newest first"), element("thead", {}, element("tr", {}, ["Entries", "Signed", "Cosigned by", "Root"].map((head) => element("th", { scope: "col" }, head)))), rows),
        )
      : element("p", {}, "Nothing was signed yet."),
    more,
  );
}

function checkpoint({ size, at, root, witnesses: cosigned }) {
  return element("tr", {}, element("th", { scope: "row" }, number(size)), element("td", {}, moment(at)), element("td", {}, cosigned.join(", ") || "nobody"), element("td", {}, element("details", {}, element("summary", {}, `${root.slice(0, 8)}…`), element("code", { class: "hash" }, root))));
}

function archives(list) {
  const title = element("h2", { id: "archives-title" }, "Archives");
  if (!list.length) return element("section", { "aria-labelledby": "archives-title" }, title, element("p", {}, "Nothing was archived: every entry is in the database."));
  return element(
    "section",
    { "aria-labelledby": "archives-title" },
    title,
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Archives" }, table("Archive files", ["Entries", "Archived", "SHA-256 of the file"], list.map(({ first, last, at, digest }) => [`${number(first)} to ${number(last)}`, moment(at), element("code", { class: "hash" }, digest)]))),
  );
}
