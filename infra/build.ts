import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isBuildUpToDate, stampBuild } from './build-stamp.ts';
import { placeFfmpeg, writePins } from './ffmpeg-asset.ts';
import { bundleFunctions } from './function-assets.ts';
import { assetsFolder } from './function-names.ts';
import { packageFolder } from './package-folder.ts';

/** Builds everything that the stacks upload, and prints how large it is. */
export async function build(print: (line: string) => void = console.log): Promise<void> {
  await stampBuild(packageFolder, async () => {
    const bundles = await bundleFunctions({ entriesFolder: join(packageFolder, 'functions/aws'), assetsFolder });
    for (const { door, bytes } of bundles) print(`${door.padEnd(12)} ${kilobytes(bytes).padStart(9)}`);
    const ffmpeg = await placeFfmpeg(join(assetsFolder, 'engine-work'), print, { projectFolder: packageFolder });
    await writePins(packageFolder);
    print(`${'with FFmpeg'.padEnd(12)} ${kilobytes(ffmpeg.folderBytes).padStart(9)} (engine-work, unzipped)`);
  });
}

/** For the CDK app: prints to stderr, because `cdk synth` prints a template to stdout. */
export async function buildIfStale(): Promise<void> {
  if (await isBuildUpToDate(packageFolder)) return;
  console.error('Building the functions: they are missing or older than their sources …');
  await build(console.error);
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1_000).toLocaleString('en')} kB`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await build().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
