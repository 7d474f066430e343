import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { placeFfmpeg } from './ffmpeg-asset.ts';
import { assetsFolder } from './function-names.ts';
import { packageFolder } from './package-folder.ts';

const engineFolder = join(assetsFolder, 'engine-work');

/**
 * Puts FFmpeg into the engine's function. The package does not contain it, because it would add 80 MB for every user; an
 * app with an engine fetches it at its first synthesis. Constructors are synchronous, so a child process does the work.
 */
export function ensureFfmpeg(): void {
  if (existsSync(join(engineFolder, 'bin/ffmpeg')) && existsSync(join(engineFolder, 'bin/ffprobe'))) return;
  const program = fileURLToPath(import.meta.url);
  // In a clone, the build places it.
  if (program.endsWith('.ts')) throw new Error(`There is no FFmpeg in ${engineFolder}: run npm run build.`);
  execFileSync(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit'] });
}

// No top-level `await`, because CommonJS apps load this file with `require`.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  placeFfmpeg(engineFolder, (line) => console.error(`tessera: ${line}`), { projectFolder: packageFolder }).catch(
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    },
  );
