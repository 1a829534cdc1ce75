import type { TokenId } from "@revocab/core";
import type { FrameItem, TextFrame } from "./text-frame.ts";

/** The special tokens before and after a single text. */
export interface FrameTokens {
  readonly before: readonly TokenId[];
  readonly after: readonly TokenId[];
}

export function frameTokens({ single }: TextFrame): FrameTokens {
  const place = single.findIndex(({ kind }) => kind === "text");
  const idsOf = (items: readonly FrameItem[]) =>
    items.flatMap((item) => (item.kind === "special" ? [item.id] : []));
  return { before: idsOf(single.slice(0, place)), after: idsOf(single.slice(place + 1)) };
}
