import { SPECIAL_ROLES, type SpecialRole } from "@revocab/core";

/**
 * The role strings of a tokenizer_config.json or special_tokens_map.json: a string, or an AddedToken object with
 * `content` (old files add `"__type": "AddedToken"`). `null` says that the tokenizer has no such token.
 */
export function declaredRoles(config: Readonly<Record<string, unknown>>): Map<SpecialRole, string | null> {
  const roles = new Map<SpecialRole, string | null>();
  for (const role of SPECIAL_ROLES) {
    const value = config[`${role}_token`];
    const content = value === null ? null : contentOf(value);
    if (content !== undefined) roles.set(role, content);
  }
  return roles;
}

/** The strings of `additional_special_tokens` and `extra_special_tokens`. */
export function declaredSpecials(config: Readonly<Record<string, unknown>>): string[] {
  return [config.additional_special_tokens, config.extra_special_tokens].flatMap((list) => {
    const values = typeof list === "object" && list !== null ? Object.values(list) : [];
    return values.map(contentOf).filter((content) => content !== undefined);
  });
}

function contentOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || !("content" in value)) return undefined;
  return typeof value.content === "string" ? value.content : undefined;
}
