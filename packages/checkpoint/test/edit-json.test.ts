import { editJson, type JsonValue } from "@revocab/checkpoint";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const CONFIG = `{
  "attention_dropout": 0.0,
  "rope_theta": 1e6,
  "text_config": {
    "eos_token_id": 2,
    "vocab_size": 512
  },
  "vocab_size": 512
}
`;

describe("editing a config", () => {
  it("changes the values named and leaves every other byte, the way numbers are written above all", () => {
    const edited = editJson(CONFIG, [
      { keys: ["vocab_size"], to: 1024 },
      { keys: ["text_config", "eos_token_id"], to: [1, 7] },
    ]);
    expect(edited).toBe(`{
  "attention_dropout": 0.0,
  "rope_theta": 1e6,
  "text_config": {
    "eos_token_id": [
      1,
      7
    ],
    "vocab_size": 512
  },
  "vocab_size": 1024
}
`);
  });

  it("adds a missing key at the end of its object, with the indentation of its neighbours", () => {
    const edited = editJson(CONFIG, [{ keys: ["text_config", "pad_token_id"], to: null }]);
    expect(edited).toContain('    "vocab_size": 512,\n    "pad_token_id": null\n  },\n');
  });

  it("adds to an empty object", () => {
    expect(editJson("{}", [{ keys: ["a"], to: 1 }])).toBe('{\n  "a": 1\n}');
  });

  it("is not led astray by braces, quotes and escapes inside of strings", () => {
    const text = '{"a":"}\\"{,","b\\"":[{"c":"]"}],"c":1}';
    expect(editJson(text, [{ keys: ["c"], to: 2 }])).toBe('{"a":"}\\"{,","b\\"":[{"c":"]"}],"c":2}');
  });

  it("sets the last of equal keys, which readers take, and what it holds", () => {
    expect(editJson('{"a": 1, "b": 2, "a": 3}', [{ keys: ["a"], to: 4 }])).toBe('{"a": 1, "b": 2, "a": 4}');
    const nested = '{"a": {"b": 1}, "a": {"c": 2}}';
    expect(JSON.parse(editJson(nested, [{ keys: ["a", "b"], to: 3 }]))).toEqual({ a: { b: 3, c: 2 } });
    expect(() => editJson('{"a": {"b": 1}, "a": 2}', [{ keys: ["a", "b"], to: 3 }])).toThrow(
      /no object at a/,
    );
  });

  it("sets a key of an object alone, not of an object in a list or of one further inside", () => {
    const text = '{"list": [{"a": 1}], "inner": {"a": 2}, "0": [5], "a": 3}';
    expect(editJson(text, [{ keys: ["a"], to: 4 }])).toBe(text.replace("3", "4"));
    expect(() => editJson(text, [{ keys: ["list", "a"], to: 4 }])).toThrow(/no object at list/);
    expect(() => editJson(text, [{ keys: ["0", "0"], to: 4 }])).toThrow(/no object at 0/);
  });

  it("leaves line ends, tabs and the order of edits as they are", () => {
    const text = '{\r\n\t"a": 1e400,\r\n\t"b": [ ]\r\n}\r\n';
    expect(
      editJson(text, [
        { keys: ["c"], to: 1 },
        { keys: ["c"], to: { d: 2 } },
      ]),
    ).toBe('{\r\n\t"a": 1e400,\r\n\t"b": [ ],\n\t"c": {\n\t  "d": 2\n\t}\r\n}\r\n');
  });

  it.each([
    '{"a": NaN, "b": 1}',
    '{"a": 1, "b": -Infinity}',
    '{"a": 1,}',
    '{"a": 1 /* one */}',
    "{'a': 1}",
    '{"a": 1',
  ])("refuses what is no JSON: %s", (text) => {
    expect(() => editJson(text, [{ keys: ["b"], to: 2 }])).toThrow(/the config is no JSON/);
  });

  it("refuses a path through something that is no object", () => {
    expect(() => editJson(CONFIG, [{ keys: ["vocab_size", "x"], to: 1 }])).toThrow(/no object at vocab_size/);
    expect(() => editJson(CONFIG, [{ keys: ["nope", "x"], to: 1 }])).toThrow(/no key nope/);
  });

  it("refuses a config that is nested without end", () => {
    const deep = `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`;
    expect(() => editJson(deep, [{ keys: ["b"], to: 1 }])).toThrow(/nested deeper/);
  });

  it("means the same as setting the value in the object, for any JSON and spacing", () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 });
    fc.assert(
      fc.property(json, fc.string(), fc.jsonValue({ maxDepth: 2 }), fc.nat(4), (object, key, to, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        const edited = JSON.parse(editJson(text, [{ keys: [key], to: to as JsonValue }]));
        const expected = JSON.parse(text);
        Object.defineProperty(expected, key, {
          value: to,
          enumerable: true,
          writable: true,
          configurable: true,
        });
        expect(edited).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });
});
