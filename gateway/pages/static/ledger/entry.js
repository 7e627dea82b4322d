// One entry: who, when, why, what was decided, and the proof that it is in the ledger, checked here.

import * as address from "./address.js";
import { effectMark } from "./effects.js";
import { element } from "./elements.js";
import { lookFor } from "./entries.js";
import { bytesOf, canHash, hexOf, isIncluded, leafHash, readKey, readNote, signedBy } from "./merkle.js";
import { OUTCOMES, lines, moment, nextDay, number, purpose, role, words } from "./words.js";

export async function show(page) {
  const asked = address.read().get("number") ?? "";
  const results = element("article", { class: "results", "aria-label": "The entry" });
  const form = element(
    "form",
    { class: "choices", "aria-label": "Open an entry" },
    element("fieldset", {}, element("legend", {}, "Open an entry"), element("label", {}, element("span", {}, "Number"), element("input", { name: "number", inputmode: "numeric", pattern: "[0-9]{1,18}", required: true, value: asked }))),
    element("button", {}, "Open"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = new FormData(form).get("number");
    address.write({ view: "entry", number: given });
    open(page, given, results);
  });
  page.main.replaceChildren(form, results);
  if (/^[0-9]{1,18}$/.test(asked)) await open(page, asked, results);
}

async function open(page, asked, into) {
  const data = await page.ask("entry", { number: Number(asked) }, into);
  if (!data) return;
  if (!data.entry) {
    into.replaceChildren(
      element("p", {}, data.archived ? "This entry is in an archive file and not in the database any more. `gateway ledger archive` says how it is brought back." : "There is no such entry that you may see."),
      data.archived ? lines(["Archive file, SHA-256", element("code", {}, data.archived)]) : "",
    );
    return;
  }
  const entry = data.entry;
  document.title = `Entry ${entry.number} | The ledger`;
  const checked = element("section", { class: "checks", "aria-labelledby": "proof-title" });
  into.replaceChildren(
    element("h2", { tabindex: -1 }, `Entry ${number(entry.number)}`),
    element("p", { class: "sentence" }, ...sentence(page, entry)),
    state(data.sealed),
    checked,
    about(page, entry, data.sealed),
    ...records(page, entry),
  );
  into.querySelector("h2").focus();
  await check(page, data, checked);
}

function sentence(page, entry) {
  const who = entry.person ? `${entry.name ?? entry.person}, ${role(page.book, entry.role)}${entry.agency ? `, ${entry.agency}` : ""},` : "Somebody who could not be identified";
  const outcome = { answered: "was answered", refused: "was refused", failed: "got no answer, because something failed" }[entry.outcome];
  return [`${who} asked on `, moment(entry.at), `, ${entry.purpose ? `for “${purpose(page.book, entry.purpose)}”` : "without stating a purpose"}, and ${outcome}.`];
}

function state(sealed) {
  const said = {
    destroyed: "The keys of this entry were destroyed to erase a child: name, reason, case and whom it was about are no longer known. Its proof still holds.",
    changed: "What is sealed in this entry cannot be opened: it was changed, or sealed under another master key. Check its proof below.",
    unreadable: "These bytes are no entry: they were changed after they were written. Shown is what the index says. Check the proof below.",
  }[sealed.state];
  return said ? element("p", { class: "notice" }, said) : "";
}

const UNKNOWN = (sealed) => (sealed.state === "open" ? "not stated" : element("em", {}, "no longer known"));

function about(page, entry, sealed) {
  const stated = (value) => value ?? "not stated";
  return element(
    "section",
    { "aria-labelledby": "about-title" },
    element("h3", { id: "about-title" }, "Who, when and why"),
    lines(
      ["Name", entry.name ?? UNKNOWN(sealed)],
      ["Person", entry.person ?? "nobody identified"],
      ["Role", entry.role ? role(page.book, entry.role) : "–"],
      ["Agency", entry.agency ?? "–"],
      ["Authority", stated(entry.authority)],
      ["On behalf of", entry.mediatedFor ?? undefined],
      ["Through the gateway of", entry.peer ?? undefined],
      ["Standing at that moment", stated(entry.standing)],
      ["Purpose", entry.purpose ? purpose(page.book, entry.purpose) : "not stated"],
      ["Reason, in their words", entry.reason ?? UNKNOWN(sealed)],
      ["Case", entry.caseReference ?? UNKNOWN(sealed)],
      ["Outcome", [OUTCOMES[entry.outcome], ...(entry.codes ?? []).map(({ code, reason }) => [": ", element("code", {}, code), ` (${reason.split(",").map((one) => reasonText(page, one)).join("; ")})`]).flat()]],
      ["What was typed", "is not told: it may hold a child's name. " + (entry.searchedBy?.length ? `It was a search by ${entry.searchedBy.map(words).join(", ")}.` : "")],
      ["Searches charged", number(entry.searches ?? 0)],
      ["Children", children(page, entry, sealed)],
      ["Rules", entry.policyRevision ? ["revision ", element("code", {}, entry.policyRevision), `, ${entry.engine} engine`] : "none were asked"],
      ["Sources", (entry.sources ?? []).map(({ authority, status }) => `${authority}: ${words(status)}`).join(", ") || "none were asked"],
      ["Request id", element("code", {}, entry.requestId)],
    ),
  );
}

