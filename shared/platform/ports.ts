/**
 * What the pipeline and the engine need from the outside, and nothing more. Two adapters each: `aws/` and `local/`;
 * `test/contracts/` proves them alike.
 */

// ---------------------------------------------------------------- Table

export type Scalar = string | number | boolean;
export type Json = Scalar | null | readonly Json[] | { readonly [name: string]: Json | undefined };

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/**
 * One record. `ipk` and `isk` place it in the table's single overloaded index while, and only while, both are set.
 * Attributes that are `undefined` are not stored.
 */
export interface Item extends Key {
  readonly type: string;
  readonly ipk?: string;
  readonly isk?: string;
  /** Epoch seconds after which the store may delete the item. A reader must not count on it being gone. */
  readonly expiresAt?: number;
  readonly [attribute: string]: Json | undefined;
}

/**
 * `absent`: no item has this key. Otherwise the item exists and each named attribute equals the value
 * (`null`: the attribute is absent); `{}` means only that the item exists.
 */
export type Condition = 'absent' | { readonly [attribute: string]: Scalar | null };

export type Write =
  | { readonly put: Item; readonly if?: Condition }
  /** Changes attributes of an existing item; without `if`, the item must exist. */
  | {
      readonly update: Key;
      readonly set?: { readonly [attribute: string]: Json | undefined };
      readonly remove?: readonly string[];
      readonly if?: Exclude<Condition, 'absent'>;
    }
  | { readonly delete: Key; readonly if?: Condition };

/**
 * `conflicts` holds one entry per write whose condition did not hold: its place in the call and, where the item
 * exists, the item that was found.
 */
export type Written =
  | { readonly done: true }
  | { readonly done: false; readonly conflicts: readonly { readonly index: number; readonly existing?: Item }[] };

export interface Query {
  /** Items whose key is `pk`, ordered by `sk`; strongly consistent. With `index`, by `ipk` and `isk`; eventually. */
  readonly pk: string;
  readonly index?: boolean;
  readonly prefix?: string;
  /** Bounds on the sort key, both inclusive. Not to be combined with `prefix`. */
  readonly from?: string;
  readonly to?: string;
  readonly descending?: boolean;
  readonly limit?: number;
  /** `next` of the previous page. */
  readonly cursor?: string;
}

export interface Page {
  readonly items: readonly Item[];
  readonly next?: string;
}

export interface Table {
  /** Strongly consistent. */
  get(key: Key): Promise<Item | undefined>;
  /**
   * One write is conditional and atomic; several (at most 100, each of another key) are a transaction: all or none.
   * A condition that does not hold is an answer (`done: false`), not an error. Items are at most 400 KB.
   */
  write(...writes: readonly Write[]): Promise<Written>;
  query(query: Query): Promise<Page>;
}

// ---------------------------------------------------------------- Bucket

export interface ObjectHead {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly versionId: string;
  readonly contentType?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lastModified: Date;
  /** S3's storage class where it is not STANDARD. */
  readonly storageClass?: string;
  /** CRC32C of the whole object as the store keeps it, eight hexadecimal digits; not every store or object has one. */
  readonly crc32c?: string;
  /** Its bytes cannot be read now: they are archived, or on their way back since `restore` was asked. */
  readonly archive?: 'archived' | 'restoring';
}

/** One line of a listing: the newest version of a key, unless that was deleted. */
export interface ListedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModified: Date;
  /** S3's storage class where it is not STANDARD. */
  readonly storageClass?: string;
}

export interface ObjectBody {
  readonly head: ObjectHead;
  /** The bytes asked for, as they arrive. Consume or destroy it. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ObjectProperties {
  readonly contentType?: string;
  /** User metadata: names in lower case, values ASCII (encode what is not). */
  readonly metadata?: Readonly<Record<string, string>>;
  /** At most ten; letters, digits, spaces and `+-=._:/@`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** S3's; default STANDARD. */
  readonly storageClass?: string;
}

/** What the store must find over the bytes, eight hexadecimal digits each; else it takes nothing and throws `Rejected`. */
export interface Checked {
  readonly crc32c?: string;
}

/** A multipart write that was begun and neither published nor abandoned. */
export interface OpenUpload extends Upload {
  readonly startedAt: Date;
}

/** A link is a key to the object: it is never logged or stored. */
export interface SignedLink {
  readonly url: string;
  /** When it really ends, which may be earlier than was asked. */
  readonly expiresAt: Date;
}

/** An unfinished multipart write; `listParts` knows what of it has arrived. */
export interface Upload {
  readonly key: string;
  readonly uploadId: string;
}

export interface Part {
  /** From 1 to 10,000. */
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  /** As the store found it over the part's bytes; not every store tells it. */
  readonly crc32c?: string;
}

