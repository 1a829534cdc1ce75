import { whoAmI } from "@huggingface/hub";
import { RevocabError, showText } from "@revocab/core";
import type { HubClient } from "./hub-client.ts";

/** What `whoami-v2` says that the library has no type for. */
interface Caller {
  readonly name?: unknown;
  readonly orgs?: readonly { readonly name?: unknown }[];
  readonly auth?: {
    readonly accessToken?: {
      readonly role?: unknown;
      readonly fineGrained?: {
        readonly scoped?: readonly {
          readonly entity?: { readonly name?: unknown };
          readonly permissions?: readonly unknown[];
        }[];
      };
    };
  };
}

/**
 * Refuses an access token of which the Hub says that it may not write to a repository: one for reading, or a fine-grained
 * one without `repo.write` for the repository or its owner.
 * @returns a check for a repository that does not exist yet: that its owner is the token's, or an organization of his
 * @throws RevocabError `hub_denied`
 */
export async function requireWriter(
  { parameters, during }: HubClient,
  repository: string,
): Promise<() => void> {
  const accessToken = parameters.accessToken ?? "";
  const caller = (await during("looking up whose token this is", () =>
    whoAmI({ ...parameters, accessToken }),
  )) as Caller;
  const { role, fineGrained } = caller.auth?.accessToken ?? {};
  if (role === "read") {
    throw new RevocabError("hub_denied", "the access token may only read", {
      hint: "make one with write access, or a fine-grained one that may write to this repository",
    });
  }
  const [owner = ""] = repository.split("/");
  const scoped = fineGrained?.scoped;
  if (role === "fineGrained" && Array.isArray(scoped)) {
    // what is not named as expected refuses nobody
    const isMeant = (name: unknown) =>
      typeof name !== "string" || isSame(name, repository) || isSame(name, owner);
    const mayWrite = scoped.some(
      ({ entity, permissions }) => isMeant(entity?.name) && permissions?.includes("repo.write"),
    );
    if (!mayWrite) {
      throw new RevocabError("hub_denied", `the access token may not write to ${repository}`, {
        hint: `give it "Write access to contents" of ${owner} or of this repository on its settings page`,
      });
    }
  }
  return () => {
    const names = [caller.name, ...(caller.orgs ?? []).map(({ name }) => name)];
    // a fine-grained token names its organizations only where it may read them
    if (role === "fineGrained" || typeof caller.name !== "string") return;
    if (names.some((name) => typeof name === "string" && isSame(name, owner))) return;
    throw new RevocabError(
      "hub_denied",
      `${repository} does not exist, and ${showText(caller.name, 100)} may not create it: ${owner} is neither this user nor an organization of theirs`,
      { hint: "check the name, or use a token of that owner" },
    );
  };
}

/** Names on the Hub that differ in case alone are one. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
