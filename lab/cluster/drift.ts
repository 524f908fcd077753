import { isDeepStrictEqual } from 'node:util'

/** A field of a live object that is not as it is declared. */
export interface FieldDrift {
  /** For example `spec.ports[0].targetPort`. */
  readonly path: string
  /** As it is; absent where the object has no such field. */
  readonly live?: unknown
  /** As applying would make it; absent where it would take the field away. */
  readonly declared?: unknown
}

/** What the API server writes by itself at each change. */
const OWN = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp'])

/**
 * Where an object differs from what applying its declaration would make of it (the answer to a dry run). Only the
 * fields that would change: what nobody declares may be as others want it. Pure.
 */
export function fieldDrift(live: unknown, applied: unknown): FieldDrift[] {
  return differences(withoutOwn(live), withoutOwn(applied), '')
}

function withoutOwn(object: unknown): object {
  const { metadata = {}, ...rest } = object as { metadata?: object }
  const own = Object.entries(metadata).filter(([key]) => !OWN.has(key))
  const said = Object.entries(rest).filter(([key]) => key !== 'status')
  return { ...Object.fromEntries(said), metadata: Object.fromEntries(own) }
}

/** Where two plain values differ, from a path on. Pure. */
export function differences(live: unknown, declared: unknown, path: string): FieldDrift[] {
  if (isDeepStrictEqual(live, declared)) return []
  if (Array.isArray(live) && Array.isArray(declared)) {
    const length = Math.max(live.length, declared.length)
    return Array.from({ length }, (_, i) => differences(live[i], declared[i], `${path}[${String(i)}]`)).flat()
  }
  if (isObject(live) && isObject(declared)) {
    const keys = [...new Set([...Object.keys(live), ...Object.keys(declared)])].sort()
    return keys.flatMap((key) => differences(live[key], declared[key], path + step(key, path)))
  }
  return [
    {
      path,
      ...(live === undefined ? {} : { live }),
      ...(declared === undefined ? {} : { declared }),
    },
  ]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function step(key: string, path: string): string {
  if (!/^\w+$/.test(key)) return `[${JSON.stringify(key)}]`
  return path === '' ? key : `.${key}`
}
