import { stat } from "node:fs/promises";
import { quote, RevocabError, showText } from "@revocab/core";
import { ifThere } from "@revocab/files/internal";

/** What a user means by a name: a folder or file of this machine, or a repository of the Hub. */
export type ModelReference =
  | { readonly kind: "path"; readonly path: string }
  | {
      readonly kind: "repository";
      /** `ORG/NAME` */
      readonly name: string;
      /** A branch, a tag or a commit. */
      readonly revision: string;
    };

const REPOSITORY = /^([\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95})(?:@(.+))?$/;

/**
 * Reads a path, `ORG/NAME`, `ORG/NAME@REVISION`, `hf://ORG/NAME@REVISION` or an address on the Hub. What exists on this
 * machine is a path always; `./ORG/NAME` is one even when nothing is there.
 * @throws RevocabError `bad_options` for the address of another host, or of no model; `bad_file` for a path that may not
 *   be looked at: it is never taken for a repository
 */
export async function modelReference(
  text: string,
  endpoint = "https://huggingface.co",
): Promise<ModelReference> {
  if ((await ifThere(text, stat(text))) !== undefined) return { kind: "path", path: text };
  const uri = /^hf:\/\/(?:models\/)?(.+)$/.exec(text)?.[1];
  if (uri !== undefined) return fromMatch(REPOSITORY.exec(uri)) ?? fail(text, endpoint);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return fromAddress(text, endpoint);
  return fromMatch(REPOSITORY.exec(text)) ?? { kind: "path", path: text };
}

/** @throws RevocabError `bad_options` when this is no `ORG/NAME` */
export function checkRepositoryName(name: string): string {
  const found = fromMatch(REPOSITORY.exec(name));
  if (found?.kind !== "repository" || name.includes("@")) {
    throw new RevocabError(
      "bad_options",
      `${quote(name)} is no name of a repository: OWNER/NAME was expected`,
      {
        hint: "for instance me/my-model; letters, digits, - _ and . are allowed",
      },
    );
  }
  return name;
}

function fromMatch(match: RegExpExecArray | null): ModelReference | undefined {
  if (match === null) return undefined;
  const [, name = "", revision = "main"] = match;
  if (/--|\.\./.test(name) || !isRevision(revision)) return undefined;
  return { kind: "repository", name, revision };
}

/** `https://huggingface.co/ORG/NAME`, with `/tree/REVISION` or `/blob/REVISION/FILE` behind it. */
function fromAddress(text: string, endpoint: string): ModelReference {
  const base = new URL(endpoint);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHub =
    url !== undefined &&
    (url.origin === base.origin || /^https:\/\/(www\.)?(hf\.co|huggingface\.co)$/.test(url.origin));
  if (!isHub) return fail(text, endpoint);
  const path = url.pathname.startsWith(base.pathname)
    ? url.pathname.slice(base.pathname.length)
    : url.pathname;
  const [owner = "", name = "", what, revision, ...rest] = path.split("/").filter((part) => part !== "");
  const isKnown = what === undefined || /^(tree|blob|resolve)$/.test(what);
  if (!isKnown || /^(datasets|spaces|docs|api)$/.test(owner)) return fail(text, endpoint);
  const isPullRequest = revision === "refs" && rest.length >= 2;
  const pinned = isPullRequest
    ? ["refs", ...rest.slice(0, 2)].join("/")
    : decoded(revision ?? "main", text, endpoint);
  return fromMatch(REPOSITORY.exec(`${owner}/${name}@${pinned}`)) ?? fail(text, endpoint);
}

/** An address may write any character as %XX; what is then no UTF-8 names nothing. */
function decoded(part: string, text: string, endpoint: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return fail(text, endpoint);
  }
}

/** A revision becomes part of paths in the cache. */
function isRevision(revision: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*$/.test(revision) && !revision.split("/").some((part) => /^\.+$/.test(part));
}

function fail(text: string, endpoint: string): never {
  throw new RevocabError(
    "bad_options",
    `found nothing at ${showText(withoutQuery(text), 200)}: it is no model's address on ${endpoint}`,
    {
      hint: "give a folder, ORG/NAME, ORG/NAME@REVISION, or the address of a model's page",
    },
  );
}

/** Addresses may carry secrets in their query or as a user's name. */
function withoutQuery(text: string): string {
  return text.replace(/[?#].*$/, "").replace(/\/\/[^/]*@/, "//");
}
