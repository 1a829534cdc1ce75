import { z } from "zod";
import type { MethodEntry } from "./method-entry.ts";

/** One option of a method, for a help text or a document. */
export interface OptionDescription {
  readonly name: string;
  readonly description: string;
  /** Undefined: the method decides, as the description says. */
  readonly default: string | number | undefined;
  /** The allowed words, for an option that is a choice. */
  readonly values: readonly string[] | undefined;
}

/** The options of a method, read off its schema so that no list can fall behind. */
export function describeOptions({ options }: MethodEntry): readonly OptionDescription[] {
  const { properties = {} } = z.toJSONSchema(options) as { properties?: Record<string, PropertySchema> };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    description: property.description ?? "",
    default: property.default,
    values: property.enum,
  }));
}

/** The part of JSON Schema that the options here use. */
interface PropertySchema {
  readonly description?: string;
  readonly default?: string | number;
  readonly enum?: readonly string[];
}
