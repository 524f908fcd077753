/** One file of the archive, before it is collected. */
export interface Part {
  /** Its path in the archive. */
  readonly file: string
  /** What it is, for the index. */
  readonly about: string
  /** Its text; that there is none is told by an error. Ends with the signal. */
  readonly read: (signal: AbortSignal) => Promise<string>
}

/** Where parts come from. */
export interface Source {
  /** As people read it. */
  readonly name: string
  /** The parts that there are; that it has none is told by an error. Ends with the signal. */
  readonly find: (signal: AbortSignal) => Promise<readonly Part[]>
}

/** A file that was collected. */
export interface CollectedFile {
  readonly file: string
  readonly about: string
  /** Bytes. */
  readonly size: number
  /** How many secrets were taken out of it. */
  readonly redacted: number
}

/** Something that could not be collected. */
export interface Problem {
  /** A file, or a source. */
  readonly what: string
  /** One line. */
  readonly reason: string
}

/** What came of collecting, in the order of the sources. */
export interface Collected {
  readonly files: readonly CollectedFile[]
  readonly problems: readonly Problem[]
}

/** A value as the text of a file. */
export const asJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
