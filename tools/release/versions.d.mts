export function setVersion(root: string, version: string, date: string): void;
export function findDisagreements(root: string, tag: string, repository: string | undefined): string[];
export function changesOf(changelog: string, version: string): string | undefined;
