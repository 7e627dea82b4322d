// One caller, one class of record: every field as a tile.

import * as address from "./address.js";
import { EFFECTS, decisionDetails, effectMark, legend } from "./effects.js";
import { breakable, choice, counted, element } from "./elements.js";

const NONE = "none";

export function show(page) {
  const state = stateFrom(address.read(), page.book);
  const results = element("section", { class: "results", "aria-labelledby": "map-title" });
  page.main.replaceChildren(form(page, state), legend(), results);
  load(page, state, results);
}

function stateFrom(params, book) {
  const role = known(params.get("role"), book.roles.map((one) => one.code));
  const purposes = [NONE, ...book.purposes.map((one) => one.code)];
  const own = book.roles.find((one) => one.code === role).purposes[0] ?? NONE;
  const type = known(params.get("type") ?? "Child", book.types.map((one) => one.name));
  const attributes = {};
  for (const { name, values, plain } of book.types.find((one) => one.name === type).attributes) {
    const given = params.get(`a.${name}`);
    if (given === null) attributes[name] = plain;
    else if (values.length === 0) attributes[name] = given.split(",").filter(Boolean);
    else attributes[name] = values.find((value) => String(value) === given) ?? plain;
  }
  return {
    role,
    purpose: known(params.get("purpose") ?? own, purposes),
    standing: known(params.get("standing"), book.standings),
    origin: known(params.get("origin"), ["local", "cross-border"]),
    actsFor: known(params.get("for"), ["", ...book.roles.map((one) => one.code)]),
    type,
    attributes,
  };
}

function known(wanted, among) {
  return among.includes(wanted) ? wanted : among[0];
}

function remember(state, book) {
  const kept = { view: "map", role: state.role, purpose: state.purpose, type: state.type };
  if (state.standing !== book.standings[0]) kept.standing = state.standing;
  if (state.origin !== "local") kept.origin = state.origin;
  if (state.actsFor) kept.for = state.actsFor;
  for (const { name, plain } of typeOf(state, book).attributes) {
    if (String(state.attributes[name]) !== String(plain)) kept[`a.${name}`] = String(state.attributes[name]);
  }
  address.write(kept);
}

function typeOf(state, book) {
  return book.types.find((one) => one.name === state.type);
}

function form(page, state) {
  const { book } = page;
  const change = (make) => (event) => {
    const name = event.target.name;
    make(event.target);
    remember(state, book);
    show(page);
    page.main.querySelector(`[name="${CSS.escape(name)}"]`)?.focus();
  };
  const role = book.roles.find((one) => one.code === state.role);
  const purposeOptions = book.purposes.map(({ code, title }) => ({
    value: code,
    text: `${code}: ${title.replace(/:.*/, "")}`,
    group: role.purposes.includes(code) ? "This role may state" : "This role may not state",
  }));
  purposeOptions.sort((one, other) => (one.group < other.group ? -1 : one.group > other.group ? 1 : 0));
  purposeOptions.push({ value: NONE, text: "no purpose stated", group: "This role may not state" });
  return element(
    "form",
    { class: "choices", onsubmit: (event) => event.preventDefault() },
    element(
      "fieldset",
      {},
      element("legend", {}, "Who asks, and why"),
      choice("Role", "role", book.roles.map((one) => ({ value: one.code, text: one.title })), state.role, {
        onchange: change((select) => {
          state.role = select.value;
          const purposes = book.roles.find((one) => one.code === select.value).purposes;
          if (!purposes.includes(state.purpose)) state.purpose = purposes[0] ?? NONE;
        }),
      }),
      choice("Purpose of access", "purpose", purposeOptions, state.purpose, {
        onchange: change((select) => (state.purpose = select.value)),
      }),
      choice("Standing", "standing", book.standings.map((value) => ({ value })), state.standing, {
        onchange: change((select) => (state.standing = select.value)),
      }),
      choice("Asks on behalf of", "for", book.roles.map((one) => ({ value: one.code, text: one.title })), state.actsFor, {
        none: "nobody",
        onchange: change((select) => (state.actsFor = select.value)),
      }),
      choice("Origin of the ask", "origin", ["local", "cross-border"].map((value) => ({ value })), state.origin, {
        onchange: change((select) => (state.origin = select.value)),
      }),
    ),
    element(
      "fieldset",
      {},
      element("legend", {}, "Of which record"),
      choice("Record type", "type", book.types.map((one) => ({ value: one.name })), state.type, {
        onchange: change((select) => {
          state.type = select.value;
          state.attributes = {};
          for (const { name, plain } of typeOf(state, book).attributes) state.attributes[name] = plain;
        }),
      }),
      namedClasses(state, book, change),
      typeOf(state, book).attributes.map((attribute) => attributeChoice(attribute, state, book, change)),
    ),
  );
}

