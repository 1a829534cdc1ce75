import { failure } from "@revocab/test-support/failure";
import { describe, expect, it } from "vitest";
// as built: a thread is started from the file beside it
import { renderSample } from "../dist/target/render-sample.js";

const tokens = { bos_token: "<s>" };

describe("a sample conversation", () => {
  it("is written by the template, without a system message where it refuses one", async () => {
    const refusing =
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ bos_token }}{% for m in messages %}{{ m.content }}|{% endfor %}";
    const { text, messages } = await renderSample(refusing, tokens);
    expect(text).toBe("<s>What does a cat say?|Meow.|And a cow?|");
    expect(messages).toHaveLength(3);
  });

  it.each([
    ["loops in loops", "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"],
    ["a loop without end", "{% for i in range(1000000000) %}x{% endfor %}"],
    [
      "a text that is doubled",
      "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
    ],
    [
      "lists that are doubled",
      "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
    ],
    [
      "a text of 21 million characters",
      "{% set ns = namespace(s='xxxxxxxxxx') %}{% for i in range(21) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
    ],
    ["a sign that ends nothing", "{% \u001b %}"],
    ["an error", "{{ raise_exception('\u001b[2J' + messages[0].content * 100) }}"],
  ])("is given up, in words that are safe to show: %s", async (_, template) => {
    const refused = await failure(renderSample(template, tokens));
    expect(refused.code).toBe("bad_options");
    expect(refused.message).toMatch(/^the chat template renders no conversation: [^\p{C}]{1,210}$/u);
  });
});
