// Plain JavaScript, because it runs before anything is installed: brings the locked dependencies in when they are
// missing or out of date. Every npm script passes through here; with a program's name it goes on to that program.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const oldestNode = [20, 19];
const programs = { start: 'local/main.ts', tessera: 'tessera/main.ts' };

checkNode();
if (!isInstalled()) install();
const [program, ...words] = process.argv.slice(2);
if (program !== undefined && Object.hasOwn(programs, program)) await start(programs[program], words);

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  console.error(`Tessera needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** True when every locked package is there in the locked version; optional ones may be missing (another platform's). */
function isInstalled() {
  // Installed as a package of somebody else's project: npm has seen to its dependencies, and no lockfile comes along.
  if (!existsSync(join(root, 'package-lock.json'))) return true;
  const installed = readPackages('node_modules/.package-lock.json');
  if (!installed) return false;
  return Object.entries(readPackages('package-lock.json') ?? {}).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === wanted.version : wanted.optional === true || wanted.devOptional === true;
  });
}

function readPackages(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

function install() {
  console.error('Installing the locked dependencies (once; they go into node_modules) …');
  const npm = process.env.npm_execpath;
  const words = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const code = npm ? run(process.execPath, [npm, ...words]) : run('npm', words);
  if (code === 0) return;
  console.error('\nThe dependencies could not be installed: npm says why above. Mend that and type the same again.');
  process.exit(code);
}

async function start(file, words) {
  process.argv = [process.argv[0], join(root, 'functions', file), ...words];
  const { register } = await import('tsx/esm/api');
  register();
  await import(`./${file}`);
}

function run(command, words) {
  const { status, error } = spawnSync(command, words, {
    cwd: root,
    stdio: 'inherit',
    shell: command === 'npm' && process.platform === 'win32',
  });
  if (error) console.error(error.message);
  return status ?? 1;
}
