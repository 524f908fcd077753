import { oneLine } from './words.js'

/**
 * Every error a person can meet, as one table: its stable code, the exit code of the program, and whether
 * doing the same again may help. Anything thrown that is not a {@link LabError} is a bug and shows its stack.
 */
export const errorCodes = {
  // 2: bad usage or input
  'usage.invalid': { exit: 2, retry: false },
  'spec.unreadable': { exit: 2, retry: false },
  'spec.invalid': { exit: 2, retry: false },
  'lab.absent': { exit: 2, retry: false },
  'recording.invalid': { exit: 2, retry: false },
  'state.unreadable': { exit: 2, retry: false },
  'sbom.unbuilt': { exit: 2, retry: false },
  // 3: the host lacks something
  'host.lacks': { exit: 3, retry: false },
  'host.consent': { exit: 3, retry: false },
  'host.install-failed': { exit: 3, retry: true },
  'host.engine-unusable': { exit: 3, retry: false },
  'host.network-clash': { exit: 3, retry: false },
  'host.disk': { exit: 3, retry: false },
  'host.file': { exit: 3, retry: false },
  'artifact.absent': { exit: 3, retry: false },
  'artifact.changed': { exit: 3, retry: false },
  // 4: deploy or teardown failed
  'artifact.build-failed': { exit: 4, retry: true },
  'step.timeout': { exit: 4, retry: true },
  'step.failed': { exit: 4, retry: true },
  'teardown.incomplete': { exit: 4, retry: true },
  'command.failed': { exit: 4, retry: true },
  'cluster.rejected': { exit: 4, retry: false },
  // 5: another run holds the lab
  'lab.locked': { exit: 5, retry: true },
  // 6: could not be judged
  'cluster.unreachable': { exit: 6, retry: true },
  interrupted: { exit: 130, retry: true },
  terminated: { exit: 143, retry: true },
} as const satisfies Record<string, { exit: number; retry: boolean }>

/** The stable code of an error: the table in docs/errors.md. */
export type ErrorCode = keyof typeof errorCodes

/** What an error tells beside its line. */
export interface LabErrorOptions {
  /** What to do next, as one sentence. */
  readonly hint?: string
  /** What was thrown first. */
  readonly cause?: unknown
  /** What explains the error and is too long for its line: pods, events, the tail of a log. */
  readonly details?: string
}

/** An error a person can meet: one line, a stable code, and what to do next. */
export class LabError extends Error {
  /** Tells it from other errors. */
  override readonly name = 'LabError'
  /** What to do next. */
  readonly hint: string | undefined
  /** What explains it and is too long for its line. */
  readonly details: string | undefined

  constructor(
    /** Stable: programs may ask for it. */
    readonly code: ErrorCode,
    message: string,
    options: LabErrorOptions = {},
  ) {
    // Messages quote what people, files and servers say.
    super(oneLine(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.hint = options.hint
    this.details = options.details
  }

  /** The exit code of the program (see the table in docs/errors.md). */
  get exitCode(): number {
    return errorCodes[this.code].exit
  }

  /** Whether the same command may succeed when it is run again. */
  get retry(): boolean {
    return errorCodes[this.code].retry
  }
}
