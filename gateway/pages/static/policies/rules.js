// Rules to try: uploaded or pasted, kept in this tab's memory, sent with every view that asks about them.

import { counted, element } from "./elements.js";

const LIMIT = 256 * 1024;
const ARCHIVES = /\.(zip|tar|tgz|tar\.gz)$/i;

const candidate = { files: new Map(), archive: null, archiveName: null, instead: false };

export function proposal() {
  if (!candidate.archive && candidate.files.size === 0) return null;
  return candidate.archive
    ? { archive: candidate.archive, instead: candidate.instead }
    : { files: Object.fromEntries(candidate.files), instead: candidate.instead };
}

export function show(page) {
  const list = element("div", { class: "results" });
  const drop = element("input", { type: "file", multiple: true, accept: ".rego,.json,.zip,.tar,.tgz,.gz", id: "upload" });
  drop.addEventListener("change", async () => {
    await take(page, [...drop.files]);
    drop.value = "";
    settle(page, list);
  });
  const name = element("input", { name: "file-name", list: "file-names", value: "data.json", autocomplete: "off", spellcheck: "false" });
  const text = element("textarea", { name: "file-text", rows: 16, spellcheck: "false", wrap: "off" });
  page.main.replaceChildren(
    element("h2", {}, "Rules to try"),
    element(
      "p",
      {},
      "They are tried apart from the rules in force, in a process of their own, and never answer a real ask. ",
      `Together they may have ${LIMIT / 1024} KB.`,
    ),
    element(
      "form",
      { class: "choices", onsubmit: (event) => event.preventDefault() },
      element(
        "fieldset",
        {},
        element("legend", {}, "Upload"),
        element("label", { class: "broad" }, element("span", {}, "Files (.rego, data.json, cases) or an archive (.zip, .tar.gz)"), drop),
        element(
          "label",
          { class: "line broad" },
          element("input", {
            type: "checkbox",
            name: "instead",
            checked: candidate.instead,
            onchange: (event) => {
              candidate.instead = event.target.checked;
              settle(page, list);
            },
          }),
          " These are all the rules: keep none of those in force",
        ),
      ),
      element(
        "fieldset",
        { class: "wide" },
        element("legend", {}, "Or paste one file"),
        element("label", {}, element("span", {}, "File"), name),
        element("datalist", { id: "file-names" }, page.book.files.map((file) => new Option(file, file))),
        element(
          "button",
          { type: "button", onclick: () => loadSource(page, name.value, text) },
          "Fetch it as it is in force",
        ),
        element("label", { class: "whole" }, element("span", {}, "Text"), text),
        element(
          "button",
          {
            type: "button",
            onclick: () => {
              leaveArchive();
              candidate.files.set(name.value.trim(), text.value);
              settle(page, list);
            },
          },
          "Use this text",
        ),
      ),
    ),
    list,
  );
  settle(page, list, { quiet: true });
}

async function loadSource(page, file, text) {
  const data = await page.ask("source", { file }, text, { inForce: true });
  if (data) {
    text.value = data.text;
    page.say(`${data.file} as it is in force.`);
  }
}

async function take(page, files) {
  page.fail("");
  if (files.reduce((sum, file) => sum + file.size, 0) > LIMIT) {
    page.fail(`The files are over ${LIMIT / 1024} KB in all.`);
    return;
  }
  const archive = files.find((file) => ARCHIVES.test(file.name));
  if (archive) {
    candidate.files.clear();
    candidate.archive = base64(new Uint8Array(await archive.arrayBuffer()));
    candidate.archiveName = archive.name;
    return;
  }
  leaveArchive();
  for (const file of files) candidate.files.set(file.name, await file.text());
}

function leaveArchive() {
  candidate.archive = null;
  candidate.archiveName = null;
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

async function settle(page, list, { quiet = false } = {}) {
  page.candidateChanged(proposal() !== null);
  const named = candidate.archive ? [candidate.archiveName] : [...candidate.files.keys()];
  if (named.length === 0) {
    list.replaceChildren(element("p", {}, "There are no rules to try yet."));
    return;
  }
  const judged = element("div", {});
  list.replaceChildren(
    element("h3", {}, counted(named.length, "file"), candidate.instead ? " instead of the rules in force" : " over the rules in force"),
    element(
      "ul",
      { class: "files" },
      named.map((file) =>
        element(
          "li",
          {},
          element("code", {}, file),
          " ",
          element(
            "button",
            {
              type: "button",
              onclick: () => {
                candidate.files.delete(file);
                if (candidate.archive) leaveArchive();
                settle(page, list);
              },
            },
            `Remove ${file}`,
          ),
        ),
      ),
    ),
    judged,
  );
  if (quiet) return;
  const data = await page.ask("book", {}, judged, { candidate: true });
  if (!data) return;
  judged.replaceChildren(
    element("p", {}, "They build, as revision ", element("code", {}, data.rules), data.left_out.length ? `. Not part of a rule set: ${data.left_out.join(", ")}.` : "."),
    element("p", {}, element("a", { href: "#view=difference" }, "See the difference"), " or ", element("a", { href: "#view=cases" }, "run the cases"), "."),
  );
  page.say("The rules to try build.");
}
