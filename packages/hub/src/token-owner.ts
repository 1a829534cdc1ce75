import { whoAmI } from "@huggingface/hub";
import type { HubClient } from "./hub-client.ts";

/** Whose an access token is, and what it may do. */
export interface TokenOwner {
  readonly name: string;
  /** `read`, `write`, or `fineGrained` with rights for each repository, which only a commit shows; null where the server does not say. */
  readonly role: string | null;
}

/** @throws RevocabError `hub_denied` for a token that the Hub does not know, `hub_unreachable`, `hub_failed` */
export async function askOwner({ parameters, during }: HubClient): Promise<TokenOwner> {
  const accessToken = parameters.accessToken ?? "";
  const { name, auth } = await during("looking up whose token this is", () =>
    whoAmI({ ...parameters, accessToken }),
  );
  return { name, role: auth?.accessToken?.role ?? null };
}
