import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { placeFfmpeg } from './ffmpeg-asset.ts';
import { assetsFolder } from './function-names.ts';
import { packageFolder } from './package-folder.ts';

const engineFolder = join(assetsFolder, 'engine-work');

/**
 * Sees to it that the engine's function carries FFmpeg. It is not in the package, which would be 80 MB larger for
 * everybody; an app that has an engine gets it when it is first synthesized. A construct cannot wait, so a program does.
 */
export function needFfmpeg(): void {
  if (existsSync(join(engineFolder, 'bin/ffmpeg')) && existsSync(join(engineFolder, 'bin/ffprobe'))) return;
  const program = fileURLToPath(import.meta.url);
  // In a clone this is TypeScript, and `npm run build` has placed it.
  if (program.endsWith('.ts')) throw new Error(`There is no FFmpeg in ${engineFolder}: run npm run build.`);
  execFileSync(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit'] });
}

// No `await` at the top: an app of CommonJS modules requires what imports this.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  placeFfmpeg(engineFolder, (line) => console.error(`tessera: ${line}`), { projectFolder: packageFolder }).catch(
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    },
  );
