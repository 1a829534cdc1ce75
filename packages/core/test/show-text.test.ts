import { quote, RevocabError, showJson, showLine, showMessage, showNotes, showText } from "@revocab/core";
import fc from "fast-check";
import { expect, test } from "vitest";

test("text that can be seen stays as it is", () => {
  expect(showText(' café 東京 👋🏽 \\ "a" it\'s')).toBe(' café 東京 👋🏽 \\ "a" it\'s');
});

test("what moves a cursor, rings, hides or turns text around is escaped", () => {
  expect(showText("a\u001b[2Jb\u0007\n\r\t")).toBe("a\\x1b[2Jb\\x07\\n\\r\\t");
  expect(showText("\u009b31m\u202egnp\u2066\u2028")).toBe("\\u{9b}31m\\u{202e}gnp\\u{2066}\\u{2028}");
  expect(showText("\ud800x\udfff")).toBe("\\u{d800}x\\u{dfff}");
});

test("no text shows a control character, a mark that turns text, or half a character", () => {
  const anything = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  });
  fc.assert(
    fc.property(anything, (text) => {
      expect(showText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test("only the names in our own messages stand in backticks", () => {
  expect(showText("a `text` here")).toBe("a \\x60text\\x60 here");
  expect(quote("`text`")).toBe('"\\x60text\\x60"');
  expect(showMessage("unknown variant `text`\n")).toBe("unknown variant 'text'\\n");
  expect(showLine("pass `text`\n")).toBe("pass `text`\\n");
  expect(new RevocabError("bad_options", `${quote("`text`")}: pass \`text\``).message).toBe(
    '"\\x60text\\x60": pass `text`',
  );
});

test("long text is cut between characters", () => {
  expect(showText("👋".repeat(10), 4)).toBe("👋👋👋👋…");
  expect(showText("abcd", 4)).toBe("abcd");
});

test("a value is quoted as JSON of at most 200 characters, however large or deep it is", () => {
  expect(quote({ a: [1, null, "x"] })).toBe('{"a":[1,null,"x"]}');
  expect(quote(undefined)).toBe("undefined");
  expect(quote("x".repeat(1e6))).toHaveLength(201);
  const nested = JSON.parse("[".repeat(5000) + "]".repeat(5000)) as unknown;
  expect(quote(nested)).toBe('[[[[[[[["…"]]]]]]]]');
  const wide = Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => ({ a: 1 })));
  expect(quote(wide).length).toBeLessThanOrEqual(201);
  expect(quote(JSON.parse('{"__proto__": {"a": 1}}'))).toBe('{"__proto__":{"a":1}}');
});

test("notes are each on one line", () => {
  expect(showNotes(["a\nb", "\u001b[31m"])).toEqual(["a\\nb", "\\x1b[31m"]);
  expect(showNotes(["x".repeat(1e6)])).toEqual([`${"x".repeat(2000)}…`]);
});

test("JSON that is shown parses to the same value and has no control character but its line ends", () => {
  const unit = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit }), fc.string({ unit })), (value) => {
      const shown = showJson(value);
      expect(JSON.parse(shown)).toEqual(value);
      expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
  expect(showJson({ "\u007f": "\u009b\u202e\u{e0001}" })).toBe(
    '{\n  "\\u007f": "\\u009b\\u202e\\udb40\\udc01"\n}',
  );
});
