/** The files of the site by their paths on it; `live` are pages of commands, by their names. */
export function siteFiles(live: ReadonlyMap<string, string>): ReadonlyMap<string, string | Buffer>;
export function writeFiles(files: ReadonlyMap<string, string | Buffer>, folder: string): void;
/** Where a file of the repository is on the site. */
export function placeOf(file: string): string;
