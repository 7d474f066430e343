import { createHash, randomBytes } from 'node:crypto';

/** Unguessable (144 bits), because knowing a run's id is enough to report on it. Safe in URLs and keys. */
export const newRunId = (): string => randomBytes(18).toString('base64url');

const runIdShape = /^[A-Za-z0-9_-]{24}$/;

/** Whether a text has the form of a run id; requests for anything else are refused without a read. */
export const isRunId = (text: string): boolean => runIdShape.test(text);

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
