/**
 * Patterns over keys: `*` stands for anything within a folder, `**` for anything (before a `/`: any folders, also
 * none), `{name}` for a part (at least one character, no `/`) that gets a name. Letters count in any case and in either way that Unicode writes them.
 */
type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'star' | 'stars' | 'folders' }
  | { readonly kind: 'part'; readonly name: string };

/** The named parts of a key, matched greedily from the left; undefined if the key does not match. */
export function matchPattern(pattern: string, key: string): Record<string, string> | undefined {
  const tokens = tokensOf(pattern);
  const text = key.normalize('NFC');
  const ends = matched(tokens, text);
  if (ends === undefined) return undefined;
  const parts: Record<string, string> = {};
  for (const [index, token] of tokens.entries())
    if (token.kind === 'part') parts[token.name] = text.slice(ends[index - 1] ?? 0, ends[index]);
  return parts;
}

export const wildcardCount = (pattern: string): number =>
  tokensOf(pattern).filter(({ kind }) => kind !== 'text').length;

export const partNames = (pattern: string): readonly string[] =>
  tokensOf(pattern).flatMap((token) => (token.kind === 'part' ? [token.name] : []));

/** The pattern of all keys in the folders that this pattern can match. */
export function placeOfPattern(pattern: string): string {
  const name = pattern.slice(pattern.lastIndexOf('/') + 1);
  return `${pattern.slice(0, pattern.length - name.length)}${name.includes('**') ? '**' : '*'}`;
}

const tokensOf = (pattern: string): readonly Token[] =>
  [...pattern.normalize('NFC').matchAll(/\*\*\/|\*\*|\*|\{([^{}]*)\}|[^*{}]+|[{}]/g)].flatMap(
    ([piece, name]): Token[] => {
      if (name !== undefined) return [{ kind: 'part', name }];
      const wild = wildcards[piece];
      return wild === undefined ? [{ kind: 'text', text: piece }] : [{ kind: wild }];
    },
  );

const wildcards: Readonly<Record<string, 'star' | 'stars' | 'folders'>> = {
  '*': 'star',
  '**': 'stars',
  '**/': 'folders',
};

/** Where each token ends. A failed position is not tried again, so that no key can make this slow. */
function matched(tokens: readonly Token[], text: string): readonly number[] | undefined {
  const failed = new Uint8Array(tokens.length * (text.length + 1));
  const ends: number[] = [];
  const from = (index: number, at: number): boolean => {
    const token = tokens[index];
    if (token === undefined) return at === text.length;
    const place = index * (text.length + 1) + at;
    if (failed[place] === 1) return false;
    for (const end of endsOf(token, text, at)) {
      ends[index] = end;
      if (from(index + 1, end)) return true;
    }
    failed[place] = 1;
    return false;
  };
  return from(0, 0) ? ends : undefined;
}

/** The longest first. */
function* endsOf(token: Token, text: string, at: number): Generator<number> {
  if (token.kind === 'text') {
    const end = at + token.text.length;
    if (text.slice(at, end).toLowerCase() === token.text.toLowerCase()) yield end;
    return;
  }
  const withinFolder = token.kind === 'star' || token.kind === 'part';
  const slash = withinFolder ? text.indexOf('/', at) : -1;
  const last = slash === -1 ? text.length : slash;
  const first = token.kind === 'part' ? at + 1 : at;
  for (let end = last; end >= first; end -= 1)
    if (token.kind !== 'folders' || end === at || text[end - 1] === '/') yield end;
}
