import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { apps } from './apps.ts';

/**
 * What somebody does who takes Tessera into an app of the CDK of their own: the package is packed, installed from its
 * tarball into an empty folder elsewhere, type-checked, and synthesized there.
 */
const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'tessera library '));
try {
  const tarball = pack();
  for (const app of apps) {
    const home = join(folder, app.name);
    mkdirSync(home);
    for (const [name, text] of Object.entries(app.files)) writeFileSync(join(home, name), text);
    install(home, tarball);
    run(home, 'npx', ['--no-install', 'tsc', '-p', '.']);
    run(home, process.execPath, ['app.js']);
    const template = JSON.parse(readFileSync(join(home, 'cdk.out/Shop.template.json'), 'utf8'));
    app.check(template, join(home, 'cdk.out'));
    const help = run(home, 'npx', ['--no-install', 'tessera', '--help']);
    if (!help.includes('--stage')) throw new Error(`${app.name}: npx tessera --help says "${help}".`);
    console.log(`${app.name}: ${Object.keys(template.Resources).length} resources`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack(): string {
  run(root, 'npm', ['run', '--silent', 'package', '--', '--silent', '--pack-destination', folder]);
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  const path = join(folder, name);
  console.log(`${name}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
  return path;
}

/** The versions that we build with: an app has a CDK of its own, and ours must agree with it. */
function install(home: string, tarball: string): void {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const pinned = ['aws-cdk-lib', 'constructs', 'typescript'].map((name) => `${name}@${devDependencies[name]}`);
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', '--ignore-scripts'];
  run(home, 'npm', ['install', ...quiet, tarball, ...pinned, `@types/node@${devDependencies['@types/node']}`]);
}

function run(cwd: string, command: string, words: readonly string[]): string {
  const options: SpawnSyncOptions = { cwd, encoding: 'utf8', shell: process.platform === 'win32' };
  const { status, stdout, stderr, error } = spawnSync(command, words, options);
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return String(stdout);
}
