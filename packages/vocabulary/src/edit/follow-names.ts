import { parseJson } from "../tokenizer-json/parse-json.ts";

/**
 * The files beside a tokenizer.json after tokens were renamed: a value that is an old name is the new one, whether a role,
 * an AddedToken or an entry of a list; in chat templates the old names are replaced wherever they are written.
 */
export function followNames(
  files: ReadonlyMap<string, Uint8Array>,
  nameOf: ReadonlyMap<string, string>,
): Map<string, Uint8Array> {
  const followed = new Map(files);
  for (const [name, bytes] of files) {
    if (name === "tokenizer_config.json" || name === "special_tokens_map.json") {
      const value = withTemplates(renamedValue(parseJson(bytes, name), nameOf), nameOf);
      followed.set(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
    } else if (/^chat_template\.jinja$|\.jinja$/.test(name)) {
      followed.set(name, new TextEncoder().encode(inTemplate(new TextDecoder().decode(bytes), nameOf)));
    } else if (name === "chat_template.json") {
      const value = withTemplates(parseJson(bytes, name), nameOf);
      followed.set(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
    }
  }
  return followed;
}

/** A JSON value in which every string and every key that is an old name is the new one. */
export function renamedValue(value: unknown, nameOf: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return nameOf.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => renamedValue(item, nameOf));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [nameOf.get(key) ?? key, renamedValue(inner, nameOf)]),
  );
}

/** `chat_template` is a template, or a list of named ones. */
function withTemplates(value: unknown, nameOf: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null || !("chat_template" in value)) return value;
  return { ...value, chat_template: inTemplates(value.chat_template, nameOf) };
}

function inTemplates(value: unknown, nameOf: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return inTemplate(value, nameOf);
  if (Array.isArray(value)) return value.map((item) => inTemplates(item, nameOf));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inTemplates(inner, nameOf)]));
}

function inTemplate(template: string, nameOf: ReadonlyMap<string, string>): string {
  let result = template;
  for (const [from, to] of nameOf) result = result.replaceAll(from, () => to);
  return result;
}
