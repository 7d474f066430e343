/** Requests that each peer may have under way for one object, and the size of its parts. */
export const atOnce = 12;
export const partMib = 16;
/** Objects that each peer copies at once. */
export const objectsAtOnce = 8;
