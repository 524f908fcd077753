/** How long collecting may take: what does not answer by then is a problem, and must not keep the rest from being written. */
export interface Limits {
  /** Milliseconds for the first question to the API server: one that is there answers it at once. */
  readonly answerMs: number
  /** Milliseconds for one part, and for finding those of one source. */
  readonly partMs: number
  /** Milliseconds for all parts. */
  readonly wholeMs: number
}

export const LIMITS: Limits = { answerMs: 5_000, partMs: 20_000, wholeMs: 120_000 }