/** `exists`: `ifAbsent` was asked and an object was already there; nothing was written. */
export type Stored = { readonly outcome: 'stored'; readonly head: ObjectHead } | { readonly outcome: 'exists' };

export interface Bucket {
  readonly name: string;
  /** Undefined when there is no such object or version. Access denied throws `Denied`, here and below. */
  head(key: string, options?: { versionId?: string }): Promise<ObjectHead | undefined>;
  /** `range`: first and last byte, inclusive. Throws `Missing` when there is no such object or version. */
  read(
    key: string,
    options?: { versionId?: string; range?: readonly [first: number, last: number] },
  ): Promise<ObjectBody>;
  /** Writes a small object in one piece. A reader sees all of it or nothing. */
  put(
    key: string,
    body: Uint8Array | string,
    properties?: ObjectProperties & Checked & { ifAbsent?: boolean },
  ): Promise<Stored>;
  /** A link that reads this version with plain HTTP GET and Range, without credentials, until it expires. */
  link(key: string, options: { versionId?: string; expiresInSeconds: number }): Promise<SignedLink>;
  /**
   * Newest versions in key order (by UTF-8 bytes), at most 1,000 at once. `after`: only keys that come after this one;
   * `next`, where there is more, is the `after` of the next page.
   */
  list(options?: {
    prefix?: string;
    after?: string;
    limit?: number;
  }): Promise<{ readonly objects: readonly ListedObject[]; readonly next?: string }>;
  /** Asks for an archived object's bytes, to be kept for `days`. One that is readable or on its way is left alone. */
  restore(
    key: string,
    options: { versionId?: string; days: number; tier: 'Expedited' | 'Standard' | 'Bulk' },
  ): Promise<void>;

  startUpload(key: string, properties?: ObjectProperties): Promise<Upload>;
  /** Parts but the last are at least 5 MiB. Sending a part number again replaces it. */
  putPart(upload: Upload, partNumber: number, body: Uint8Array, checked?: Checked): Promise<Part>;
  /** In order of part number. Throws `Missing` when the upload is not (or no longer) there. */
  listParts(upload: Upload): Promise<readonly Part[]>;
  /** Makes the object visible, whole, at once. Throws `Missing` when the upload is not there. */
  publish(upload: Upload, parts: readonly Part[], options?: Checked & { ifAbsent?: boolean }): Promise<Stored>;
  /** Forgets the upload and its parts; no error when it is not there. */
  abandon(upload: Upload): Promise<void>;
  /** Unfinished uploads in key order, at most 1,000 at once; `next`, where there is more, is the next page's `after`. */
  listUploads(options?: {
    prefix?: string;
    after?: Upload;
    limit?: number;
  }): Promise<{ readonly uploads: readonly OpenUpload[]; readonly next?: Upload }>;
}

// ---------------------------------------------------------------- Queue

export interface Outgoing {
  readonly body: Json;
  /** 0 to 900. */
  readonly delaySeconds?: number;
}

export interface Received {
  readonly messageId: string;
  readonly body: string;
  /** Names this delivery of the message; void once the message is delivered again. */
  readonly receipt: string;
  /** 1 on first delivery. */
  readonly receiveCount: number;
  /** ISO time; of a dead letter, when it was sent to the queue in which it died. */
  readonly sentAt?: string;
}

export interface Queue {
  /** At least once, in no order. Any number of messages; resolves when all are stored, else throws. */
  send(...messages: readonly Outgoing[]): Promise<void>;
  /** Hides what it returns for `visibilitySeconds`; what is not `done` by then is delivered again. */
  receive(options?: { max?: number; visibilitySeconds?: number; waitSeconds?: number }): Promise<readonly Received[]>;
  /** Visible again in `seconds` from now (0: at once). */
  extend(receipt: string, seconds: number): Promise<void>;
  done(receipt: string): Promise<void>;
  /** About how many messages it has, whether they can be received now or later. */
  count(): Promise<number>;
}

// ---------------------------------------------------------------- Events

/** An event for subscribers of the bus. Delivered at least once; deduplicate by `id`. */
export interface BusEvent {
  readonly id: string;
  /** Such as `Run Delivered`. */
  readonly type: string;
  /** ISO time. */
  readonly time: string;
  readonly detail: Json;
}

export interface EventBus {
  /** Resolves when all are taken, else throws; some may have been taken then. At most 256 KB each. */
  put(...events: readonly BusEvent[]): Promise<void>;
}

// ---------------------------------------------------------------- Plain functions

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** The value of a secret by name; cached for a short time, so a rotation needs no restart. */
export type Secrets = (name: string) => Promise<string>;
