import { colors } from '../colors.ts';
import type { Standing } from './edit-journeys.ts';
import { openScreen } from './screen.ts';
import { fitted, widthOf } from './text-width.ts';

/** Where files are: a bar each on a terminal, a line at each change of state elsewhere. */
export interface Progress {
  /** The files in progress, without those that have ended. */
  show(files: readonly { name: string; standing: Standing }[]): void;
  /** A line that stays. */
  say(line: string): void;
  stop(): void;
}

type Files = Parameters<Progress['show']>[0];

export const progressOf = (onTerminal: boolean): Progress => (onTerminal ? bars() : lines());

const longestName = 32;
const longestBar = 28;
/** Of a line, what is neither name nor bar nor state. */
const between = '  NAME  BAR 100 %  '.length - 'NAMEBAR'.length;
/** More lines than this would be a wall, and more than the terminal has could not be drawn over. */
const mostBars = 10;

function bars(): Progress {
  const screen = openScreen(process.stdout);
  return {
    show: (files) => screen.draw(drawn(files, screen.columns(), Math.min(mostBars, screen.rows() - 3))),
    say: (line) => screen.say(line),
    stop: () => screen.close(),
  };
}

/** The bars of the files under way, first those that move, and how many more there are. */
export function drawn(files: Files, columns: number, rows: number): string[] {
  const moving = files.filter(({ standing }) => standing.fraction > 0);
  const ordered = [...moving, ...files.filter((file) => !moving.includes(file))];
  const shown = ordered.length > rows ? ordered.slice(0, Math.max(1, rows - 1)) : ordered;
  const nameColumns = Math.min(
    longestName,
    Math.floor(columns / 3),
    Math.max(0, ...shown.map(({ name }) => widthOf(name))),
  );
  const barColumns = Math.max(5, Math.min(longestBar, columns - nameColumns - between - 'delivering '.length));
  const more = ordered.length - shown.length;
  return [
    ...shown.map(({ name, standing: { fraction, state } }) => {
      const full = Math.round(fraction * barColumns);
      const bar = colors.cyan('█'.repeat(full) + '░'.repeat(barColumns - full));
      const percent = `${Math.floor(fraction * 100)}`.padStart(3);
      const room = columns - 1 - (nameColumns + barColumns + between);
      return `  ${fitted(name, nameColumns)}  ${bar} ${percent} %  ${state.slice(0, Math.max(0, room))}`;
    }),
    ...(more > 0 ? [colors.dim(`  … and ${more} more`)] : []),
  ];
}

function lines(): Progress {
  const last = new Map<string, string>();
  return {
    show: (files) => {
      for (const { name, standing } of files) {
        const text =
          standing.state === 'editing' ? `editing ${Math.floor(standing.fraction * 10) * 10} %` : standing.state;
        if (last.get(name) !== text) console.log(`  ${name}: ${text}`);
        last.set(name, text);
      }
    },
    say: (line) => console.log(line),
    stop: () => {},
  };
}
