// Elements made without markup in strings: whatever rules say stays text.

const SVG = "http://www.w3.org/2000/svg";

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

export function icon(name) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  drawn.append(use);
  return drawn;
}

export function choice(label, name, options, chosen, { onchange, none } = {}) {
  const select = element("select", { name, onchange });
  if (none !== undefined) select.append(new Option(none, ""));
  for (const { value, text, group } of options) {
    const option = new Option(text ?? value, value, false, value === chosen);
    if (group === undefined) select.append(option);
    else groupOf(select, group).append(option);
  }
  select.value = chosen ?? "";
  return element("label", {}, element("span", {}, label), select);
}

function groupOf(select, label) {
  const found = [...select.querySelectorAll("optgroup")].find((group) => group.label === label);
  if (found) return found;
  const made = element("optgroup", { label });
  select.append(made);
  return made;
}

export function counted(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

// A field's name that may break where a word of it ends.
export function breakable(name) {
  return name.split(/(?=[A-Z])/).flatMap((word, at) => (at ? [element("wbr"), word] : [word]));
}
