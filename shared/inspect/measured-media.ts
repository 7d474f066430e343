/** As far as it could be measured without fetching the whole file. */
export type MeasuredMedia = {
  readonly container?: string;
  readonly seconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly videoTracks?: number;
  readonly audioTracks?: number;
};
