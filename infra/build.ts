import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { placeFfmpeg, writePins } from './ffmpeg-asset.ts';
import { bundleFunctions } from './function-assets.ts';
import { assetsFolder } from './function-names.ts';
import { packageFolder } from './package-folder.ts';

/** Makes everything that the stacks upload, and reports how large it is. */
export async function build(say: (line: string) => void = console.log): Promise<void> {
  const bundles = await bundleFunctions({ entriesFolder: join(packageFolder, 'functions/aws'), assetsFolder });
  for (const { door, bytes } of bundles) say(`${door.padEnd(12)} ${kilobytes(bytes).padStart(9)}`);
  const ffmpeg = await placeFfmpeg(join(assetsFolder, 'engine-work'), say, { projectFolder: packageFolder });
  await writePins(packageFolder);
  say(`${'with FFmpeg'.padEnd(12)} ${kilobytes(ffmpeg.folderBytes).padStart(9)} (engine-work, unzipped)`);
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1_000).toLocaleString('en')} kB`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await build().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
