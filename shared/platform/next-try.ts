/** Soon, then later: a queue's own pause is as long as its longest work may take. `receiveCount`: 1 after the first try. */
export const secondsUntilNextTry = (receiveCount: number): number => Math.min(300, 5 * 4 ** (receiveCount - 1));
