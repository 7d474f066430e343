import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../../shared/errors.ts';
import { run } from '../../aws/processes.ts';
import { installVersitygw, versitygwProgram, versitygwVersion } from '../../aws/versitygw.ts';

/** Where the peers and the emulator are installed, once. */
export const cacheFolder = fileURLToPath(new URL('../../../node_modules/.cache/bench-copy', import.meta.url));

const versions = { rclone: '1.76.0', awscli: '1.45.11' } as const;

export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly program: string;
}

/** A tool, or why it cannot be had. */
export type Found = Tool | { readonly name: string; readonly skipped: string };

export const isThere = (found: Found): found is Tool => 'program' in found;

export async function findVersitygw(): Promise<Found> {
  const skipped = await installVersitygw();
  const name = 'versitygw';
  return skipped === undefined ? { name, version: versitygwVersion, program: versitygwProgram } : { name, skipped };
}

export async function installAwsCli(): Promise<Found> {
  const [name, version] = ['aws', versions.awscli];
  const folder = join(cacheFolder, `awscli-${version}`);
  return installed(name, version, join(folder, 'bin', 'aws'), async () => {
    await run('python3', '-m', 'venv', folder);
    await run(join(folder, 'bin', 'pip'), 'install', '-q', '--disable-pip-version-check', `awscli==${version}`);
  });
}

export async function findCurl(): Promise<Found> {
  try {
    const version = /^curl (\S+)/.exec(await run('curl', '--version'))?.[1] ?? '';
    return { name: 'curl', version, program: 'curl' };
  } catch {
    return { name: 'curl', skipped: 'there is no curl here' };
  }
}

export function installRclone(): Promise<Found> {
  const [name, version] = ['rclone', versions.rclone];
  const folder = join(cacheFolder, `${name}-${version}`);
  return installed(name, version, join(folder, name), async () => {
    // Thousands of source files that nobody needs once the program is built.
    const sources = mkdtempSync(join(tmpdir(), 'tessera-bench-go-'));
    try {
      const environment = [`GOBIN=${folder}`, `GOPATH=${sources}`, 'GOFLAGS=-modcacherw'];
      await run('env', ...environment, 'go', 'install', `github.com/rclone/rclone@v${version}`);
    } finally {
      rmSync(sources, { recursive: true, force: true });
    }
  });
}

async function installed(name: string, version: string, program: string, install: () => Promise<void>): Promise<Found> {
  if (existsSync(program)) return { name, version, program };
  console.log(`Installing ${name} ${version} for the bench (once) …`);
  try {
    await install();
    return { name, version, program };
  } catch (error) {
    return { name, skipped: messageOf(error).split('\n').slice(-2).join(' ').slice(0, 200) };
  }
}
