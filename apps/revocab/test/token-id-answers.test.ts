import { describe, expect, it } from "vitest";
import { tokenIdsOf } from "../src/commands/options/written-model.ts";

describe("--token-id KEY=VALUE", () => {
  it.each([
    ["5", 5],
    ["1,2", [1, 2]],
    ["[[1,2],[3]]", [[1, 2], [3]]],
    ['{"<image>":4}', { "<image>": 4 }],
    ["null", null],
    ["keep", "keep"],
  ])("takes %s", (value, expected) => {
    expect(tokenIdsOf({ "text_config.key": value })).toEqual({ "text_config.key": expected });
  });

  it.each(["x", "-1", "1.5", "[1", "kept", ""])("refuses %j", (value) => {
    expect(() => tokenIdsOf({ key: value })).toThrow(
      expect.objectContaining({ code: "bad_options", hint: expect.stringContaining("keep") }),
    );
  });
});
