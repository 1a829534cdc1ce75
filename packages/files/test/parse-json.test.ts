import { parseJson } from "@revocab/files";
import fc from "fast-check";
import { expect, test } from "vitest";

const parse = (text: string, deepest?: number) =>
  parseJson(text, { origin: "/m/x.json", code: "bad_config", hint: "h", ...(deepest && { deepest }) });
const problem = (text: string, deepest?: number) => {
  try {
    return `parsed ${JSON.stringify(parse(text, deepest)).length}`;
  } catch (error) {
    expect(error).toMatchObject({ name: "RevocabError", code: "bad_config", hint: "h" });
    return (error as Error).message;
  }
};

test("a text that is valid and not too deep is what JSON.parse makes of it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value);
      expect(parse(text)).toEqual(JSON.parse(text));
    }),
  );
});

test("lists and objects lie within each other up to the bound, and not one deeper", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    const nested = (depth: number) => `${open.repeat(depth)}0${close.repeat(depth)}`;
    expect(problem(nested(200))).toMatch(/^parsed/);
    expect(problem(nested(201))).toContain(
      "/m/x.json: found JSON nested deeper than 200 levels at character ",
    );
    expect(problem(nested(50_000))).toContain("nested deeper than 200 levels");
    expect(problem(open.repeat(1e6))).toContain("nested deeper");
    expect(problem(nested(3), 2)).toContain("deeper than 2 levels");
  }
  expect(problem("[[0],[0],[[0]]]", 3)).toMatch(/^parsed/);
});

test("brackets in strings are text, behind escaped quotes and backslashes too", () => {
  const brackets = "[{".repeat(500);
  for (const string of [brackets, `"${brackets}`, `\\${brackets}`, `\\"${brackets}`, `${brackets}\\`]) {
    const text = JSON.stringify({ [string]: [string] });
    expect(parse(text)).toEqual({ [string]: [string] });
  }
});

test("the error says what was found in place of JSON", () => {
  expect(problem("")).toBe("/m/x.json: found an empty file, expected a complete JSON file");
  expect(problem(" \n")).toContain("found an empty file");
  expect(problem("hello")).toContain('no JSON but text that starts with "hello"');
  expect(problem('{"a": "\\')).toContain("cut short after 8 characters");
  expect(problem('{"a": [1, 2')).toContain("cut short after 11 characters");
  expect(problem('{"\\q": 1}')).toContain("found invalid JSON (");
  expect(problem(`{"${"x".repeat(1e6)}" 1}`).length).toBeLessThan(300);
});
