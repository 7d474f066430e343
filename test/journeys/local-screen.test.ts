import { describe, expect, test } from 'vitest';
import { drawn } from '../../functions/local/progress.ts';
import { plainText } from '../../functions/local/shown-path.ts';
import { widthOf } from '../../functions/local/text-width.ts';

const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
const file = (name: string, fraction = 0.5, state = 'making sure that it started') => ({
  name,
  standing: { fraction, state },
});
const screen = (files: ReturnType<typeof file>[], columns: number, rows: number) =>
  drawn(files, columns, rows).map((line) => line.replace(colour, ''));

describe('what a terminal shows of files under way', () => {
  test.each([40, 60, 80, 200])('no line is wider than %i columns, and the bars stand below each other', (columns) => {
    const files = [file('a.mp4'), file('Grüße 日本語 🎬.mp4'), file(`${'x'.repeat(200)}-the-end.mp4`)];
    const lines = screen(files, columns, 10);
    for (const line of lines) expect(widthOf(line)).toBeLessThan(columns);
    expect(new Set(lines.map((line) => widthOf(line.slice(0, line.search(/[█░]/)))))).toHaveProperty('size', 1);
    expect(lines[2]).toContain('-the-end.mp4');
  });

  test('the progress screen never has more lines than fit: runs in progress first, then the number of the others', () => {
    const files = [...Array.from({ length: 30 }, (_, index) => file(`clip-${index}.mp4`, 0)), file('moving.mp4')];
    const lines = screen(files, 80, 6);
    expect(lines).toHaveLength(6);
    expect(lines[0]).toContain('moving.mp4');
    expect(lines[5]).toBe('  … and 26 more');
  });

  test('a file name on the progress screen cannot break its line or control the terminal', () => {
    expect(plainText('new\nline \u001b[31mred \u202egnp.mp4')).toBe('new?line ?[31mred ?gnp.mp4');
    expect(plainText('Grüße 日本語 👩‍👩‍👧.mp4')).toBe('Grüße 日本語 👩‍👩‍👧.mp4');
  });
});
