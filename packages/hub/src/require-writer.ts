import { RevocabError, showText } from "@revocab/core";
import type { HubClient } from "./hub-client.ts";
import { askOwner } from "./token-owner.ts";

/**
 * Refuses an access token of which the Hub says that it may not write to a repository: one for reading, or a fine-grained
 * one without `repo.write` for the repository or its owner.
 * @returns a check for a repository that does not exist yet: that its owner is the token's, or an organization of his
 * @throws RevocabError `hub_denied`
 */
export async function requireWriter(client: HubClient, repository: string): Promise<() => void> {
  const { name, role, organizations, rights } = await askOwner(client);
  if (role === "read") {
    throw new RevocabError("hub_denied", "the access token may only read", {
      hint: "make one with write access, or a fine-grained one that may write to this repository",
    });
  }
  const [owner = ""] = repository.split("/");
  if (role === "fineGrained" && rights !== null) {
    // what is not named as expected refuses nobody
    const isMeant = (of: string | null) => of === null || isSame(of, repository) || isSame(of, owner);
    const mayWrite = rights.some(({ of, permissions }) => isMeant(of) && permissions.includes("repo.write"));
    if (!mayWrite) {
      throw new RevocabError("hub_denied", `the access token may not write to ${repository}`, {
        hint: `give it "Write access to contents" of ${owner} or of this repository on its settings page`,
      });
    }
  }
  return () => {
    // a fine-grained token names its organizations only where it may read them
    if (role === "fineGrained" || typeof name !== "string") return;
    if ([name, ...organizations].some((known) => typeof known === "string" && isSame(known, owner))) return;
    throw new RevocabError(
      "hub_denied",
      `${repository} does not exist, and ${showText(name, 100)} may not create it: ${owner} is neither this user nor an organization of theirs`,
      { hint: "check the name, or use a token of that owner" },
    );
  };
}

/** Names on the Hub that differ in case alone are one. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
