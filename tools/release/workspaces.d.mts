/** The fields of a manifest that the tools and tests of a release read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly private?: boolean;
  readonly repository: { readonly type: string; readonly url: string; readonly directory?: string };
  readonly engines: Readonly<Record<string, string>>;
  readonly publishConfig?: unknown;
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  readonly folder: string;
  readonly path: string;
  readonly manifest: Manifest;
}

export function workspaces(root?: string): Workspace[];
export function publicWorkspaces(root?: string): Workspace[];
export function manifestAt(folder: string): Manifest;
