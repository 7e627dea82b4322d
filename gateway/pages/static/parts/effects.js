// The four effects and the kinds of change, in words and signs: colour alone says nothing.

import { element, icon } from "./elements.js";

export const EFFECTS = {
  disclose: { word: "Told", meaning: "told as it is" },
  mask: { word: "Masked", meaning: "told in another form" },
  withhold: { word: "Withheld", meaning: "not told, and the answer says so" },
  conceal: { word: "Concealed", meaning: "nothing shows that there is anything" },
};

export const KINDS = {
  "tells-more": { word: "Tells more", sign: "more" },
  "tells-less": { word: "Tells less", sign: "less" },
  "says-otherwise": { word: "Says it otherwise", sign: "withhold" },
  "reasons-only": { word: "Other reasons only", sign: "withhold" },
};

export function effectMark(effect) {
  return element("span", { class: `effect ${effect}` }, icon(effect), EFFECTS[effect].word);
}

export function legend() {
  return element(
    "ul",
    { class: "legend", "aria-label": "What the colours and signs mean" },
    Object.entries(EFFECTS).map(([effect, { meaning }]) => element("li", {}, effectMark(effect), ` ${meaning}`)),
  );
}

// A decision in words: the codes with what the book and the rules say of them.
export function decisionDetails(decision, book) {
  const rows = decision.reasons.map((code) => {
    const reason = book.reasons[code];
    const law = reason?.law?.length ? element("span", { class: "law" }, ` ${reason.law.join("; ")}`) : null;
    return element("li", {}, element("code", {}, code), reason?.described ? ` ${reason.described}` : null, law);
  });
  const said = [];
  if (decision.tell) said.push(coded("The answer says", decision.tell, book));
  if (decision.remedy) said.push(coded("It offers", decision.remedy, book));
  if (decision.obligations.length) {
    said.push(element("p", {}, "Form told: ", element("code", {}, decision.obligations.join(", "))));
  }
  return [element("ul", { class: "reasons" }, rows), ...said];
}

function coded(before, code, book) {
  const sentence = book.sentences[code];
  return element("p", {}, `${before} `, element("code", {}, code), sentence ? `: “${sentence}”` : "");
}
