import { z } from 'zod'
import { LabError } from '../errors.js'
import type { ApiObservations } from '../observe/model/observations.js'
import type { Recording } from '../observe/model/target.js'
import { collectors } from '../observe/packs.js'

/** Version of the shape of a saved recording. */
export const RECORDING_SCHEMA = 'headless-lab/recording/v1'

/*
 * How a recording is built is validated, and what packs saw is not: what has not the shape that a check reads
 * cannot be judged, which replaying says. A pack or list that a recording lacks was not looked at when it was made.
 */
const about = { source: z.string(), durationMs: z.number() }
const partOf = (value: z.ZodType): z.ZodType =>
  z.union([z.object({ value, ...about }), z.object({ error: z.string(), ...about })])

const unrecorded = { error: 'the recording does not hold it', source: 'recording', durationMs: 0 }
const list = partOf(z.array(z.looseObject({})).nullable()).default(unrecorded)
const text = partOf(z.string()).default(unrecorded)
const pack = z.record(z.string(), z.looseObject({})).default({})

/** Also those a recording may lack; a test tells when one is not named here. */
export const api = {
  services: list,
  endpointSlices: list,
  pods: list,
  statefulSets: list,
  deployments: list,
  daemonSets: list,
  persistentVolumeClaims: list,
  nodes: list,
  corefile: text,
  namespaces: list,
  networkPolicies: list,
  ipPools: list,
  blockAffinities: list,
  ipamBlocks: list,
  calicoPods: list,
} satisfies Partial<Record<keyof ApiObservations, z.ZodType>>

const packs = Object.fromEntries(Object.keys(collectors).map((name) => [name, pack]))

const recording = z.object({
  lab: z.looseObject({
    name: z.string(),
    nodes: z.array(z.string()),
    kubeProxyMode: z.enum(['iptables', 'nftables', 'ipvs', 'none', 'unknown']),
    clusterDomain: z.string(),
    ipFamilies: z.array(z.union([z.literal(4), z.literal(6)])).min(1),
  }),
  declared: z.array(
    z.looseObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
    }),
  ),
  observations: z.looseObject({
    at: z.iso.datetime(),
    probeNamespace: z.string(),
    api: z.looseObject(api),
    containers: z.looseObject({ containerlab: list, kind: list }),
    ...packs,
  }),
})

/** A recording as the text of a file. */
export function printRecording({ lab, declared, observations }: Recording): string {
  return `${JSON.stringify({ schema: RECORDING_SCHEMA, lab, declared, observations })}\n`
}

/**
 * Reads the text of a recording.
 *
 * @param from what it is called in messages, for example its file
 * @throws LabError `recording.invalid`
 */
export function parseRecording(text: string, from: string): Recording {
  const value = parseJson(text, from)
  const schema = (value as { schema?: unknown } | null)?.schema
  if (schema !== RECORDING_SCHEMA) throw invalid(from, wrongSchema(schema))
  const { success, data, error } = recording.safeParse(value)
  if (success) return data as unknown as Recording
  const [issue] = error.issues
  throw invalid(from, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

function parseJson(text: string, from: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(from, 'it is not JSON, or not all of it', error)
  }
}

function wrongSchema(schema: unknown): string {
  if (typeof schema !== 'string') return 'it does not say that it is a recording'
  if (!schema.startsWith('headless-lab/recording/')) return `it is ${JSON.stringify(schema)}, no recording`
  return `it was written by another version (${schema}; this one reads ${RECORDING_SCHEMA})`
}

/** A recording that cannot be read or judged. */
export function invalid(from: string, why: string, cause?: unknown): LabError {
  return new LabError('recording.invalid', `${from}: ${why}`, {
    hint: 'recordings are made by headless-lab verify --save FILE',
    ...(cause === undefined ? {} : { cause }),
  })
}