function namedClasses(state, book, change) {
  const { classes, attributes } = typeOf(state, book);
  const values = (beyond) => attributes.map(({ name, plain }) => String(beyond[name] ?? plain)).join("|");
  const current = classes.find((one) => values(one.beyond) === values(state.attributes));
  return choice("Class by name", "class", classes.map((one) => ({ value: one.name, text: one.title })), current?.name, {
    none: "as chosen below",
    onchange: change((select) => {
      const beyond = classes.find((one) => one.name === select.value)?.beyond;
      if (beyond) for (const { name, plain } of attributes) state.attributes[name] = beyond[name] ?? plain;
    }),
  });
}

function attributeChoice({ name, values }, state, book, change) {
  if (values.length > 0) {
    const options = values.map((value) => ({ value: String(value), text: value === true ? "yes" : value === false ? "no" : value }));
    return choice(name, `a.${name}`, options, String(state.attributes[name]), {
      onchange: change((select) => (state.attributes[name] = values.find((value) => String(value) === select.value))),
    });
  }
  // A list of words: the criteria that a search used.
  const among = book.types.find((one) => one.name === "Search")?.fields ?? [];
  return element(
    "fieldset",
    { class: "several" },
    element("legend", {}, name),
    among.map((word) =>
      element(
        "label",
        {},
        element("input", {
          type: "checkbox",
          name: `a.${name}.${word}`,
          checked: state.attributes[name].includes(word),
          onchange: change((box) => {
            const others = state.attributes[name].filter((one) => one !== word);
            state.attributes[name] = (box.checked ? [...others, word] : others).sort();
          }),
        }),
        ` ${word}`,
      ),
    ),
  );
}

function asked(state) {
  return {
    role: state.role,
    purpose: state.purpose === NONE ? null : state.purpose,
    standing: state.standing,
    origin: state.origin,
    acts_for: state.actsFor || null,
    type: state.type,
    attributes: state.attributes,
  };
}

async function load(page, state, results) {
  const data = await page.ask("map", asked(state), results);
  if (!data) return;
  const tally = Object.keys(EFFECTS)
    .map((effect) => [effect, data.fields.filter((field) => field.effect === effect).length])
    .filter(([, number]) => number)
    .map(([effect, number]) => `${number} ${EFFECTS[effect].word.toLowerCase()}`);
  const role = page.book.roles.find((one) => one.code === state.role).title;
  const said = `${state.type} for ${role}: ${tally.join(", ")} of ${counted(data.fields.length, "field")}.`;
  results.replaceChildren(
    element("h2", { id: "map-title" }, said),
    page.origin(data),
    element("ul", { class: "tiles" }, data.fields.map((field) => tile(page, state, field))),
  );
  page.say(said);
}

function tile(page, state, field) {
  const explanation = element("div", { class: "explanation" });
  const explain = element(
    "button",
    { type: "button", onclick: () => explained(page, state, field.field, explanation) },
    `Explain ${field.field}`,
  );
  return element(
    "li",
    { class: `tile ${field.effect}`, "data-field": field.field },
    element("h3", {}, breakable(field.field)),
    effectMark(field.effect),
    element("p", { class: "codes" }, field.reasons.join(", ")),
    element("details", {}, element("summary", {}, "Why"), decisionDetails(field, page.book), explain, explanation),
  );
}

async function explained(page, state, field, into) {
  const data = await page.ask("explanation", { ...asked(state), field }, into);
  if (!data) return;
  const { sentences } = data;
  into.replaceChildren(
    element("p", {}, sentences.asked),
    element("p", {}, sentences.permission),
    element("p", {}, sentences.outcome),
    ...Object.values(sentences.why).map((lines) => element("ul", {}, lines.map((line) => element("li", {}, line)))),
    element(
      "details",
      {},
      element("summary", {}, `What does not apply (${sentences.why_not.length})`),
      element("ul", {}, sentences.why_not.map((line) => element("li", {}, line))),
    ),
  );
  page.say(sentences.outcome);
}
