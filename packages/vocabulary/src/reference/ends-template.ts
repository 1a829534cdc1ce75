import type { ComponentJson } from "../tokenizer-json/tokenizer-json.ts";

/** The post-processor that puts tokens around each text, the second of a pair with type 1. */
export function endsTemplate({
  before,
  after,
  idOf,
}: {
  /** None where it is undefined. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly idOf: (token: string) => number | undefined;
}): ComponentJson {
  const given = (token: string | undefined) => (token === undefined ? [] : [token]);
  const around = (sequence: string, type_id: number) => [
    ...given(before).map((id) => ({ SpecialToken: { id, type_id } })),
    { Sequence: { id: sequence, type_id } },
    ...given(after).map((id) => ({ SpecialToken: { id, type_id } })),
  ];
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(
      [...given(before), ...given(after)].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }]),
    ),
  };
}
