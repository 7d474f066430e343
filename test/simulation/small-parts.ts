import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** What a mebibyte has where files are copied, so that many parts of many files cost little. */
export const mebibyte = 256;

/** Builds the copying of files for a world in which they are small; all else about it stays as it is. */
export const smallParts: Plugin = {
  name: 'small-parts',
  setup(build) {
    let replaced = 0;
    build.onLoad({ filter: /shared\/transfer\/[\w-]+\.ts$/ }, async ({ path }) => {
      const code = await readFile(path, 'utf8');
      const contents = code.replace(/\b1024 \* 1024\b/g, () => {
        replaced += 1;
        return String(mebibyte);
      });
      return { contents, loader: 'ts' };
    });
    build.onEnd(() => {
      if (replaced === 0) throw new Error('No size was made small: simulated files would have a single part.');
    });
  },
};
