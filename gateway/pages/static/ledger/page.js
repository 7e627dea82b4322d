// The page: who asks, and which view.

import * as address from "./address.js";
import { Refused, ask, askAs } from "./asking.js";
import * as entries from "./entries.js";
import * as entry from "./entry.js";
import * as hours from "./hours.js";
import * as proof from "./proof.js";

const VIEWS = { entries, entry, hours, proof };
const byId = (id) => document.getElementById(id);
const configuration = JSON.parse(byId("configuration").textContent);

const page = {
  main: byId("main"),
  book: null,

  say(text) {
    byId("status").textContent = text;
  },

  fail(text) {
    byId("alert").textContent = text;
  },

  // Returns the data, or nothing once what went wrong has been shown.
  async ask(view, body, into) {
    page.fail("");
    page.say("Asking…");
    into.setAttribute("aria-busy", "true");
    try {
      const data = await ask(view, body);
      page.say("");
      return data;
    } catch (error) {
      if (error.name === "AbortError") return undefined;
      page.say("");
      if (!(error instanceof Refused)) throw error;
      page.fail(error.message);
      if (["UNAUTHENTICATED", "ACCESS_LAPSED", "PURPOSE_REQUIRED"].includes(error.code)) signOut();
    } finally {
      into.removeAttribute("aria-busy");
    }
    return undefined;
  },
};

function signOut() {
  byId("ledger").hidden = true;
  byId("sign-in").hidden = false;
}

async function signIn() {
  page.book = (await page.ask("book", {}, byId("ledger"))) ?? null;
  if (!page.book) return;
  byId("sign-in").hidden = true;
  byId("ledger").hidden = false;
  byId("scope").textContent = page.book.scope
    ? `You see what the callers of your own authority (${page.book.scope}) asked.`
    : "You see what the callers of all authorities asked.";
  await showView();
}

async function showView() {
  if (!page.book) return;
  const name = address.read().get("view");
  const view = VIEWS[name] ? name : "entries";
  for (const link of document.querySelectorAll("nav[aria-label=Views] a")) {
    if (link.hash === `#view=${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${document.querySelector("[aria-current=page][href^='#']").textContent} | The ledger`;
  page.fail("");
  await VIEWS[view].show(page);
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  askAs({ token: byId("token").value.trim(), purpose: byId("purpose").value.trim(), reason: byId("reason").value.trim() });
  byId("token").value = "";
  signIn();
});
byId("copy-link").addEventListener("click", async () => {
  const kept = "Persons, children and request ids are never part of it.";
  try {
    await navigator.clipboard.writeText(address.link());
    page.say(`The link is copied. ${kept}`);
  } catch {
    page.say(`Copy this: ${address.link()} ${kept}`);
  }
});
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
