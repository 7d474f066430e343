import { isAbsolute, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Outcome } from './print/outcome.ts';
import type { World, WorldOptions } from './world/world.ts';

/** The options of every command, those of `tessera` itself included. */
export interface Options {
  readonly data: string;
  readonly stage?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly basedOn?: number;
  readonly rule?: string;
  readonly reason?: string;
  readonly neverBegan?: boolean;
  readonly again?: boolean;
  readonly limit?: number;
  readonly status?: string;
  readonly key?: string;
  /** ISO times. */
  readonly since?: string;
  readonly until?: string;
  readonly open?: boolean;
  readonly after?: string;
  readonly untilDone?: boolean;
  readonly showSecrets?: boolean;
}

/** A commander action. */
type Action = (this: Command) => Promise<void>;

/** Makes an action that opens the folder or stage and works in it. A command that prints by itself returns its exit code. */
export type InWorld = (
  work: (world: World, words: readonly string[], options: Options) => Promise<Outcome | number>,
) => Action;

/** Makes an action that opens nothing. */
export type WithoutWorld = (work: (options: Options) => Promise<Outcome>) => Action;

export const worldOptionsOf = ({ stage, data }: Options): WorldOptions => ({ stage, dataFolder: absolutePath(data) });

/** From the folder in which the user typed the command, not from where npm runs the script. */
export const absolutePath = (path: string): string =>
  isAbsolute(path) ? path : resolve(process.env.INIT_CWD ?? process.cwd(), path);

/** Sets the SDK's own variables, so that every client in this process uses the same account. */
export function chooseAccount({ region, profile }: Options): void {
  if (region !== undefined) process.env.AWS_REGION = region;
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
}

export function parseWholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || text.trim() === '')
    throw new InvalidArgumentError('A whole number is needed.');
  return number;
}

export function parsePositiveNumber(text: string): number {
  const number = parseWholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('A whole number from 1 is needed.');
  return number;
}
