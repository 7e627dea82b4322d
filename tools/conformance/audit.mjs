// Audits the server at an address: `node audit.mjs URL`, with the headers of every request as JSON on standard input.
// Prints each audit as JSON, with `ok`, `notice` (a MAY), `warn` (a SHOULD) or `error` (a MUST).

import { text } from 'node:stream/consumers';

import { auditServer } from 'graphql-http';

const stated = JSON.parse(await text(process.stdin));

const results = await auditServer({
  url: process.argv[2],
  fetchFn: (url, options = {}) => fetch(url, { ...options, headers: { ...stated, ...options.headers } }),
});

console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
