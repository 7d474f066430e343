// Plain JavaScript, because it runs before anything is installed: brings the locked dependencies in when they are
// missing or out of date. Every npm script passes through here; with `start` it goes on to the program itself.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const oldestNode = [20, 19];

checkNode();
if (!isInstalled()) install();
const [command, ...words] = process.argv.slice(2);
if (command === 'start') await start(words);

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  console.error(`Tessera needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** True when every locked package is there in the locked version; optional ones may be missing (another platform's). */
function isInstalled() {
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

async function start(words) {
  process.argv = [process.argv[0], join(root, 'functions/local/main.ts'), ...words];
  const { register } = await import('tsx/esm/api');
  register();
  await import('./local/main.ts');
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