function children(page, entry, sealed) {
  const known = (entry.children ?? []).map((child) =>
    element(
      "li",
      {},
      element("code", {}, child),
      " ",
      element("button", { type: "button", "aria-label": `Who else looked at ${child}`, onclick: () => { lookFor({ child }); location.hash = `#view=entries&since=${nextDay(page.book.today, -365)}`; } }, "Who else looked"),
    ),
  );
  const gone = sealed.forgotten ? element("li", {}, `${sealed.forgotten} no longer known`) : null;
  return known.length || gone ? element("ul", { class: "plain" }, known, gone) : "no child's record was touched";
}

function reasonText(page, code) {
  const said = page.book.reasons[code]?.described;
  return said ? `${code}: ${said.split("\n")[0]}` : code;
}

function records(page, entry) {
  if (!entry.records?.length) return [element("section", { "aria-labelledby": "records-title" }, element("h3", { id: "records-title" }, "Records"), element("p", {}, "No record was touched."))];
  return [
    element(
      "section",
      { "aria-labelledby": "records-title" },
      element("h3", { id: "records-title" }, `Records: ${number(entry.records.length)}`),
      ...entry.records.map((record, at) => recordTable(page, record, at)),
    ),
  ];
}

function recordTable(page, record, at) {
  const whose = record.children.length ? `, about child ${record.children.join(" and ")} of this entry` : "";
  const title = `${at + 1}. ${words(record.type)}${whose}`;
  if (record.exists === "not-found") return element("p", {}, `${title}: there is no such record.`);
  if (record.exists === "conceal") {
    return element("div", { class: "record" }, element("p", {}, effectMark("conceal"), ` ${title}: nothing showed that it is there.`), reasons(page, record.reasons));
  }
  return element(
    "div",
    { class: "scroll record" },
    element(
      "table",
      {},
      element("caption", {}, title),
      element("thead", {}, element("tr", {}, ["Field", "Decision", "Why"].map((name) => element("th", { scope: "col" }, name)))),
      element(
        "tbody",
        {},
        record.fields.length
          ? record.fields.map((field) =>
              element(
                "tr",
                {},
                element("th", { scope: "row" }, words(field.name)),
                element("td", {}, effectMark(field.effect)),
                element("td", {}, field.reasons.length ? reasons(page, field.reasons) : "the role includes it", field.tell && page.book.sentences[field.tell] ? element("p", { class: "said" }, `The answer said: “${page.book.sentences[field.tell]}”`) : null),
              ),
            )
          : element("tr", {}, element("td", { colspan: 3 }, "No field was asked for.")),
      ),
    ),
  );
}

function reasons(page, codes) {
  return element("ul", { class: "plain" }, codes.map((code) => element("li", {}, element("code", {}, code), page.book.reasons[code]?.described ? ` ${page.book.reasons[code].described}` : "")));
}

// What the page says of the entry, and what its own bytes say.
const SHOWN = {
  number: (entry) => entry.seq,
  requestId: (entry) => entry.request_id,
  person: (entry) => entry.caller?.person ?? null,
  role: (entry) => entry.caller?.role ?? null,
  agencyCode: (entry) => entry.caller?.agency ?? null,
  authority: (entry) => entry.caller?.authority ?? null,
  purpose: (entry) => entry.access.purpose,
  outcome: (entry) => entry.outcome.status,
};

