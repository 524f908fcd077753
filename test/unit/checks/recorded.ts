import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { DnsAnswer, IptablesRule, Part, RedisSeen } from '../../../lab/observe/model/observations.js'
import type { Recording } from '../../../lab/observe/model/target.js'

/** Observations that may be changed. */
export type Mutable<T> = { -readonly [Key in keyof T]: Mutable<T[Key]> }
export type World = Mutable<Recording>

const file = new URL('../../fixtures/observations/default-lab.json.gz', import.meta.url)
const text = gunzipSync(readFileSync(file)).toString()

/** The recorded observations of a healthy default lab, a fresh copy each time. */
export function healthy(): World {
  return JSON.parse(text) as World
}

export const DOMAIN = 'svc.cluster.local'
export const NGINX = `nginx-headless.default.${DOMAIN}`
export const REDIS = `redis-headless.default.${DOMAIN}`

/** What a part holds; the recording has all of them. */
export function seen<T>(part: Part<T> | undefined): Mutable<T> {
  if (part === undefined || 'error' in part) throw new Error('the recording lacks this part')
  return part.value
}

export function remove<T>(list: readonly T[], which: (item: T) => boolean): void {
  const items = list as T[]
  items.splice(0, items.length, ...items.filter((item) => !which(item)))
}

/** What a judge takes. */
export function recording(world: World): Recording {
  return world as unknown as Recording
}

/** The one item of a list that must be there. */
export function one<T>(list: readonly T[], which: (item: T) => boolean): T {
  const found = list.find(which)
  if (found === undefined) throw new Error('the recording lacks this item')
  return found
}

export const named =
  (name: string) =>
  (object: { metadata?: { name?: string } }): boolean =>
    object.metadata?.name === name

/** Changes the answers, on every node or on some, to the questions that a name fits. */
export function answer(
  world: World,
  fits: (name: string) => boolean,
  change: (answer: Mutable<DnsAnswer>) => void,
  nodes: readonly string[] = world.lab.nodes,
): void {
  for (const node of nodes) {
    for (const one of seen(world.observations.dns[node] as Part<readonly DnsAnswer[]>)) {
      if (fits(one.question.name)) change(one)
    }
  }
}

export const nxdomain = (one: Mutable<DnsAnswer>): void => {
  one.status = 'NXDOMAIN'
  one.records = []
}

/** Whether a name is the service's or of something under it, in long or short. */
export const under =
  (service: string) =>
  (name: string): boolean =>
    name === service || name.includes(`${service}.default`) || name.endsWith(`.${service}`)

/** Sets the records of an answer. */
export function records(...data: string[]): (one: Mutable<DnsAnswer>) => void {
  return (one) => {
    one.status = 'NOERROR'
    one.records = data.map((each) => ({
      name: one.question.name,
      ttl: 30,
      type: one.question.type,
      data: each,
    }))
  }
}

/** Takes the records away whose data fits. */
export function without(fits: (data: string) => boolean): (one: Mutable<DnsAnswer>) => void {
  return (one) => remove(one.records, ({ data }) => fits(data))
}

export function redis(world: World): Mutable<RedisSeen> {
  return seen(world.observations.redis['default/redis'] as Part<RedisSeen>)
}

export function iptables(world: World, node: string): Mutable<readonly IptablesRule[]> {
  return seen(world.observations.iptables[node] as Part<readonly IptablesRule[]>)
}

export function broken(error: string): { error: string; source: string; durationMs: number } {
  return { error, source: 'a command', durationMs: 5000 }
}
