import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { apps } from './apps.ts';

/**
 * Uses the package as another CDK app would: packs it, installs the tarball into an empty folder, then type-checks and
 * synthesizes an app and runs the `tessera` command there.
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
    checkCommand(home);
    refuseSources(join(home, 'node_modules/tessera-video'));
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

function checkCommand(home: string): void {
  const help = run(home, 'npx', ['--no-install', 'tessera', '--help']);
  if (!help.includes('--stage')) throw new Error(`npx tessera --help says "${help}".`);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const printed = run(home, 'npx', ['--no-install', 'tessera', '--version']).trim();
  if (printed !== version) throw new Error(`npx tessera --version says "${printed}" instead of ${version}.`);
  // Without a data folder this fails with a sentence; a missing module would fail with a stack trace.
  const { stderr } = spawnSync('npx', ['--no-install', 'tessera', 'runs'], { cwd: home, encoding: 'utf8' });
  if (!stderr.startsWith('There is no Tessera in .tessera.')) throw new Error(`npx tessera runs says "${stderr}".`);
}

/** Node does not strip types under node_modules, so the package ships compiled JavaScript. */
function refuseSources(installed: string): void {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  if (sources.length > 0) throw new Error(`The package holds TypeScript sources: ${sources.slice(0, 5).join(', ')}`);
}

/** Installs the versions of the CDK and of TypeScript that this project is built with. */
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
