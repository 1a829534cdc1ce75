import { whoAmI } from "@huggingface/hub";
import type { HubClient } from "./hub-client.ts";

/** Whose an access token is, and what it may do. */
export interface TokenOwner {
  readonly name: string;
  /** `read`, `write`, or `fineGrained` with rights for each repository; null where the server does not say. */
  readonly role: string | null;
  /** Organizations of the owner that the token may see. */
  readonly organizations: readonly string[];
  /** What a fine-grained token may do: the permissions for each user, organization or repository; null where the server does not say. */
  readonly rights: readonly { readonly of: string | null; readonly permissions: readonly string[] }[] | null;
}

/** What `whoami-v2` says that the library has no type for. */
interface FineGrained {
  readonly fineGrained?: {
    readonly scoped?: readonly {
      readonly entity?: { readonly name?: string };
      readonly permissions?: readonly string[];
    }[];
  };
}

/** @throws RevocabError `hub_denied` for a token that the Hub does not know, `hub_unreachable`, `hub_failed` */
export async function askOwner({ parameters, during }: HubClient): Promise<TokenOwner> {
  const accessToken = parameters.accessToken ?? "";
  const { name, auth, ...caller } = await during("looking up whose token this is", () =>
    whoAmI({ ...parameters, accessToken }),
  );
  const organizations = "orgs" in caller && Array.isArray(caller.orgs) ? caller.orgs : [];
  const scoped = (auth?.accessToken as FineGrained | undefined)?.fineGrained?.scoped;
  return {
    name,
    role: auth?.accessToken?.role ?? null,
    organizations: organizations.map((organization) => organization.name),
    rights: Array.isArray(scoped)
      ? scoped.map(({ entity, permissions = [] }) => ({
          of: typeof entity?.name === "string" ? entity.name : null,
          permissions,
        }))
      : null,
  };
}
