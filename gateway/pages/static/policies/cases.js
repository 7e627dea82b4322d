// The named situations, with what each expects and what it got.

import * as address from "./address.js";
import { counted, element, icon } from "./elements.js";

export function show(page) {
  const failedOnly = address.read().get("show") === "failed";
  const results = element("section", { class: "results", "aria-label": "Cases" });
  page.main.replaceChildren(
    element("h2", {}, "Cases"),
    element(
      "form",
      { class: "choices", onsubmit: (event) => event.preventDefault() },
      element(
        "label",
        { class: "line" },
        element("input", {
          type: "checkbox",
          name: "failed",
          checked: failedOnly,
          onchange: (event) => {
            address.write({ view: "cases", show: event.target.checked ? "failed" : "" });
            results.classList.toggle("failed-only", event.target.checked);
          },
        }),
        " Only those that fail",
      ),
    ),
    results,
  );
  results.classList.toggle("failed-only", failedOnly);
  load(page, results);
}

async function load(page, results) {
  const data = await page.ask("cases", {}, results);
  if (!data) return;
  const said = `${data.tried - data.failed} of ${counted(data.tried, "case")} hold${data.failed ? `, ${data.failed} fail` : ""}.`;
  results.replaceChildren(
    element("h3", {}, said),
    page.origin(data),
    element(
      "div",
      { class: "scroll", role: "region", tabindex: "0", "aria-label": "Cases, scrolls sideways" },
      element(
        "table",
        { class: "changes" },
        element("caption", { class: "unseen" }, "Every case, those that fail first"),
        element("thead", {}, element("tr", {}, ["Result", "Case", "File", "Why", "Expected and got"].map((heading) => element("th", { scope: "col" }, heading)))),
        element("tbody", {}, [...data.cases].sort((one, other) => other.differences.length - one.differences.length).map(row)),
      ),
    ),
  );
  page.say(said);
}

function row(one) {
  const holds = one.differences.length === 0;
  return element(
    "tr",
    { class: holds ? "holds" : "fails" },
    element("td", {}, element("span", { class: `effect ${holds ? "disclose" : "conceal"}` }, icon(holds ? "disclose" : "conceal"), holds ? "Holds" : "Fails")),
    element("th", { scope: "row" }, one.name.replaceAll("-", " ")),
    element("td", {}, one.file),
    element("td", {}, one.why),
    element(
      "td",
      {},
      holds
        ? ""
        : element(
            "ul",
            {},
            one.differences.map((difference) =>
              element("li", {}, `${difference.part}: expected ${written(difference.expected)}, got ${written(difference.got)}, by ${difference.reasons.join(", ") || "no rule"}`),
            ),
          ),
    ),
  );
}

function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
