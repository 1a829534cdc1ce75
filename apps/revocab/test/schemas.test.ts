import { expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { commandsWithSchemas, schemaFaults } from "./schema-faults.ts";

const VECTORS = { words: 1, dimension: 2, tokens: 3, out: "x.vec" };

it("a schema is strict: a field that it does not describe, one that is missing and one of another type are faults", () => {
  const faultsOf = (result: unknown) => schemaFaults({ command: "revocab vectors train", result });
  expect(faultsOf(VECTORS)).toEqual([]);
  expect(faultsOf({ ...VECTORS, more: 1 }).join()).toMatch(/must NOT have additional properties.*more/);
  expect(faultsOf({ ...VECTORS, out: undefined }).join()).toMatch(/required property 'out'/);
  expect(faultsOf({ ...VECTORS, words: "1" }).join()).toMatch(/\/words must be number/);
});

it("the version and a failure are described, too", async () => {
  const parsed = async (...args: string[]) =>
    JSON.parse((await inProcess([...args, "--json"])).stdout) as unknown;
  expect(schemaFaults({ command: "revocab version", result: await parsed("--version") })).toEqual([]);
  for (const args of [["swap"], ["inspect", "/no/such"], ["frobnicate"]])
    expect(schemaFaults({ command: "revocab error", result: await parsed(...args) })).toEqual([]);
});

it("every command has a schema", async () => {
  const named = await commandNames([]);
  expect(
    commandsWithSchemas()
      .filter((name) => name !== "error" && name !== "version")
      .sort(),
  ).toEqual(named.toSorted());
});

/** The commands without commands of their own, from the help. */
async function commandNames(path: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await inProcess([...path, "--help"]);
  const [, list] = /^Commands:\n([\s\S]+)$/m.exec(stdout) ?? [];
  if (list === undefined) return [path.join("-")];
  const names = Array.from(list.matchAll(/^ {2}([\w-]+)/gm), ([, name]) => name!).filter(
    (name) => name !== "help",
  );
  const inner = await Promise.all(names.map((name) => commandNames([...path, name])));
  return inner.flat();
}
