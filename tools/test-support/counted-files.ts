import { type FileSource, localFiles } from "@revocab/checkpoint";

/** Weight files of this machine's disks, with the number of those that are open now. */
export function countedFiles(): FileSource & { readonly openFiles: number } {
  let openFiles = 0;
  return {
    get openFiles() {
      return openFiles;
    },
    list: localFiles.list,
    async open(path) {
      const file = await localFiles.open(path);
      openFiles++;
      return {
        ...file,
        async close() {
          openFiles--;
          await file.close();
        },
      };
    },
  };
}
