import { randomBytes } from 'node:crypto';

/** 160 random bits as text that is safe in URLs. */
export const randomId = (): string => randomBytes(20).toString('base64url');
