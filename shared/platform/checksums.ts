import { Rejected } from '../errors.ts';
import type { Checked } from './ports.ts';

/** Throws when a store found other bytes than were sent to it. */
export function checkFound(key: string, found: string, { crc32c: expected }: Checked = {}): void {
  if (expected !== undefined && expected !== found) throw differs(key, { expected, found });
}

export const differs = (key: string, facts: Record<string, unknown>, cause?: unknown): Rejected =>
  new Rejected(
    `The store found other bytes for ${key} than were sent to it (their checksum CRC32C differs), and took nothing.`,
    { key, ...facts },
    { cause },
  );
