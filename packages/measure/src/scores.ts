import type { Evaluation } from "@revocab/evaluation";

/** The figure by which models are compared: lower is better. Only figures of one kind are comparable. */
export function bitsPerByteOf(evaluation: Evaluation): number {
  return evaluation.kind === "bits-per-byte" ? evaluation.bitsPerByte : evaluation.pseudoBitsPerByte;
}

type Timed = "seconds" | "tokensPerSecond";

/** A value without the times in it, at any depth: what is written must not depend on the machine. */
export type Timeless<T> = T extends readonly (infer Item)[]
  ? readonly Timeless<Item>[]
  : T extends object
    ? { readonly [Key in keyof T as Key extends Timed ? never : Key]: Timeless<T[Key]> }
    : T;

export function withoutTimes<T>(value: T): Timeless<T> {
  if (Array.isArray(value)) return value.map(withoutTimes) as Timeless<T>;
  if (typeof value !== "object" || value === null) return value as Timeless<T>;
  const entries = Object.entries(value).filter(([key]) => key !== "seconds" && key !== "tokensPerSecond");
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutTimes(inner)])) as Timeless<T>;
}
