const graphemes = new Intl.Segmenter();
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|.*\ufe0f)/u;

/** How many columns of a terminal a text takes: East Asian letters and emoji take two. */
export const widthOf = (text: string): number =>
  lettersOf(text).reduce((sum, letter) => sum + widthOfLetter(letter), 0);

/** The text in exactly this many columns. Of a long one the end stays: it tells more than the beginning. */
export function fitted(text: string, columns: number): string {
  const letters = lettersOf(text);
  let width = widthOf(text);
  if (width <= columns) return text + ' '.repeat(columns - width);
  while (width > columns - 1) width -= widthOfLetter(letters.shift() ?? '');
  return `…${letters.join('')}${' '.repeat(columns - 1 - width)}`;
}

const lettersOf = (text: string): string[] => [...graphemes.segment(text)].map(({ segment }) => segment);
const widthOfLetter = (letter: string): number => (wide.test(letter) ? 2 : 1);
