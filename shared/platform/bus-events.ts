import { InvalidInput } from '../errors.ts';
import type { BusEvent } from './ports.ts';

/** What EventBridge takes in one entry and in one request, all its fields together. */
export const maxEventBytes = 256 * 1024;

export interface EventEntry {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly detail: string;
  readonly bytes: number;
}

/** The events as text, refusing with the same words in both worlds what EventBridge would refuse. */
export function checkEvents(events: readonly BusEvent[]): EventEntry[] {
  return events.map(({ id, type, time, detail: value }) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new InvalidInput(`The detail of an event is an object; that of "${type}" ${id} is not.`);
    const detail = JSON.stringify({ id, ...value });
    // The bus's time counts as 14 bytes, and its source is ours.
    const bytes = Buffer.byteLength(detail) + Buffer.byteLength(type) + 14 + 'tessera'.length;
    if (bytes > maxEventBytes)
      throw new InvalidInput(`An event has at most 256 KB; "${type}" ${id} has ${bytes} bytes.`);
    return { id, type, time, detail, bytes };
  });
}
