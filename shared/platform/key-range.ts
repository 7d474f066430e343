/** The upper bound of a query for all keys with a prefix: U+10FFFF sorts after every character that text may hold. */
export const afterPrefix = (prefix: string): string => `${prefix}\u{10FFFF}`;
