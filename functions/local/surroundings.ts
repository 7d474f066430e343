import type { Log } from '../../shared/log.ts';
import type { Clock } from '../../shared/platform/ports.ts';

/** What both halves find around them on this machine. */
export interface Surroundings {
  readonly dataFolder: string;
  readonly ffmpeg: { readonly ffmpegPath: string; readonly ffprobePath: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly url: string;
  readonly trustedHosts: readonly string[];
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** With which our own webhooks are signed. */
  readonly signingSecret: string;
  /** Aborted when the program is about to end. */
  readonly stopping: AbortSignal;
}
