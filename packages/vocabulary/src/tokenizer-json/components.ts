import type { ComponentJson } from "./tokenizer-json.ts";

/** A component and, for a Sequence, all that it is made of, in order. */
export function components(component: ComponentJson | undefined): ComponentJson[] {
  if (component === undefined) return [];
  const parts = SEQUENCE_FIELDS.flatMap((field) => {
    const list = component.type === "Sequence" ? component[field] : undefined;
    return Array.isArray(list) ? list.filter(isComponent) : [];
  });
  return parts.length === 0 ? [component] : parts.flatMap(components);
}

const SEQUENCE_FIELDS = ["normalizers", "pretokenizers", "decoders", "processors"];

function isComponent(value: unknown): value is ComponentJson {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
