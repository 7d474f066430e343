import cliProgress from 'cli-progress';
import colors from 'picocolors';
import type { Standing } from './journeys.ts';

/** One line for each file: a bar on a terminal, a line at each change of state elsewhere. */
export interface Progress {
  show(index: number, standing: Standing): void;
  stop(): void;
}

export const progressOf = (names: readonly string[]): Progress => (process.stdout.isTTY ? bars(names) : lines(names));

function bars(names: readonly string[]): Progress {
  const width = Math.min(32, Math.max(...names.map((name) => name.length)));
  const multi = new cliProgress.MultiBar({
    format: `  {name}  ${colors.cyan('{bar}')} {percentage}%  {state}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    hideCursor: true,
    emptyOnZero: true,
    fps: 12,
  });
  const all = names.map((name) => multi.create(1000, 0, { name: shortened(name, width), state: '' }));
  return {
    show: (index, { fraction, state, ended }) => {
      const failed = ended !== undefined && 'reason' in ended;
      const word = failed ? colors.red(state) : ended ? colors.green(state) : state;
      all[index]?.update(Math.round(fraction * 1000), { state: word });
    },
    stop: () => multi.stop(),
  };
}

/** The end of a long name tells more than its beginning. */
const shortened = (name: string, width: number): string =>
  name.length > width ? `…${name.slice(name.length - width + 1)}` : name.padEnd(width);

function lines(names: readonly string[]): Progress {
  const last = new Map<number, string>();
  return {
    show: (index, { fraction, state }) => {
      const text = state === 'editing' ? `editing ${Math.floor(fraction * 10) * 10} %` : state;
      if (last.get(index) === text) return;
      last.set(index, text);
      console.log(`  ${names[index]}: ${text}`);
    },
    stop: () => {},
  };
}
