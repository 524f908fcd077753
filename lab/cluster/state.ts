import { appendFile, chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Topology } from '../../topology/index.js'
import { LabError } from '../errors.js'
import { exists, unlessAbsent } from '../host/not-found.js'
import type { VerifyResult } from '../report/model.js'

/** What is known of a lab between two commands. */
export interface LabRecord {
  readonly schema: 'headless-lab/state/v1'
  readonly name: string
  readonly topologyDigest: string
  /** What the digest is over; labs that were made before it was kept have none. */
  readonly topology?: Topology
  /** The image the nodes were made from. */
  readonly nodeImage: string
  /** The containerlab program that made them. */
  readonly containerlab: string
  /** RFC 3339, UTC. */
  readonly createdAt: string
}

/** One line of the journal: an effect that is about to happen, or has happened. */
export type JournalEntry =
  /** With the id of the one that is there already, which may go meanwhile: then another one is made. */
  | { readonly event: 'network-intent'; readonly network: string; readonly before?: string }
  /** With the id that the engine gave it: another of its name is somebody else's. */
  | { readonly event: 'network-made'; readonly network: string; readonly id: string }
  /** With the names of the containers, after which containerlab names links on the host that outlive them. */
  | { readonly event: 'nodes-intent'; readonly containers?: readonly string[] }
  /** With the anonymous volumes of the nodes: one that is removed by hand takes the only name of its own with it. */
  | { readonly event: 'nodes-done'; readonly record: LabRecord; readonly volumes?: readonly string[] }
  /** They are about to be; and their anonymous volumes, which nothing else names once they are gone. */
  | { readonly event: 'nodes-removed'; readonly volumes?: readonly string[] }
  /** They are about to be stopped, and were seen to have. */
  | { readonly event: 'stop-intent' | 'stop-done' }
  /** It was seen that there are none any more. */
  | { readonly event: 'nodes-gone' }
  /** The workloads are about to have so many. */
  | { readonly event: 'kafka-brokers'; readonly brokers: number }
  /** A step is about to change what runs on the nodes; one that changes nothing writes none. */
  | { readonly event: 'changes-intent' }
  /** It has, so often. */
  | { readonly event: 'changes-done'; readonly changes: number }

/** An entry as it is in the journal: with its time, RFC 3339, UTC. */
export type JournalLine = JournalEntry & { readonly at: string }

/** A network as the journal knows it: by its id once it was made, before by the id of the one that was there. */
export interface MadeNetwork {
  readonly id?: string
  readonly before?: string | undefined
}

/** Whether the network with this id, under the name that the journal has, is the one that the lab made. Pure. */
export const isMade = (made: MadeNetwork, id: string): boolean =>
  made.id === undefined ? made.before !== id : made.id === id

/** The folder of one lab, `.lab/<name>/`: rendered files, kubeconfig, journal, logs, last result. */
export class LabState {
  constructor(
    readonly name: string,
    readonly folder: string,
  ) {}

  readonly file = (name: string): string => join(this.folder, name)
  /** Beside the folder, so that teardown can remove the folder while it holds the lock. */
  readonly lockFile = (): string => `${this.folder}.lock`
  readonly kubeconfig = (): string => this.file('kubeconfig')
  readonly topologyFile = (): string => this.file(`${this.name}.clab.yaml`)
  readonly logFile = (name: string): string => this.file(`logs/${name}.log`)

  async create(): Promise<void> {
    await mkdir(this.file('logs'), { recursive: true, mode: 0o700 })
    await chmod(this.folder, 0o700)
  }

