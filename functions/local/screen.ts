import type { WriteStream } from 'node:tty';

/** The last lines of a terminal, drawn again and again, below lines that stay. */
export interface Screen {
  draw(lines: readonly string[]): void;
  say(line: string): void;
  columns(): number;
  rows(): number;
  close(): void;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';

export function openScreen(terminal: WriteStream): Screen {
  let shown: readonly string[] = [];
  // However the program ends, the cursor must be there again.
  const restore = () => terminal.write(showCursor);
  process.once('exit', restore);
  terminal.write(hideCursor);
  return {
    draw: (lines) => {
      if (lines.join('\n') === shown.join('\n')) return;
      terminal.write(cleared() + lines.map((line) => `${line}\n`).join(''));
      shown = lines;
    },
    say: (line) => {
      terminal.write(`${cleared()}${line}\n${shown.map((each) => `${each}\n`).join('')}`);
    },
    // A pseudo terminal may say 0 of both.
    columns: () => Math.max(20, terminal.columns || 80),
    rows: () => Math.max(5, terminal.rows || 24),
    close: () => {
      terminal.write(cleared());
      shown = [];
      restore();
      process.off('exit', restore);
    },
  };

  /** Up over what was drawn, and everything below the cursor gone. */
  function cleared(): string {
    return shown.length > 0 ? `\u001b[${shown.length}A\u001b[J` : '';
  }
}
