// Plain JavaScript that Node 20 understands: it runs before Node 24 is there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runNpm } from './run-npm.mjs';

const builds = JSON.parse(readFileSync(new URL('node-builds.json', import.meta.url), 'utf8'));

/**
 * Returns the path of the pinned Node 24 that npm carries for this machine, kept in `.node` of the project. Fetches it
 * the first time. Ends the process with advice where there is no such build.
 */
export function findNode24(root) {
  try {
    return pinnedNode(root);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

function pinnedNode(root) {
  const build = builds[`${process.platform}-${process.arch}`];
  if (!build || hasNoGlibc()) throw new Error(`${needs()} ${howToInstall()}`);
  const folder = join(root, '.node', `${process.platform}-${process.arch}-${build.version}`);
  const program = join(folder, 'bin/node');
  if (!existsSync(program)) fetchNode(build, folder);
  return program;
}

function fetchNode(build, folder) {
  const { package: name, version, integrity } = build;
  console.error(`${needs()} Fetching Node ${version} from npm (once; about 50 MB, it goes into .node) …`);
  mkdirSync(join(folder, '..'), { recursive: true });
  const draft = mkdtempSync(join(folder, '../incoming-'));
  try {
    // --ignore-scripts: nothing of a package runs before its checksum is known.
    const words = ['pack', `${name}@${version}`, '--pack-destination', draft, '--ignore-scripts', '--loglevel=error'];
    const packed = runNpm(words, { cwd: draft, encoding: 'utf8' });
    if (packed.code !== 0)
      throw new Error(`Node ${version} could not be fetched: npm says\n${packed.output}\n${howToInstall()}`);
    unpack(join(draft, readdirSync(draft)[0]), integrity, draft);
    keep(join(draft, 'package'), folder, version);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function unpack(tarball, integrity, into) {
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== integrity)
    throw new Error(
      `The package npm sent for Node 24 is not the one this project names: its checksum is ${found}, not ${integrity}. ` +
        'It was deleted. Check which registry npm is set to.',
    );
  const { status, error, stderr } = spawnSync('tar', [
    '-xzf',
    tarball,
    '-C',
    into,
    'package/bin/node',
    'package/LICENSE',
  ]);
  if (status !== 0)
    throw new Error(`Node 24 could not be unpacked with tar: ${error?.message ?? String(stderr).trim()}`);
  rmSync(tarball);
}

/** The folder gets its name only when the program in it has been seen to run; another start may have been faster. */
function keep(unpacked, folder, version) {
  const program = join(unpacked, 'bin/node');
  chmodSync(program, 0o755);
  const { stdout, stderr, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (stdout?.trim() !== `v${version}`)
    throw new Error(
      `Node ${version} does not run on this machine: ${error?.message ?? stderr?.trim()}. ${howToInstall()}`,
    );
  try {
    renameSync(unpacked, folder);
  } catch (error) {
    if (!existsSync(join(folder, 'bin/node'))) throw error;
  }
}

/** The builds are for Linux with glibc; Alpine has musl. */
function hasNoGlibc() {
  return process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
}

const needs = () => `Tessera needs Node 24 or newer; this is ${process.versions.node}.`;

function howToInstall() {
  const how = {
    darwin: 'brew install node@24, or the installer of nodejs.org',
    win32: 'use WSL, which runs Linux: wsl --install, then Node 24 and this project in there',
    linux: 'your package manager, nvm install 24, or nodejs.org',
  };
  return `Install Node 24: ${how[process.platform] ?? 'see nodejs.org'}. Then run the same command again.`;
}
