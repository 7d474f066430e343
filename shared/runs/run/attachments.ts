import type { ExpectedOutput } from './run.ts';

/** The videos among what is expected; what was made beside them is told by them. */
export const videosOf = (expected: readonly ExpectedOutput[]): readonly ExpectedOutput[] =>
  expected.filter(({ kind }) => kind === undefined);

/** What was made beside a video. */
export const companionsOf = (expected: readonly ExpectedOutput[], videoId: string): readonly ExpectedOutput[] =>
  expected.filter(({ of }) => of === videoId);

/** The video that something was made beside; a video itself. */
export const videoOf = (expected: readonly ExpectedOutput[], output: ExpectedOutput): ExpectedOutput =>
  expected.find(({ id }) => id === output.of) ?? output;

/** What is copied first: a video, or what was made beside one that is done, since it is called after it. */
export const mayBeCopied = ({ of }: ExpectedOutput, ended: { has(id: string): boolean }): boolean =>
  of === undefined || ended.has(of);

const nouns = { thumbnail: 'thumbnail of output', project: 'project file of output' } as const;

/** For a person. */
export const outputWords = ({ id, kind, of }: ExpectedOutput): string =>
  kind === undefined ? `output ${id}` : `${nouns[kind]} ${of ?? id}`;
