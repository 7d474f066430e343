/** The source is not what it was, or the upload is gone: what was copied so far is of no use. */
export class StartOver extends Error {
  override name = 'StartOver';
}

/** What came cannot be what was made, by its kind or its checksum: read once more it may be right, and twice it will not be. */
export class WrongBytes extends StartOver {
  override name = 'WrongBytes';
}

/** The connection broke, or brought too little. What has arrived stays good. */
export class SourceBroke extends Error {
  override name = 'SourceBroke';
}

/** Lambda is about to time out: fail with a reason instead of being killed. */
export class OutOfTime extends Error {
  override name = 'OutOfTime';
}

/** The source would rather be asked by fewer. */
export class SourceBusy extends Error {
  override name = 'SourceBusy';
}

/** The source ignores ranges and answers with the whole file. */
export class RangesIgnored extends Error {
  override name = 'RangesIgnored';
}
