// What the rules to try would change: what tells more comes first.

import * as address from "./address.js";
import { KINDS, effectMark } from "./effects.js";
import { choice, counted, element, icon } from "./elements.js";
import { proposal } from "./rules.js";

export function show(page) {
  const params = address.read();
  const state = { type: params.get("type") ?? "", every: params.get("every") ?? "" };
  if (!proposal()) {
    page.main.replaceChildren(
      element("h2", {}, "Difference"),
      element("p", {}, "There are no rules to compare with those in force. ", element("a", { href: "#view=rules" }, "Upload or paste some"), "."),
    );
    return;
  }
  const results = element("section", { class: "results", "aria-label": "Difference" });
  const change = (name, value) => {
    address.write({ view: "difference", ...state, [name]: value });
    show(page);
    page.main.querySelector(`[name=${name}]`)?.focus();
  };
  page.main.replaceChildren(
    element("h2", {}, "Difference between the rules in force and those to try"),
    element(
      "form",
      { class: "choices", onsubmit: (event) => event.preventDefault() },
      element(
        "fieldset",
        {},
        element("legend", {}, "Compare"),
        choice("Record type", "type", page.book.types.map((one) => ({ value: one.name })), state.type, {
          none: "all",
          onchange: (event) => change("type", event.target.value),
        }),
        element(
          "label",
          { class: "line broad" },
          element("input", { type: "checkbox", name: "every", checked: state.every === "yes", onchange: (event) => change("every", event.target.checked ? "yes" : "") }),
          " every purpose of each role, not only its first",
        ),
      ),
    ),
    results,
  );
  load(page, state, results);
}

async function load(page, state, results) {
  const data = await page.ask("difference", { type: state.type || null, every_purpose: state.every === "yes" }, results, { candidate: true });
  if (!data) return;
  const said = `${counted(data.compared, "decision")} compared: ${Object.entries(data.counts)
    .map(([kind, number]) => `${number} ${KINDS[kind].word.toLowerCase()}`)
    .join(", ")}.`;
  results.replaceChildren(
    element("p", { class: "origin" }, "Revision ", element("code", {}, data.old), " to ", element("code", {}, data.new), `, both on the ${data.engine} engine.`),
    element("ul", { class: "counts" }, Object.entries(data.counts).map(([kind, number]) => element("li", { class: kind }, icon(KINDS[kind].sign), element("strong", {}, number), ` ${KINDS[kind].word.toLowerCase()}`))),
    tallies(data.by),
    ...Object.keys(KINDS).map((kind) => groupsOf(page, kind, data.groups.filter((group) => group.kind === kind))).filter(Boolean),
    data.not_shown ? element("p", {}, `${data.not_shown} further groups of changes are not shown; choose a record type.`) : "",
  );
  page.say(said);
}

function tallies(by) {
  if (Object.values(by).every((counts) => Object.keys(counts).length === 0)) return "";
  return element(
    "details",
    { open: true },
    element("summary", {}, "Where the changes are that a caller can see"),
    element(
      "div",
      { class: "tallies" },
      Object.entries(by).map(([name, counts]) =>
        element(
          "table",
          {},
          element("caption", {}, `By ${name}`),
          element("thead", {}, element("tr", {}, element("th", { scope: "col" }, name), element("th", { scope: "col" }, "changes"))),
          element("tbody", {}, Object.entries(counts).map(([code, number]) => element("tr", {}, element("th", { scope: "row" }, code), element("td", {}, number)))),
        ),
      ),
    ),
  );
}

function groupsOf(page, kind, groups) {
  if (groups.length === 0) return null;
  const headings = ["Field", "Class", "Before", "After", "Reasons", "Who"];
  return element(
    "details",
    { open: kind !== "reasons-only", class: kind },
    element("summary", {}, icon(KINDS[kind].sign), `${KINDS[kind].word}: ${counted(groups.reduce((sum, group) => sum + group.times, 0), "decision")}`),
    element(
      "div",
      { class: "scroll", role: "region", tabindex: "0", "aria-label": `${KINDS[kind].word}, scrolls sideways` },
      element(
        "table",
        { class: "changes" },
        element("caption", { class: "unseen" }, KINDS[kind].word),
        element("thead", {}, element("tr", {}, headings.map((heading) => element("th", { scope: "col" }, heading)))),
        element("tbody", {}, groups.map((group) => row(page, group))),
      ),
    ),
  );
}

function row(page, group) {
  const roles = Object.fromEntries(page.book.roles.map((one) => [one.code, one.title]));
  const who = group.approaches.map(([role, purpose]) => `${roles[role] ?? role} (${purpose})`);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, `${group.type}.${group.field}`),
    element("td", {}, group.class),
    element("td", {}, effectMark(group.old.effect)),
    element("td", {}, effectMark(group.new.effect)),
    element("td", {}, element("code", {}, group.old.reasons.join(", ")), " → ", element("code", {}, group.new.reasons.join(", "))),
    element("td", {}, who.length > 3 ? element("details", {}, element("summary", {}, counted(who.length, "role")), who.join("; ")) : who.join("; ")),
  );
}
