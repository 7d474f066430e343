/** `--short`: every part of a bench runs, on little work. It shows that the bench works; its figures mean nothing. */
export const isShort = process.argv.includes('--short');

/** How much of something a bench does. */
export const amountOf = (full: number, short: number): number => (isShort ? short : full);
