import { createHash, randomBytes } from 'node:crypto';

/** Unguessable: whoever knows a run's id may report on it (144 bits, safe in URLs and keys). */
export const newRunId = (): string => randomBytes(18).toString('base64url');

const runIdShape = /^[A-Za-z0-9_-]{24}$/;

/** Whether a path could name one of our runs; what could not is answered without any work. */
export const isRunId = (text: string): boolean => runIdShape.test(text);

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
