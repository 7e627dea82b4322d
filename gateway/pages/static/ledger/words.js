// What the ledger says in codes, said in words.

import { element } from "./elements.js";

export const OUTCOMES = { answered: "Answered", refused: "Refused", failed: "Failed" };
const MOMENT = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "Europe/London",
});
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "Europe/London" });
const HOUR = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "Europe/London" });

export const number = (value) => value.toLocaleString("en-GB");
export const day = (at) => DAY.format(new Date(at));
export const hour = (at) => HOUR.format(new Date(at));

export function moment(at) {
  return element("time", { datetime: at }, MOMENT.format(new Date(at)));
}

export function title(list, code) {
  return list.find((one) => one.code === code)?.title ?? code ?? "not stated";
}

// A role by its title, a purpose by what stands before the colon.
export const role = (book, code) => title(book.roles, code);
export const purpose = (book, code) => title(book.purposes, code).split(":")[0];

// dateOfBirth → date of birth, TIMED_OUT → timed out
export function words(name) {
  if (name === name.toUpperCase()) return name.toLowerCase().replaceAll("_", " ");
  return name.replace(/(?<!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();
}

export function nextDay(day, days) {
  const at = new Date(`${day}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

export function dayField(label, name, value) {
  return element("label", {}, element("span", {}, label), element("input", { type: "date", name, value, required: true }));
}

export function lines(...pairs) {
  return element(
    "dl",
    {},
    pairs.filter(([, value]) => value !== undefined).map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]).flat(),
  );
}
