// Asks a supergraph of the directory and a partner's clubs once, by a query plan of GraphQL Tools:
// node supergraph.mjs SUPERGRAPH CLUBS.graphql CLUBS.json
// The question comes as JSON on the standard input: query, variables and headers; the answer goes out as JSON.
import { readFileSync } from "node:fs";

import { buildSubgraphSchema } from "@apollo/subgraph";
import { buildHTTPExecutor } from "@graphql-tools/executor-http";
import { getStitchedSchemaFromSupergraphSdl } from "@graphql-tools/federation";
import { execute, parse } from "graphql";

const ASKED_WITH = ["authorization", "access-purpose", "access-reason", "access-case", "access-grant"];

const [supergraphSdl, sdl, data] = process.argv.slice(2).map((file) => readFileSync(file, "utf8"));
const { query, variables, headers } = JSON.parse(readFileSync(0, "utf8"));

// Who asks and why has to reach the directory: it decides for that person, not for the supergraph.
const asStated = ({ context }) =>
  Object.fromEntries(Object.entries(context.headers).filter(([name]) => ASKED_WITH.includes(name)));
const directory = (endpoint) => buildHTTPExecutor({ endpoint, headers: asStated });

const clubs = JSON.parse(data);
const partner = buildSubgraphSchema({
  typeDefs: parse(sdl),
  resolvers: {
    Query: { clubs: () => clubs },
    Child: { clubs: (child) => clubs.filter((club) => club.members.some((member) => member.id === child.id)) },
  },
});
const asPartner = ({ document, variables }) => execute({ schema: partner, document, variableValues: variables });

const schema = getStitchedSchemaFromSupergraphSdl({
  supergraphSdl,
  onSubschemaConfig(subschema) {
    subschema.executor = subschema.name === "CLUBS" ? asPartner : directory(subschema.endpoint);
  },
});
const answer = await execute({ schema, document: parse(query), variableValues: variables, contextValue: { headers } });
console.log(JSON.stringify(answer));
