import { boundaryOf, splitDocuments } from "@revocab/files";
import { describe, expect, it } from "vitest";

describe("a text's documents", () => {
  it("end at the marker, are stripped, and are none where there is no text", () => {
    const text = "<|endoftext|>\n one\n\ntwo \n<|endoftext|> \n <|endoftext|>three";
    expect(splitDocuments(text, "endoftext")).toEqual(["one\n\ntwo", "three"]);
  });

  it.each([
    ["line feeds", "a\nb\n\nc\n\n\n\nd\n"],
    ["carriage returns and line feeds", "a\nb\r\n\r\nc\r\n\r\n\r\nd\r\n"],
    ["lines of spaces and tabs", "a\nb\n \t\nc\r\n  \n\t\r\nd"],
  ])("end at blank lines made of %s", (_, text) => {
    expect(splitDocuments(text, "blank-lines")).toEqual(["a\nb", "c", "d"]);
  });

  it("keep the line ends within them as they are", () => {
    expect(splitDocuments("a\r\nb\r\n\r\nc", "blank-lines")).toEqual(["a\r\nb", "c"]);
  });

  it("are one when asked for, whatever the text has", () => {
    expect(splitDocuments("\na\n\nb<|endoftext|>c\n", "none")).toEqual(["a\n\nb<|endoftext|>c"]);
    expect(splitDocuments(" \n", "none")).toEqual([]);
  });

  it("lose the white space around them that Python's strip takes, and no more", () => {
    expect(splitDocuments("\u00A0\u0085\u001C\u3000a\u2029\u001F", "none")).toEqual(["a"]);
    expect(splitDocuments("\uFEFFa\u200B", "none")).toEqual(["\uFEFFa\u200B"]);
  });

  it("are found in time linear in the text, also where it is all spaces", () => {
    const text = `a\n${" ".repeat(200_000)}b\n${"\n ".repeat(100_000)}c`;
    const started = performance.now();
    expect(splitDocuments(text, "blank-lines")).toHaveLength(2);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("the choice auto", () => {
  it("is the marker where the text has it, else blank lines", () => {
    expect(boundaryOf("a\n\nb<|endoftext|>c", "auto")).toBe("endoftext");
    expect(boundaryOf("a\n\nb", "auto")).toBe("blank-lines");
  });

  it("gives way to any other choice", () => {
    expect(boundaryOf("a<|endoftext|>b", "none")).toBe("none");
  });
});
