// The page: who asks, which view, which rules.

import * as address from "./address.js";
import { Refused, ask, askAs } from "./asking.js";
import * as cases from "./cases.js";
import * as difference from "./difference.js";
import { element } from "./elements.js";
import * as map from "./map.js";
import * as matrix from "./matrix.js";
import * as rules from "./rules.js";

const VIEWS = { map, matrix, rules, difference, cases };
const OF_EITHER = ["map", "matrix", "cases"];
const byId = (id) => document.getElementById(id);
const configuration = JSON.parse(byId("configuration").textContent);

const page = {
  main: byId("main"),
  book: null,
  booksByRules: {},

  say(text) {
    byId("status").textContent = text;
  },

  fail(text) {
    byId("alert").textContent = text;
  },

  asksCandidate() {
    return document.querySelector("[name=which]:checked").value === "candidate" && rules.proposal() !== null;
  },

  candidateChanged(isThere) {
    if (!isThere) document.querySelector("[name=which][value=in-force]").checked = true;
    delete page.booksByRules.candidate;
  },

  // Which rules an answer comes from, and which engine gave it.
  origin({ revision, engine }) {
    const rulesAsked = page.asksCandidate() ? "The rules to try" : "The rules in force";
    return element("p", { class: "origin" }, `${rulesAsked}: revision `, element("code", {}, revision), `, ${engine} engine.`);
  },

  // Returns the data, or nothing once what went wrong has been shown.
  async ask(view, body, into, { candidate = page.asksCandidate(), inForce = false } = {}) {
    page.fail("");
    page.say("Asking…");
    into.setAttribute("aria-busy", "true");
    try {
      const data = await ask(view, candidate && !inForce ? { ...body, proposal: rules.proposal() } : body);
      page.say("");
      if (!data.problems) return data;
      showProblems(data.problems, into);
    } catch (error) {
      if (error.name === "AbortError") return undefined;
      page.say("");
      if (!(error instanceof Refused)) throw error;
      page.fail(error.message);
      if (["UNAUTHENTICATED", "ACCESS_LAPSED", "NOT_FOR_ROLE", "PURPOSE_REQUIRED"].includes(error.code)) signOut();
    } finally {
      into.removeAttribute("aria-busy");
    }
    return undefined;
  },
};

function showProblems(problems, into) {
  page.fail(`The rules to try cannot be used: ${problems.length === 1 ? "one problem" : `${problems.length} problems`}.`);
  into.replaceChildren(
    element(
      "ul",
      { class: "problems" },
      problems.map(({ file, line, message }) =>
        element("li", {}, file ? element("code", {}, line ? `${file}:${line}` : file) : "", file ? " " : "", message),
      ),
    ),
  );
}

function signOut() {
  byId("workbench").hidden = true;
  byId("sign-in").hidden = false;
}

async function signIn() {
  const book = await page.ask("book", {}, byId("workbench"), { inForce: true });
  if (!book) return;
  page.book = book;
  page.booksByRules["in-force"] = book;
  byId("sign-in").hidden = true;
  byId("workbench").hidden = false;
  const notSame = book.rules === book.revision ? "" : ` The rules shown here are revision ${book.rules}: what the gateway decides by is not what lies in its folder.`;
  byId("in-force").replaceChildren("In force: revision ", element("code", {}, book.revision), `, ${book.engine} engine.${notSame}`);
  await showView();
}

async function showView() {
  if (!page.book) return;
  const name = address.read().get("view");
  const view = VIEWS[name] ? name : "map";
  for (const link of document.querySelectorAll("nav[aria-label=Views] a")) {
    if (link.hash === `#view=${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${document.querySelector("[aria-current=page][href^='#']").textContent} | Policy workbench`;
  page.fail("");
  byId("which-rules").hidden = !(rules.proposal() && OF_EITHER.includes(view));
  const wanted = page.asksCandidate() && view !== "rules" ? "candidate" : "in-force";
  page.booksByRules[wanted] ??= await page.ask("book", {}, page.main);
  if (!page.booksByRules[wanted]) return;
  page.book = { ...page.booksByRules[wanted], files: page.booksByRules["in-force"].files };
  VIEWS[view].show(page);
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  askAs({ token: byId("token").value.trim(), purpose: byId("purpose").value.trim(), reason: byId("reason").value.trim() });
  byId("token").value = "";
  signIn();
});
byId("copy-link").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(address.link());
    page.say("The link is copied.");
  } catch {
    page.say(`Copy this: ${address.link()}`);
  }
});
for (const radio of document.querySelectorAll("[name=which]")) radio.addEventListener("change", showView);
addEventListener("hashchange", showView);
// The address after the # is the view's, so the skip link moves the focus without it.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  page.main.focus();
});
for (const link of document.querySelectorAll(".personas a")) {
  link.addEventListener("click", () => (link.hash = location.hash));
}

if (configuration.token) {
  askAs(configuration);
  signIn();
}
