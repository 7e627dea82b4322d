// Asking the gateway: who asks stays in this module's memory and goes nowhere else.

let headers = null;
let waiting = null;

export class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

export function askAs({ token, purpose, reason }) {
  headers = {
    authorization: `Bearer ${token}`,
    "access-purpose": purpose,
    "access-reason": asHeader(reason),
    "content-type": "application/json",
  };
}

// A view asked for while another is on its way takes its place.
export async function ask(view, body) {
  waiting?.abort();
  const mine = new AbortController();
  waiting = mine;
  try {
    const answer = await fetch(`${location.pathname}/api/${view}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      signal: mine.signal,
      cache: "no-store",
      credentials: "omit",
    });
    const document = await answer.json();
    if (document.errors) throw new Refused(document.errors[0].message, document.errors[0].extensions.code);
    return document.data;
  } catch (error) {
    if (error instanceof Refused || error.name === "AbortError") throw error;
    throw new Refused("The gateway did not answer. Is it running?", "UNREACHABLE");
  } finally {
    if (waiting === mine) waiting = null;
  }
}

// Headers carry Latin letters only; what else a reason holds is written as it sounds to a log: by its number.
function asHeader(text) {
  return [...text].map((letter) => (letter >= " " && letter <= "~" ? letter : `\\u{${letter.codePointAt(0).toString(16)}}`)).join("");
}
