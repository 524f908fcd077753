import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderJson } from '../../../lab/report/json.js'
import { verifyJsonSchema, verifyResult } from '../../../lab/report/schema.js'
import { replay } from '../../../lab/verify.js'
import { faultsOf } from '../checks/faults.js'
import { broken, healthy, recording, type World } from '../checks/recorded.js'

const printed = (world: World): unknown => JSON.parse(renderJson(replay(recording(world))))

describe('the schema of the result', () => {
  test('is in docs/schema as the model gives it', async () => {
    const file = join(import.meta.dirname, '../../../docs/schema/verify-v1.schema.json')
    // npm run api writes it.
    expect(await readFile(file, 'utf8')).toBe(verifyJsonSchema())
  })

  test('says what is required, and lets fields be added', () => {
    const schema = JSON.parse(verifyJsonSchema()) as {
      required: string[]
      properties: { checks: { items: { required: string[]; properties: object } } }
    }
    expect(schema.required).toEqual(['schema', 'lab', 'startedAt', 'durationMs', 'summary', 'checks'])
    const { required, properties } = schema.properties.checks.items
    expect(Object.keys(properties).filter((name) => !required.includes(name))).toEqual(['hint'])
    expect(verifyJsonSchema()).not.toContain('additionalProperties": false')
  })

  test('fits what is printed of recordings, healthy, with a fault of each pack, and of which nothing is known', () => {
    const worlds = [
      healthy(),
      ...Object.values(faultsOf).flatMap(([first]) => (first === undefined ? [] : [injected(first.inject)])),
      blind(),
    ]
    for (const world of worlds) {
      const value = printed(world)
      // Fields that the schema does not name would be dropped: there are none.
      expect(verifyResult.parse(value)).toEqual(value)
    }
  }, 60_000)

  test.each([
    ['an unknown verdict', { verdict: 'green' }],
    ['a check without its evidence', { evidence: undefined }],
    ['evidence without what was observed', { evidence: { expected: 1, source: '' } }],
    ['an id that is none', { id: 'Dns' }],
  ])('does not fit %s', (_, change) => {
    const value = printed(healthy()) as { checks: object[] }
    Object.assign(value.checks[0] ?? {}, change)
    expect(verifyResult.safeParse(value).success).toBe(false)
  })
})

function injected(inject: (world: World) => void): World {
  const world = healthy()
  inject(world)
  return world
}

function blind(): World {
  const world = healthy()
  const { api } = world.observations
  for (const list of Object.keys(api) as (keyof typeof api)[]) api[list] = broken('no answer')
  return world
}
