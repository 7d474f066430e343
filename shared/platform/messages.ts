import { InvalidInput } from '../errors.ts';
import type { Outgoing } from './ports.ts';

const maxBodyBytes = 1024 * 1024;
const maxDelaySeconds = 900;

/** The messages as text, refusing with the same words in both worlds what SQS would refuse. */
export function checkMessages(messages: readonly Outgoing[]): { body: string; delayMs: number; bytes: number }[] {
  return messages.map(({ body, delaySeconds = 0 }) => {
    if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > maxDelaySeconds)
      throw new InvalidInput(`A message waits 0 to ${maxDelaySeconds} whole seconds, not ${delaySeconds}.`);
    const text = sendable(JSON.stringify(body));
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBodyBytes) throw new InvalidInput(`A message has at most 1 MiB; this one has ${bytes} bytes.`);
    return { body: text, delayMs: delaySeconds * 1000, bytes };
  });
}

/** SQS refuses two characters that JSON may hold as they are. */
const sendable = (json: string): string =>
  json.replace(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
