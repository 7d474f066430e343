import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { type Door, doors } from './function-names.ts';

export interface BundleOptions {
  /** Has `<door>.ts` for each door. */
  readonly entriesFolder: string;
  /** Receives `<door>/index.mjs` for each door. */
  readonly assetsFolder: string;
  readonly maxBytes?: number;
}

export interface Bundle {
  readonly door: Door;
  readonly bytes: number;
}

/** Larger bundles slow down every cold start, and usually contain something by mistake. */
const maxBundleBytes = 2_000_000;

/** Makes one self-contained file per function. Source maps go beside the assets, to read stack traces with. */
export async function bundleFunctions(options: BundleOptions): Promise<readonly Bundle[]> {
  const { entriesFolder, assetsFolder, maxBytes = maxBundleBytes } = options;
  await requireEntries(entriesFolder);
  const result = await build({
    entryPoints: doors.map((door) => ({ in: join(entriesFolder, `${door}.ts`), out: `${door}/index` })),
    outdir: assetsFolder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Prefer ES modules, so that unused parts can be dropped.
    mainFields: ['module', 'main'],
    // CommonJS packages call `require` for Node's modules, and ES modules have no `require`.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    minify: true,
    sourcemap: 'external',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const bundles = doors.map((door) => ({ door, bytes: findOutput(result.metafile, door).bytes }));
  refuseLarge(bundles, result.metafile, maxBytes);
  await removeOthers(assetsFolder);
  for (const file of result.outputFiles) await writeIfChanged(assetPath(file.path, assetsFolder), file.contents);
  return bundles;
}

async function requireEntries(folder: string): Promise<void> {
  const found = await Promise.all(doors.map((door) => exists(join(folder, `${door}.ts`))));
  const missing = doors.filter((_, index) => !found[index]).map((door) => join(folder, `${door}.ts`));
  if (missing.length > 0) throw new Error(`Cannot bundle the functions: ${missing.join(', ')} not found.`);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function findOutput(metafile: Metafile, door: Door): Metafile['outputs'][string] {
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`${door}/index.mjs`));
  if (output === undefined) throw new Error(`esbuild created no bundle for ${door}.`);
  return output[1];
}

function refuseLarge(bundles: readonly Bundle[], metafile: Metafile, maxBytes: number): void {
  const large = bundles.filter(({ bytes }) => bytes > maxBytes);
  if (large.length === 0) return;
  const lines = large.map(({ door, bytes }) => `  ${door}: ${bytes}, most of it ${largestInputs(metafile, door)}`);
  throw new Error(`A function's bundle may have at most ${maxBytes} bytes:\n${lines.join('\n')}`);
}

const largestInputs = (metafile: Metafile, door: Door): string =>
  Object.entries(findOutput(metafile, door).inputs)
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 5)
    .map(([path, { bytesInOutput }]) => `${path} (${bytesInOutput})`)
    .join(', ');

/** A door that no longer exists must not be deployed from an earlier build. */
async function removeOthers(assetsFolder: string): Promise<void> {
  const present = await readdir(assetsFolder).catch(() => []);
  const others = present.filter((name) => !doors.some((door) => door === name));
  await Promise.all(others.map((name) => rm(join(assetsFolder, name), { recursive: true })));
}

/** Lambda does not read source maps, and they are many times larger than the code, so they are not uploaded. */
function assetPath(path: string, assetsFolder: string): string {
  if (!path.endsWith('.map')) return path;
  const door = dirname(path).split(/[\\/]/).at(-1);
  return join(dirname(assetsFolder), 'source-maps', `${door}.mjs.map`);
}

async function writeIfChanged(path: string, contents: Uint8Array): Promise<void> {
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
