// npm run schemas: writes docs/schemas, a JSON schema of what each command prints with --json, from the types in
// apps/revocab/src/json-results.ts. Every object is closed: a field that a type does not have is an error.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";
import { z } from "zod";
import { vocabularyFacts } from "../../packages/large-vocabulary/dist/vocabulary-format.js";
import { reportWords, scoreWords } from "../../packages/swap-review/dist/read-report.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "docs/schemas");
/** Part of each schema's `$id`: raised where a field is taken out or means something else. */
const VERSION = "v1";

const { definitions } = createGenerator({
  path: join(root, "apps/revocab/src/json-results.ts"),
  tsconfig: join(root, "tools/documents/tsconfig.schemas.json"),
  type: "JsonResults",
  additionalProperties: false,
  skipTypeCheck: true,
  topRef: true,
}).createSchema("JsonResults");
const { properties } = definitions.JsonResults;
// these types are made of a schema already
definitions.RecordOfSwap = schemaOf(reportWords);
definitions.RecordedScore = schemaOf(scoreWords);
addFields(definitions.LargeVocabularyResult, schemaOf(vocabularyFacts));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [command, schema] of Object.entries(properties)) {
  const used = usedBy(schema);
  const file = {
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: `urn:revocab:schema:${VERSION}:${command}`,
    title: command === "error" ? "a failure of any command" : `revocab ${command.replace("-", " ")} --json`,
    ...schema,
    definitions: Object.fromEntries(used.map((name) => [name, definitions[name]])),
  };
  writeFileSync(join(folder, `${command}.json`), `${JSON.stringify(file, null, 2)}\n`);
}

function schemaOf(words) {
  const { $schema, ...schema } = z.toJSONSchema(words, { target: "draft-7" });
  return schema;
}

function addFields(schema, { properties, required }) {
  Object.assign(schema.properties, properties);
  schema.required.push(...required);
}

/** The definitions that a schema refers to, directly or not, sorted. */
function usedBy(schema) {
  const names = new Set();
  const waiting = [schema];
  while (waiting.length > 0) {
    for (const [, escaped] of JSON.stringify(waiting.pop()).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      const name = decodeURIComponent(escaped);
      if (names.has(name)) continue;
      names.add(name);
      waiting.push(definitions[name]);
    }
  }
  return [...names].sort();
}
