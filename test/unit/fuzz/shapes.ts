import fc from 'fast-check'
import { z } from 'zod'
import { specSchema } from '../../../lab/spec/schema.js'
import type { Key } from '../../../topology/issues.js'
import { mapOf, word } from './hostile.js'

/** What of JSON Schema the schema of specs uses. */
interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean'
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly propertyNames?: Schema
  readonly additionalProperties?: Schema | false
}

const whole = z.toJSONSchema(specSchema, { io: 'input' }) as unknown as Schema

const RANGES = [
  ...[
    '192.168.0.0/16',
    '192.168.0.0/17',
    '192.168.128.0/17',
    '10.244.0.0/16',
    '10.96.0.0/16',
    '10.96.0.0/12',
  ],
  ...['fd00:10:244::/56', 'fd00:10:244::/57', 'fd00:10:96::/112', 'FD00:0010:0244::/56'],
]
const range = fc.constantFrom(...RANGES)

/** Fields of which the schema does not say enough for one value in some to be right. */
const KNOWN: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  cidr: range,
  podSubnets: fc.array(range, { minLength: 1, maxLength: 2 }),
  serviceSubnets: fc.array(range, { minLength: 1, maxLength: 2 }),
  blockSize: fc.constantFrom(24, 26, 28, 122, 124),
  kubernetesVersion: fc.constantFrom('v1.34.4', 'v1.34.4', 'v1.34.4', 'v1.30.0'),
  calicoVersion: fc.constantFrom('v3.28.5', 'v3.28.5', 'v3.28.5', 'v3.29.0'),
  image: fc.constantFrom(
    ...[
      'postgres:17',
      'headless-lab/postgres',
      'headless-lab/redis',
      'constructor',
      'localhost:5000/a/b_c:v1.2-x',
    ],
    ...['a@sha256:0123456789abcdef', 'toString'],
  ),
  nodeSelector: fc.oneof(fc.constantFrom('all()', "zone == 'a'", '!has(x) && y in {"a"}'), word),
  cmd: fc.oneof(fc.constantFrom('sleep infinity', `sh -c 'echo "$HOME" {{x}}'`), word),
}

/** Values that the schema takes; what one field asks of another may still make them wrong. */
function shaped(schema: Schema, key = ''): fc.Arbitrary<unknown> {
  const known = KNOWN[key]
  if (known !== undefined) return known
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 0, 100) })
    case 'string':
      return schema.pattern === undefined ? word : matching(schema)
    case 'array':
      return fc.array(shaped(schema.items ?? schema), { maxLength: 3 })
    case 'object': {
      const { properties, propertyNames, additionalProperties, required = [] } = schema
      if (properties === undefined && propertyNames !== undefined && additionalProperties)
        return fc
          .array(fc.tuple(matching(propertyNames), shaped(additionalProperties)), { maxLength: 3 })
          .map(mapOf)
      const fields = Object.entries(properties ?? {}).map(([name, one]) => [name, shaped(one, name)] as const)
      return fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true })
    }
  }
}

const matching = ({ pattern = '', maxLength = 1000 }: Schema): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(pattern)).filter((text) => text.length <= maxLength)

/** Specs of the right shape, as plain values. */
export const spec = shaped(whole) as fc.Arbitrary<Readonly<Record<string, unknown>>>

/** A field of a spec with the values that cannot be its own. */
export interface Place {
  readonly path: readonly Key[]
  readonly wrong: readonly unknown[]
}

const NONE: Readonly<Record<Schema['type'], readonly unknown[]>> = {
  object: ['x', 3, true, [], null],
  array: ['x', 3, true, { a: 1 }, null],
  string: [3, true, [], { a: 1 }, null],
  integer: ['3', '0x3', 1.5, -1e9, 1e9, NaN, Infinity, true, [], { a: 1 }, null],
  boolean: ['true', 'yes', 0, 1, [], { a: 1 }, null],
}

/** Every place of a spec, those of the first item of each list too. */
export const places: readonly Place[] = placesOf(whole, []).filter(({ path }) => path.length > 0)

function placesOf(schema: Schema, path: readonly Key[]): Place[] {
  const here = { path, wrong: [...NONE[schema.type], ...(schema.enum === undefined ? [] : ['no such word'])] }
  const { properties = {}, items, additionalProperties } = schema
  return [
    here,
    ...Object.entries(properties).flatMap(([name, one]) => placesOf(one, [...path, name])),
    ...(items === undefined ? [] : placesOf(items, [...path, 0])),
    ...(additionalProperties ? placesOf(additionalProperties, [...path, 'NAME']) : []),
  ]
}

/** An item of a list has to have these for one field of it to be its only mistake. */
const REQUIRED: Readonly<Record<string, object>> = {
  pools: { cidr: '192.168.0.0/16' },
  linuxNodes: { name: 'db', image: 'postgres:17' },
}

/** A spec with nothing but this value at this place, and what belongs to it. */
export function specWith(path: readonly Key[], given: unknown, inside = ''): unknown {
  const [key, ...rest] = path
  if (key === undefined) return given
  const within = specWith(rest, given, String(key))
  if (typeof key === 'number') {
    const isMap = typeof within === 'object' && within !== null && rest.length > 0
    return [isMap ? { ...REQUIRED[inside], ...within } : within]
  }
  return { [key]: within }
}
