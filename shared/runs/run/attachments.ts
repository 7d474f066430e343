import type { ExpectedOutput } from './run.ts';

/** The expected videos, without their attachments. */
export const videosOf = (expected: readonly ExpectedOutput[]): readonly ExpectedOutput[] =>
  expected.filter(({ kind }) => kind === undefined);

/** The attachments of a video. */
export const companionsOf = (expected: readonly ExpectedOutput[], videoId: string): readonly ExpectedOutput[] =>
  expected.filter(({ of }) => of === videoId);

/** The video that an output belongs to; for a video, itself. */
export const videoOf = (expected: readonly ExpectedOutput[], output: ExpectedOutput): ExpectedOutput =>
  expected.find(({ id }) => id === output.of) ?? output;

/** Videos are copied first. An attachment is named after its video, so it waits until that has ended. */
export const mayBeCopied = ({ of }: ExpectedOutput, ended: { has(id: string): boolean }): boolean =>
  of === undefined || ended.has(of);

const nouns = { thumbnail: 'thumbnail of output', project: 'project file of output' } as const;

/** The output's name in sentences for people. */
export const outputWords = ({ id, kind, of }: ExpectedOutput): string =>
  kind === undefined ? `output ${id}` : `${nouns[kind]} ${of ?? id}`;
