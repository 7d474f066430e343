/** Chance, but the same chance for the same seed on every machine. */
export interface Random {
  /** 0 up to 1. */
  next(): number;
  /** A whole number from 0, below the limit. */
  below(limit: number): number;
  /** From the first to the last, both possible; whole numbers. */
  between(first: number, last: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Text of this length, of letters and digits. */
  text(length: number): string;
  /** Another stream, which what is drawn here later does not change. */
  fork(): Random;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The small fast counter generator (sfc32), warmed up so that seeds next to each other have nothing in common. */
export function randomOf(seed: number): Random {
  let a = seed | 0;
  let b = (seed / 0x1_0000_0000) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let round = 0; round < 15; round += 1) next32();
  const next = () => next32() / 0x1_0000_0000;
  const below = (limit: number) => Math.floor(next() * limit);
  const random: Random = {
    next,
    below,
    between: (first, last) => first + below(last - first + 1),
    chance: (probability) => next() < probability,
    pick: (list) => {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new Error('Nothing can be picked from an empty list.');
      return picked;
    },
    text: (length) => Array.from({ length }, () => letters[next32() & 63]).join(''),
    fork: () => randomOf(next32()),
  };
  return random;
}
