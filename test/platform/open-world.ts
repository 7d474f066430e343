import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import { onTestFinished } from 'vitest';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';

export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-platform-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A folder that is gone when the test is. */
export function testFolder(): string {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  return folder;
}

/** Serves the platform's links over real HTTP on loopback; returns how to stop. */
export async function serveLinksOf(platform: LocalPlatform): Promise<() => Promise<void>> {
  const server = await new Promise<ServerType>((resolve) => {
    const started = serve({ fetch: platform.serveLinks, hostname: '127.0.0.1', port: 0 }, () => resolve(started));
  });
  platform.setLinkBase(`http://127.0.0.1:${(server.address() as AddressInfo).port}/objects`);
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** Closed when the test is over. */
export function openForTest(folder = testFolder(), clock?: () => number): LocalPlatform {
  const platform = openLocal({ folder, clock });
  onTestFinished(() => platform.close());
  return platform;
}