  /** Removes the folder. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Writes a file whole or not at all. */
  async write(name: string, content: string, mode = 0o644): Promise<void> {
    const target = this.file(name)
    const temporary = `${target}.${String(process.pid)}.new`
    const handle = await open(temporary, 'w', mode)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, target)
  }

  /** Text of a file; `undefined` where there is none. */
  async read(name: string): Promise<string | undefined> {
    return unlessAbsent(readFile(this.file(name), 'utf8'))
  }

  /** Adds a line to the journal, before or after the effect it speaks of. */
  async journal(entry: JournalEntry): Promise<void> {
    await this.create()
    const line = `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`
    const before = (await this.read('journal.jsonl')) ?? ''
    // A line that a crash cut off must not swallow this one.
    const begin = before === '' || before.endsWith('\n') ? '' : '\n'
    await appendFile(this.file('journal.jsonl'), begin + line, { flush: true })
  }

  /** The journal, oldest entry first. A last line cut off by a crash is passed over. */
  async entries(): Promise<JournalLine[]> {
    const text = (await this.read('journal.jsonl')) ?? ''
    return text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as JournalLine]
      } catch {
        return []
      }
    })
  }

  /** The lab as it was made; `undefined` when its nodes were never finished, or are gone. */
  async record(): Promise<LabRecord | undefined> {
    const last = await this.lastOf('nodes-')
    if (last?.event !== 'nodes-done') return undefined
    // The journal is read as it was written; a file of another version must not be taken for ours.
    const schema: string = last.record.schema
    if (schema === 'headless-lab/state/v1') return last.record
    throw new LabError(
      'state.unreadable',
      `${this.file('journal.jsonl')} was written by another version (${schema})`,
      {
        hint: 'tear the lab down with that version, or remove its containers and this folder',
      },
    )
  }

  /** The last entry of one of these kinds, by how their events begin. */
  private async lastOf(
    ...kinds: readonly ('nodes-' | 'stop-' | 'changes-')[]
  ): Promise<JournalLine | undefined> {
    return (await this.entries()).findLast(({ event }) => kinds.some((kind) => event.startsWith(kind)))
  }

  /** Whether its nodes were begun, or about to be removed, and were not seen to be finished or gone since. */
  async isHalfMade(): Promise<boolean> {
    const last = (await this.lastOf('nodes-'))?.event
    return last === 'nodes-intent' || last === 'nodes-removed'
  }

  /** Whether a stop of its nodes was begun and not seen to end: the engine may be about to stop what runs. */
  async isStopping(): Promise<boolean> {
    return (await this.lastOf('nodes-', 'stop-'))?.event === 'stop-intent'
  }

  /** Whether nodes of the lab's name can be those made here: some were begun, and not seen to be gone. */
  async mayHaveNodes(): Promise<boolean> {
    const last = await this.lastOf('nodes-')
    return last !== undefined && last.event !== 'nodes-gone'
  }

  /** How many brokers Kafka was given on the nodes there are; `undefined` where it was never among the workloads. */
  async kafkaBrokers(): Promise<number | undefined> {
    const entries = await this.entries()
    const nodes = entries.findLastIndex(({ event }) => event.startsWith('nodes-'))
    return entries
      .slice(nodes + 1)
      .flatMap((entry) => (entry.event === 'kafka-brokers' ? [entry.brokers] : []))
      .at(-1)
  }

  /** Anonymous volumes of all the nodes that there are and were. */
  async volumesOfNodes(): Promise<string[]> {
    const entries = await this.entries()
    return [...new Set(entries.flatMap((entry) => ('volumes' in entry ? (entry.volumes ?? []) : [])))]
  }

  /** Names of the containers that were ever about to be made, also by another spec of this lab's name. */
  async containersOfNodes(): Promise<string[]> {
    const entries = await this.entries()
    return [...new Set(entries.flatMap((entry) => ('containers' in entry ? (entry.containers ?? []) : [])))]
  }

  /** Networks that this lab made, or was about to make, by name. */
  async madeNetworks(): Promise<Map<string, MadeNetwork>> {
    const made = new Map<string, MadeNetwork>()
    for (const entry of await this.entries()) {
      if (entry.event === 'network-intent') {
        const { id } = made.get(entry.network) ?? {}
        if (id === undefined || id !== entry.before) made.set(entry.network, { before: entry.before })
      }
      if (entry.event === 'network-made') made.set(entry.network, { id: entry.id })
      // What was not made by then never was: what comes later under its name is somebody else's.
      if (entry.event === 'nodes-done' || entry.event === 'nodes-gone')
        for (const [network, { id }] of made) if (id === undefined) made.delete(network)
    }
    return made
  }

  /** Ends changes that were cut off, once all is seen to be as declared: a verdict from amid them is not believed. */
  async endChanges(): Promise<void> {
    if ((await this.lastOf('changes-'))?.event === 'changes-intent')
      await this.journal({ event: 'changes-done', changes: 0 })
  }

  /** Keeps the last verdict; of a lab that was removed meanwhile there is none to keep. */
  async saveResult(result: VerifyResult): Promise<void> {
    if (!(await exists(this.folder))) return
    await this.write('last-verify.json', `${JSON.stringify(result, undefined, 2)}\n`)
  }

  /** To be called when the lab changes: what was verified no longer is. */
  async forgetResult(): Promise<void> {
    await rm(this.file('last-verify.json'), { force: true })
  }

  /**
   * The last verdict; `undefined` where there is none, where another version of the program has written it, or where it
   * speaks of what was before the last change: who verifies holds no lock, and may have begun before that.
   */
  async lastResult(): Promise<VerifyResult | undefined> {
    const text = await this.read('last-verify.json')
    if (text === undefined) return undefined
    const result = JSON.parse(text) as VerifyResult
    const schema: string = result.schema
    if (schema !== 'headless-lab/verify/v1') return undefined
    const change = await this.lastOf('changes-')
    return change !== undefined && result.startedAt < change.at ? undefined : result
  }
}
