import { KubeConfig } from '@kubernetes/client-node'
import { judge } from '../checks/judge.js'
import { packsNeeded } from '../needed.js'
import { withDeadline } from '../host/deadline.js'
import { tryRun, type Run } from '../host/run.js'
import type { Clock } from '../observe/clock.js'
import { digCommand, parseDig } from '../observe/dig.js'
import { podExec, type ExecResult, type ExecTarget } from '../observe/exec.js'
import { load } from '../observe/load.js'
import type { DnsAnswer } from '../observe/model/observations.js'
import type { VerifyTarget } from '../observe/model/target.js'
import { askA } from '../observe/model/questions.js'
import { observe } from '../observe/observe.js'
import { ScenarioApi } from './api.js'
import { Timeline, type Moment } from './timeline.js'
import { wordsOf } from '../words.js'

/** How long one look may take; each thing that it asks has a shorter deadline of its own. */
const LOOK_MS = 30_000
/** How long a command may take, unless told. */
const COMMAND_MS = 10_000
/** How long taking one change back may take. */
const UNDO_MS = 60_000
const PAUSE_MS = 250

export interface StageOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly onMoment?: (moment: Moment) => void
}

/** What a scenario acts and watches with. */
export class Stage {
  readonly api: ScenarioApi
  readonly timeline: Timeline
  private readonly kubeconfig: KubeConfig
  private readonly undos: { what: string; take: (signal: AbortSignal) => Promise<unknown> }[] = []

  constructor(
    readonly target: VerifyTarget,
    /** The probe pod of each node that has a ready one. */
    readonly probes: ReadonlyMap<string, ExecTarget>,
    private readonly options: StageOptions,
  ) {
    this.kubeconfig = load(target.kubeconfig)
    this.api = new ScenarioApi(this.kubeconfig, options.signal)
    this.timeline = new Timeline(() => options.clock.now(), options.onMoment)
  }

  get signal(): AbortSignal {
    return this.options.signal
  }

  /** An API client for taking changes back: it works also when the run is interrupted. */
  apiFor(signal: AbortSignal): ScenarioApi {
    return new ScenarioApi(this.kubeconfig, signal)
  }

  /** Has something taken back when the scenario ends, however it ends; the last change first. */
  undo(what: string, take: (signal: AbortSignal) => Promise<unknown>): void {
    this.undos.push({ what, take })
  }

  /** Takes everything back. @returns what could not be, and why */
  async takeBack(): Promise<string[]> {
    const failed: string[] = []
    for (const { what, take } of this.undos.splice(0).reverse()) {
      try {
        await withDeadline(UNDO_MS, take)
        this.timeline.note(`restored: ${what}`)
      } catch (error) {
        failed.push(`${what}: ${wordsOf(error)}`)
      }
    }
    return failed
  }

  /**
   * Looks again and again until it is so.
   *
   * @param look an error of it counts as not yet
   * @returns milliseconds since the scenario began; `undefined` when it did not come about in time
   */
  async until(what: string, seconds: number, look: () => Promise<boolean>): Promise<number | undefined> {
    const { signal, clock } = this.options
    const end = clock.now() + seconds * 1000
    for (;;) {
      signal.throwIfAborted()
      const so = await withDeadline(LOOK_MS, look, signal).catch(() => {
        signal.throwIfAborted()
        return false
      })
      if (so) return this.timeline.note(what)
      if (clock.now() >= end) {
        this.timeline.note(`not in ${seconds} s: ${what}`)
        return undefined
      }
      await clock.sleep(PAUSE_MS, signal)
    }
  }

  /** What DNS says to the probe pod of a node: the first one that has one, unless told. */
  async dns(name: string, probe: ExecTarget = this.anyProbe()): Promise<DnsAnswer> {
    const questions = [askA(name)]
    const command = digCommand(questions, this.target.lab.clusterDomain)
    const { stdout } = await this.exec(probe, command)
    const [answer] = parseDig(stdout, questions)
    if (answer === undefined) throw new Error('dig gave no answer')
    return answer
  }

  /** Addresses of a name, sorted; the response code where there is no answer. */
  async addresses(name: string, probe?: ExecTarget): Promise<readonly string[] | string> {
    const { status, records } = await this.dns(name, probe)
    if (status !== 'NOERROR') return status
    return records
      .filter(({ type }) => type === 'A')
      .map(({ data }) => data)
      .sort()
  }

  /** Watches what a name means until it is stopped; each change is in the timeline. */
  watch(name: string): Watch {
    const seen: Sighting[] = []
    const stop = new AbortController()
    const ends = AbortSignal.any([stop.signal, this.signal])
    const done = (async (): Promise<void> => {
      while (!ends.aborted) {
        const answer = await withDeadline(LOOK_MS, () => this.addresses(name), ends).catch(() => undefined)
        if (answer === undefined) continue
        const text = typeof answer === 'string' ? answer : answer.join(', ')
        const atMs = this.timeline.elapsed()
        if (seen.at(-1)?.answer !== text) this.timeline.note(`${name}: ${text}`)
        seen.push({ atMs, answer: text })
        await this.options.clock.sleep(PAUSE_MS, ends).catch(() => undefined)
      }
    })()
    return {
      seen,
      stop: async () => {
        stop.abort()
        await done
      },
    }
  }

  /** Lets time pass, for what has to go on for a while. */
  pause(ms: number): Promise<void> {
    return this.options.clock.sleep(ms, this.signal)
  }

  /** Runs a command in a pod. */
  exec(target: ExecTarget, command: readonly string[], ms = COMMAND_MS): Promise<ExecResult> {
    return withDeadline(ms, (ends) => podExec(this.kubeconfig)(target, command, ends), this.signal)
  }

  /** Runs docker on this machine. @throws Error when it fails, or when the nodes are elsewhere */
  async docker(args: readonly string[], signal = this.signal): Promise<string> {
    const { engine } = this.target
    if (engine === undefined) throw new Error('the nodes are not containers of this machine')
    const run: Run = engine.run ?? tryRun
    const { exitCode, stdout, stderr } = await withDeadline(
      COMMAND_MS,
      (ends) => run(engine.docker, args, { signal: ends }),
      signal,
    )
    if (exitCode !== 0) throw new Error(stderr.trim() || `exit code ${exitCode}`)
    return stdout
  }

  /** What is wrong now, with one pack or with any: observes and judges. Empty when nothing is. */
  async wrongIn(pack?: string): Promise<string[]> {
    const { lab, declared } = this.target
    const { signal, clock } = this.options
    const selection = pack === undefined ? {} : { only: [`${pack}.*`] }
    const observations = await observe(this.target, { signal, clock, packs: packsNeeded(selection) })
    return judge({ lab, declared, observations }, selection)
      .filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
      .map(({ id, subject, verdict }) => `${id} ${subject.name}: ${verdict}`)
  }

  private anyProbe(): ExecTarget {
    const [probe] = this.probes.values()
    if (probe === undefined) throw new Error('no ready probe pod')
    return probe
  }
}

export interface Sighting {
  readonly atMs: number
  /** Addresses, or a response code. */
  readonly answer: string
}

export interface Watch {
  readonly seen: readonly Sighting[]
  readonly stop: () => Promise<void>
}