async function check(page, data, into) {
  const { entry, proof } = data;
  const title = element("h3", { id: "proof-title" }, "Proof");
  const again = element("button", { type: "button", onclick: () => open(page, entry.number, into.parentElement) }, "Ask again");
  if (!canHash()) {
    into.replaceChildren(title, element("p", {}, "Nothing was checked: this browser lends its cryptography to pages served over https only."), again);
    return;
  }
  const found = [];
  const say = (holds, sentence, ...hashes) => found.push({ holds, sentence, hashes });
  const leaf = await leafHash(entry.document);
  const stored = hexOf(bytesOf(entry.leafHash));
  say(hexOf(leaf) === stored, hexOf(leaf) === stored ? "The entry's bytes have the hash that the ledger keeps for it." : "The entry's bytes do not have the hash that the ledger keeps for it: it was changed.", ["Hash of the bytes", hexOf(leaf)], ["Hash kept", stored]);
  say(...saysTheSame(entry));
  if (proof.note) {
    const note = readNote(proof.note);
    const root = hexOf(note.root);
    const included = proof.path !== null && (await isIncluded(entry.number, note.size, leaf, proof.path.map(bytesOf), note.root));
    say(included, included ? `The entry is one of the ${number(note.size)} that the newest checkpoint covers.` : `The entry is not one of the ${number(note.size)} that the newest checkpoint covers.${proof.problem ? ` ${proof.problem}` : ""}`, ["Root of the checkpoint", root], ["Path", ...(proof.path ?? []).map((one) => hexOf(bytesOf(one)))]);
    const own = await Promise.all(proof.keys.map((key) => signedBy(readKey(key), note)));
    const signed = own.some((one) => one === true) ? true : own.every((one) => one === undefined) ? undefined : false;
    say(signed, { true: "The checkpoint is signed with a key of this ledger.", false: "The checkpoint is not signed with a key of this ledger.", undefined: "The signature was not checked: this browser has no Ed25519." }[signed], ["Keys, as this gateway states them", ...proof.keys]);
    for (const stated of proof.witnesses) {
      const key = readKey(stated);
      const at = await signedBy(key, note);
      const sentence =
        at === undefined
          ? `Whether ${key.name} cosigned was not checked: this browser has no Ed25519.`
          : at === false
            ? `${key.name} has not cosigned this checkpoint yet.`
            : `${key.name} cosigned it on ${new Date(at * 1000).toLocaleString("en-GB", { timeZone: "Europe/London" })}.`;
      say(at === false ? null : at === undefined ? undefined : true, sentence, ["Key, as this gateway states it", stated]);
    }
    if (!proof.witnesses.length) say(null, "No witness is configured: nobody else would notice if this gateway replaced its whole ledger.");
  } else {
    say(null, `No checkpoint covers this entry yet: the newest covers ${number(proof.size)}. One is signed about every second.`);
  }
  const broken = found.some(({ holds }) => holds === false);
  const sure = found.every(({ holds }) => holds === true || holds === null) && proof.note;
  const verdict = broken ? "The proof does not hold. Do not rely on this entry, and tell the ledger's operator and its witnesses." : sure ? "The proof holds: checked in this browser." : "What could be checked in this browser holds.";
  into.replaceChildren(
    title,
    element("p", { class: `verdict ${broken ? "conceal" : "disclose"}` }, element("strong", {}, verdict)),
    element("ul", { class: "plain" }, found.map(({ holds, sentence }) => element("li", {}, element("span", { class: "mark" }, { true: "Holds", false: "Fails", null: "Note", undefined: "Not checked" }[holds]), ` ${sentence}`))),
    element(
      "details",
      {},
      element("summary", {}, "Show hashes, keys and the entry's bytes"),
      element("p", {}, "Compare the keys with those that you were given by other means: a gateway that lies would state others."),
      lines(...found.flatMap(({ hashes }) => hashes.map(([name, ...values]) => [name, values.map((value) => element("code", { class: "hash" }, value))]))),
      proof.note ? element("pre", { tabindex: 0, "aria-label": "The checkpoint" }, proof.note) : "",
      element("pre", { tabindex: 0, "aria-label": "The entry's bytes" }, entry.document),
    ),
    again,
  );
  page.say(verdict);
}

function saysTheSame(entry) {
  let own;
  try {
    own = JSON.parse(entry.document);
    const other = Object.entries(SHOWN).filter(([name, read]) => (entry[name] ?? null) !== read(own)).map(([name]) => words(name));
    if (new Date(own.at).getTime() !== new Date(entry.at).getTime()) other.push("when");
    return other.length ? [false, `What is shown here is not what the entry says: ${other.join(", ")}.`] : [true, "What is shown here is what the entry says."];
  } catch {
    return [false, "The entry's bytes cannot be read."];
  }
}
