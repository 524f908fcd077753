import { LabError } from '../../../lab/errors.js'
import type { Random } from './random.js'

/** The process is gone, as by `kill -9`: nothing of it happens any more. */
export class Killed extends Error {
  override readonly name = 'Killed'
}

/** When in a run something goes wrong. */
export type When =
  | { readonly mode: 'never' }
  /** Once, at the call of this number. */
  | { readonly mode: 'once'; readonly at: number }
  /** Once, at such a call. */
  | { readonly mode: 'there'; readonly what: RegExp; readonly at: number }
  /** At any call, as often as this share of them. */
  | { readonly mode: 'often'; readonly share: number }

type Kind = 'fails' | 'is killed' | 'is interrupted' | 'hangs'

/** A call of an adapter, and how it may go wrong. */
export interface Call<T> {
  readonly what: string
  readonly effect: () => Promise<T>
  /** What the adapter gives or throws when it fails. */
  readonly failure: () => T
  /** Does a part of the effect only. */
  readonly part?: () => Promise<void>
  readonly signal?: AbortSignal | undefined
}

/** What befalls one run of the program: at every call of an adapter something may go wrong, before, amid or after it. */
export class Chaos {
  private readonly controller = new AbortController()
  private calls = 0
  private killed = false
  /** Whether the step that runs has a deadline so short that a call which hangs is ended by it. */
  short = false
  /** What went wrong, in order. */
  readonly log: string[] = []

  constructor(
    private readonly random: Random,
    private readonly when: When,
    private readonly kinds: readonly Kind[] = ['fails', 'fails', 'is killed', 'is interrupted', 'hangs'],
  ) {}

  /** Aborted when the run is interrupted. */
  get interrupt(): AbortSignal {
    return this.controller.signal
  }

  /** Whether steps are given deadlines that pass. */
  get shortens(): boolean {
    return this.when.mode !== 'never' && this.kinds.includes('hangs') && this.random.chance(0.08)
  }

  get isKilled(): boolean {
    return this.killed
  }

  /** A call of an adapter, with what befalls it. */
  async call<T>({ what, effect, failure, part, signal }: Call<T>): Promise<T> {
    this.mustLive()
    signal?.throwIfAborted()
    if (!this.strikes(what)) return this.throughout(effect, signal)
    const kind = this.random.pick(this.kinds)
    const how = this.random.pick(
      part === undefined ? ['before', 'after'] : ['before', 'amid', 'amid', 'after'],
    )
    this.log.push(`${what} ${kind}, its effect: ${how}`)
    if (how === 'amid') await part?.()
    if (how === 'after') await effect()
    switch (kind) {
      case 'is killed':
        return this.kill()
      case 'is interrupted':
        this.controller.abort(interrupted)
        signal?.throwIfAborted()
        // What the interruption does not end goes on.
        return how === 'before' ? effect() : failure()
      case 'hangs':
        if (signal !== undefined && this.short) return untilAborted(signal)
        return failure()
      case 'fails':
        return failure()
    }
  }

  /** A look at something, at which the process may be killed. */
  touch(what: string): void {
    this.mustLive()
    if (!this.strikes(what) || !this.kinds.includes('is killed')) return
    this.log.push(`${what} is killed`)
    this.kill()
  }

  private mustLive(): void {
    if (this.killed) throw new Killed('it was killed before')
  }

  private kill(): never {
    this.killed = true
    throw new Killed('killed')
  }

  private strikes(what: string): boolean {
    const { when } = this
    if (when.mode === 'often') return this.random.chance(when.share)
    if (when.mode === 'never' || (when.mode === 'there' && !when.what.test(what))) return false
    return this.calls++ === when.at
  }

  private async throughout<T>(effect: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const result = await effect()
    // It may have been killed, or interrupted, beside this.
    this.mustLive()
    signal?.throwIfAborted()
    return result
  }
}

/** What an interrupted run ends with. */
export const interrupted = new LabError('interrupted', 'interrupted')

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(signal.reason as Error)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
