import type { SwapReport } from "./report.ts";

/**
 * The command that makes the same model again, on two lines; undefined where a name or an option cannot be written as
 * one, or the methods are no chain that the command line makes. Folders are written as `./NAME`.
 */
export function reproducingCommand({ recipe, inputs, chatTemplate }: SwapReport): string | undefined {
  const { methods, seed, untie, role, padToMultipleOf } = recipe;
  const copying = methods.findIndex(
    ({ name, options }) => name === COPY && Object.keys(options).length === 0,
  );
  const [method, fallback, ...rest] = methods.filter((_, place) => place !== copying);
  if (method === undefined || fallback === undefined || rest.length > 0 || copying > 1) return undefined;
  const words = [
    ["revocab", "swap", nameOf(inputs.source), "--tokenizer", nameOf(inputs.target)],
    ["--method", method.name, ...optionsOf("--with", method.options)],
    ["--fallback", fallback.name, ...optionsOf("--fallback-with", fallback.options)],
    copying < 0 ? ["--no-copy"] : copying === 0 ? ["--copy"] : [],
    ["--seed", String(seed)],
    untie ? ["--untie"] : [],
    role === null ? [] : ["--role", role],
    padToMultipleOf === null ? [] : ["--pad-to-multiple-of", String(padToMultipleOf)],
    ["--chat-template", chatTemplate.from],
    ["--out", "./out"],
  ].flat();
  if (!words.every((word) => /^[\w./@=+:,-]+$/.test(word))) return undefined;
  const split = words.indexOf("--method");
  return `${words.slice(0, split).join(" ")} \\\n  ${words.slice(split).join(" ")}`;
}

/** Asked first it is a choice; asked after the method, what the method does by itself; else it was left out. */
const COPY = "copy-overlap";

function nameOf({ name, revision }: { name: string; revision: string | null }): string {
  return revision === null ? `./${name}` : `${name}@${revision}`;
}

/** What is no plain value becomes a word that no command may hold. */
function optionsOf(flag: string, options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([key, value]) =>
    value === null || value === undefined
      ? []
      : [flag, `${key}=${typeof value === "object" ? "{}" : String(value)}`],
  );
}
