import picocolors from 'picocolors';

/**
 * Colours for a terminal only. The library's own guess also paints where a variable says that this is a CI server,
 * and what is written there may be read by a program.
 */
const onTerminal = process.stdout.isTTY === true && process.env.TERM !== 'dumb' && !process.env.NO_COLOR;

export const colors = picocolors.createColors(onTerminal);
