// Composes subgraphs into a supergraph: node compose.mjs apollo|guild NAME=FILE[@URL]…
// Prints the supergraph; where the subgraphs do not compose, prints why on the error output and exits with 1.
import { readFileSync } from "node:fs";

import * as apollo from "@apollo/composition";
import * as guild from "@theguild/federation-composition";
import { parse } from "graphql";

const COMPOSERS = { apollo, guild };

const [composer, ...stated] = process.argv.slice(2);
const subgraphs = stated.map((one) => {
  const [, name, file, url] = /^([^=]+)=([^@]+)(?:@(.+))?$/.exec(one);
  return { name, url, typeDefs: parse(readFileSync(file, "utf8")) };
});
const { supergraphSdl, errors } = COMPOSERS[composer].composeServices(subgraphs);
if (errors?.length) {
  console.error(errors.map((error) => error.message).join("\n"));
  process.exit(1);
}
console.log(supergraphSdl);
