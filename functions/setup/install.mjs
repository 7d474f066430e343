import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Installs the locked dependencies when they are missing or out of date. Ends the process when npm cannot. */
export async function installDependencies(root) {
  if (isInstalled(root)) return;
  const { runNpm } = await import('./run-npm.mjs');
  console.error('Installing the locked dependencies (once; they go into node_modules) …');
  const words = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = runNpm(words, { cwd: root, stdio: 'inherit' });
  if (code === 0) return;
  console.error(
    `${output}\nThe dependencies could not be installed; npm's reason is above. Fix it and run this again.`,
  );
  process.exit(code);
}

/** True when every locked package is there in its locked version; optional ones may be for another platform. */
function isInstalled(root) {
  const locked = readPackages(join(root, 'package-lock.json'));
  // Installed as a package in another project: npm has installed the dependencies, and there is no lockfile.
  if (!locked) return true;
  const installed = readPackages(join(root, 'node_modules/.package-lock.json'));
  if (!installed) return false;
  return Object.entries(locked).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === wanted.version : wanted.optional === true || wanted.devOptional === true;
  });
}

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}
