import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, type Server, startServer } from './processes.ts';

export const versitygwVersion = '1.8.0';

const folder = fileURLToPath(new URL(`../../node_modules/.cache/versitygw-${versitygwVersion}`, import.meta.url));
export const versitygwProgram = join(folder, 'versitygw');

/** Builds the S3 server versitygw, once: it compares checksums as S3 does. Returns why it could not, if it could not. */
export async function installVersitygw(): Promise<string | undefined> {
  if (existsSync(versitygwProgram)) return undefined;
  console.log(`Building versitygw ${versitygwVersion} for the tests (once) …`);
  // Thousands of source files that nobody needs once the program is built.
  const sources = mkdtempSync(join(tmpdir(), 'tessera-versitygw-'));
  try {
    const environment = [`GOBIN=${folder}`, `GOPATH=${sources}`, 'GOFLAGS=-modcacherw'];
    const module = `github.com/versity/versitygw/cmd/versitygw@v${versitygwVersion}`;
    await run('env', ...environment, 'go', 'install', module);
    return undefined;
  } catch (error) {
    return `versitygw could not be built with Go: ${error instanceof Error ? error.message : error}`;
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}

/** What it keeps is in a folder of its own, which goes when it stops. */
export async function startVersitygw(): Promise<Server> {
  const kept = mkdtempSync(join(tmpdir(), 'tessera-s3-'));
  const remove = () => rmSync(kept, { recursive: true, force: true });
  const [data, versions, sidecar] = ['data', 'versions', 'sidecar'].map((name) => join(kept, name));
  for (const path of [data, versions, sidecar]) mkdirSync(path as string);
  try {
    const server = await startServer('versitygw', (port) => [
      ...(['env', 'ROOT_ACCESS_KEY_ID=test', 'ROOT_SECRET_ACCESS_KEY=test'] as const),
      ...[versitygwProgram, '--quiet', '--keep-alive', '--port', `127.0.0.1:${port}`],
      // Beside the files, since not every file system keeps attributes with them.
      ...['posix', '--versioning-dir', versions as string, '--sidecar', sidecar as string, data as string],
    ]);
    return { url: server.url, stop: () => server.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
