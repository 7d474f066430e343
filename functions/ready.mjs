// Every npm script starts here. Plain JavaScript that Node 20 understands, because it runs before anything is installed:
// it continues on Node 24, installs the locked dependencies, then runs the program it was given.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hideExperimentalWarnings } from './setup/experimental-warnings.mjs';
import { installDependencies } from './setup/install.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
hideExperimentalWarnings();
if (isOlderThan24()) await continueOnNode24();
endWithLauncher();
await installDependencies(root);
const [program, ...words] = process.argv.slice(2);
if (program !== undefined) await run(program, words);

function isOlderThan24() {
  return Number(process.versions.node.split('.')[0]) < 24;
}

async function continueOnNode24() {
  const { findNode24 } = await import('./setup/find-node.mjs');
  // This file itself: functions/tessera.mjs has put its program's name before the words already.
  return continueOn(findNode24(root), [fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
}

/** Ends this process when the one that continued on it is killed. */
function endWithLauncher() {
  if (!process.connected || process.env.TESSERA_LAUNCHER !== String(process.ppid)) return;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}

async function continueOn(node, words) {
  const { becomeProgram } = await import('./setup/become-program.mjs');
  return becomeProgram(node, words);
}

/**
 * `node functions/ready.mjs PROGRAM …`: a file of this project, or a command of one of its dependencies.
 * `--node-folder` prints the folder of the Node that runs them, for a script's PATH.
 */
async function run(program, words) {
  if (program === '--node-folder') return console.log(dirname(process.execPath));
  const file = join(root, program);
  if (!existsSync(file)) return continueOn(process.execPath, [commandFile(program), ...words]);
  process.argv = [process.argv[0], file, ...words];
  // Keeps the compiled code, types stripped, for the next start. npm removes it together with node_modules.
  module.enableCompileCache(join(root, 'node_modules/.cache/tessera/compiled'));
  await import(pathToFileURL(file).href);
}

function commandFile(name) {
  const file = join(root, 'node_modules/.bin', name);
  if (existsSync(file)) return file;
  console.error(`"${name}" is neither a file of this project nor a command of its dependencies.`);
  process.exit(2);
}
