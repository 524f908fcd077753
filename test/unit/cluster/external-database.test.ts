import { describe, expect, it } from 'vitest'
import { ExternalDatabase } from '../../../lab/cluster/external-database.js'
import { fakeRun, labErrorOf, never, type Answer } from '../host/fakes.js'

function databaseOf(answer: () => Answer) {
  const { run, calls } = fakeRun(answer)
  return { calls, database: new ExternalDatabase(run, 'lab-external-db', { signal: never() }) }
}

const SECRET = 'geheim'
const failed: Answer = { exitCode: 2, stderr: 'psql: error: FATAL:  starting up\n\tIs it running?\n' }

describe('the external database', () => {
  it('is asked by its socket whether it is up; psql’s first words say why not', async () => {
    const { database, calls } = databaseOf(() => failed)
    expect(await database.notReady()).toBe('FATAL:  starting up')
    expect(calls[0]?.line).toMatch(/^docker exec -i lab-external-db psql .*-U postgres /)
    expect(calls[0]?.line).not.toContain(' -h ')
    expect(await databaseOf(() => '1\n').database.notReady()).toBeUndefined()
  })

  it('is asked over the network whether it takes a password', async () => {
    const { database, calls } = databaseOf(() => failed)
    expect(await database.refusal('172.18.0.9', SECRET)).toBe('FATAL:  starting up')
    expect(calls[0]?.line).toContain('-h 172.18.0.9 -U app -d app')
    expect(calls[0]?.options.input).toBe(`${SECRET}\n`)
    expect(await databaseOf(() => '1\n').database.refusal('172.18.0.9', SECRET)).toBeUndefined()
  })

  it('is given a password by SQL on standard input, which it does not log', async () => {
    const { database, calls } = databaseOf(() => '')
    await database.setPassword(SECRET)
    const sql = calls[0]?.options.input ?? ''
    const order = ["log_statement = 'none'", "log_min_error_statement = 'panic'", 'CREATE ROLE', SECRET]
    const places = order.map((words) => sql.indexOf(words))
    expect(places).not.toContain(-1)
    expect(places.toSorted((a, b) => a - b)).toEqual(places)
    expect(sql).toContain('\\set VERBOSITY terse')
  })

  it('takes a password with quotes as it is', async () => {
    const { database, calls } = databaseOf(() => '')
    await database.setPassword("a'; DROP ROLE app; --")
    expect(calls[0]?.options.input).toContain("PASSWORD 'a''; DROP ROLE app; --';")
  })

  it('never has the password in an argument, in the environment, or in a log', async () => {
    const { database, calls } = databaseOf(() => '')
    await database.refusal('172.18.0.9', SECRET)
    await database.setPassword(SECRET)
    for (const { line, options } of calls) {
      expect(line).not.toContain(SECRET)
      expect(Object.keys(options).toSorted()).toEqual(['input', 'signal'])
    }
  })

  it('says in its own words what was wrong', async () => {
    const error = await labErrorOf(databaseOf(() => failed).database.setPassword(SECRET))
    expect(error).toMatchObject({ code: 'command.failed' })
    expect(error.details).toContain('FATAL:  starting up')
    expect(error.message).not.toContain(SECRET)
  })
})
