/** What is read of a manifest here. */
export interface Manifest {
  readonly runId: string;
  readonly agentRunId: string;
  readonly partial: boolean;
  readonly outputs: readonly ManifestOutput[];
  /** Absent where none failed. */
  readonly failed?: readonly { readonly outputId: string; readonly reason: string }[];
}

export interface ManifestOutput {
  readonly outputId: string;
  readonly key: string;
  readonly versionId: string;
  readonly size: number;
  readonly checksum: { readonly algorithm: string; readonly value: string };
  readonly comparedWithSource?: boolean;
}

export const manifestIn = (bytes: Uint8Array): Manifest => JSON.parse(Buffer.from(bytes).toString());
