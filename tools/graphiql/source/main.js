// Starts GraphiQL with what the page carries: the endpoint, and the chosen persona's headers and example.
// Switching persona is a link that loads the page afresh, so that no schema, answer or token of one persona
// is ever shown to the next.

import CodeMirror from "codemirror";
import { GraphiQL } from "graphiql";
import { setNonce } from "get-nonce";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./page.css";

const THEME = "graphiql:theme";

const { endpoint, headers, example, nonce } = JSON.parse(document.getElementById("configuration").textContent);

// Dialogs add a style element while they are open; the content security policy asks for its nonce.
setNonce(nonce);

// The Tab key moves on instead of indenting: a keyboard must be able to leave an editor.
CodeMirror.defineInitHook((editor) => editor.addKeyMap({ Tab: false, "Shift-Tab": false }));

// Tokens stay in memory; only the choice of dark or light outlives the page.
const memory = new Map();
const storage = {
  getItem: (key) => (key === THEME ? localStorage.getItem(key) : (memory.get(key) ?? null)),
  setItem: (key, value) => (key === THEME ? localStorage.setItem(key, value) : memory.set(key, value)),
  removeItem: (key) => (key === THEME ? localStorage.removeItem(key) : memory.delete(key)),
  clear: () => memory.clear(),
  get length() {
    return memory.size;
  },
};

async function ask(params, options) {
  // GraphiQL fetches the schema before its headers editor is there to be read.
  const own = options?.headers ?? (params.operationName === "IntrospectionQuery" ? headers : {});
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", ...own },
    body: JSON.stringify(params),
  });
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `The gateway answered ${answer.status}.` }] };
  }
}

createRoot(document.getElementById("graphiql")).render(
  createElement(
    GraphiQL,
    {
      fetcher: ask,
      storage,
      defaultQuery: example,
      defaultHeaders: JSON.stringify(headers, null, 2),
      defaultTabs: [{ query: example, headers: JSON.stringify(headers, null, 2) }],
      defaultEditorToolsVisibility: "headers",
      shouldPersistHeaders: true,
      showPersistHeadersSettings: false,
    },
    createElement(GraphiQL.Logo, null, "GraphiQL"),
  ),
);
