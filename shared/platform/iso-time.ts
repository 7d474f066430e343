/** The ISO time this many seconds after a time in milliseconds. */
export const isoAfter = (nowMs: number, seconds: number): string => new Date(nowMs + seconds * 1000).toISOString();
