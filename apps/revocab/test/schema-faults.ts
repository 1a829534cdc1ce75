import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { showJson } from "@revocab/core";
import { Ajv, type ValidateFunction } from "ajv";
import type { ShownResult } from "../src/run-command.ts";

const folder = fileURLToPath(new URL("../../../docs/schemas", import.meta.url));
const schemas = new Map<string, ValidateFunction>();

/** The commands that have a schema, with dashes between their words. */
export function commandsWithSchemas(): readonly string[] {
  return readdirSync(folder).map((name) => name.replace(/\.json$/, ""));
}

/** Where the JSON of a result is not what the schema of its command says: fields that it lacks or that are not described. */
export function schemaFaults({
  command,
  result,
}: Pick<ShownResult, "command" | "result">): readonly string[] {
  const validate = schemaOf(command.replace(/^revocab /, "").replaceAll(" ", "-"));
  if (validate(JSON.parse(showJson(result)))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `schema: ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function schemaOf(name: string): ValidateFunction {
  const known = schemas.get(name);
  if (known !== undefined) return known;
  const schema = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as object;
  const validate = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);
  schemas.set(name, validate);
  return validate;
}
