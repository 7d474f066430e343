import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, type Server, startServer } from './processes.ts';

export const motoVersion = '5.2.5';

const folder = fileURLToPath(new URL(`../../node_modules/.cache/moto-${motoVersion}`, import.meta.url));
const program = join(folder, 'bin', 'moto_server');

/** Installs moto into a virtual environment of its own, once. Returns why it could not, if it could not. */
export async function installMoto(): Promise<string | undefined> {
  if (existsSync(join(folder, 'installed'))) return undefined;
  try {
    await run('python3', '-c', 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 9) else 1)');
  } catch {
    return 'there is no Python 3.9 or newer with venv here';
  }
  console.log(`Installing moto ${motoVersion} for the tests (once) …`);
  rmSync(folder, { recursive: true, force: true });
  try {
    await run('python3', '-m', 'venv', folder);
    const packages = `moto[server,dynamodb,s3,sqs,secretsmanager,events]==${motoVersion}`;
    await run(join(folder, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', packages);
    await run('touch', join(folder, 'installed'));
    return undefined;
  } catch (error) {
    return `moto could not be installed with pip: ${error instanceof Error ? error.message : error}`;
  }
}

export const startMoto = (): Promise<Server> =>
  startServer('moto', (port) => [program, '-H', '127.0.0.1', '-p', String(port)]);
