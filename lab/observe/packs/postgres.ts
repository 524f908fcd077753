import { randomUUID } from 'node:crypto'
import { collect, missing } from '../collect.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { databaseServices, passwordFiles } from '../model/databases.js'
import type { DatabaseSet } from '../model/databases.js'
import { nameOf, namespaceOf } from '../model/declared.js'
import type { Part } from '../model/observations.js'
import { POSTGRES, postgresSets } from '../model/postgres.js'
import type { PostgresSeen, PostgresServerSeen } from '../model/postgres.js'
import { parsePostgres, postgresCommand } from '../postgres-script.js'
import type { PostgresHost } from '../postgres-script.js'
import { EXEC_MS } from '../deadlines.js'
import { ran } from '../exec.js'

/** What the servers of each Postgres say: one exec in each pod, all at once. */
export function collectPostgres(looking: Looking): Promise<Parts<PostgresSeen>> {
  const { declared, lab, mayWrite, unlisted } = looking
  return byKey(
    postgresSets(declared, lab),
    ({ key }) => key,
    async (postgres): Promise<Part<PostgresSeen>> => {
      if (unlisted !== undefined) return unlisted
      const servers = await byKey(
        postgres.pods,
        ({ name }) => name,
        ({ name }) => collectServer(looking, postgres, name),
      )
      const durationMs = Math.max(0, ...Object.values(servers).map((part) => part.durationMs))
      return { value: { servers, mayWrite }, source: `psql in the pods of ${postgres.key}`, durationMs }
    },
  )
}

function collectServer(
  { collecting, exec, pods, declared, lab, mayWrite }: Looking,
  postgres: DatabaseSet,
  pod: string,
): Promise<Part<PostgresServerSeen>> {
  const { set, namespace, container, port } = postgres
  const source = `kubectl exec -n ${namespace} ${pod} -c ${container} -- psql`
  if (!pods.some((each) => nameOf(each) === pod && namespaceOf(each) === namespace))
    return Promise.resolve(missing(`there is no pod ${pod}`, source))
  const services = databaseServices(postgres, declared, lab)
  const throughService = services.map(({ fqdn, port }): PostgresHost => ({
    kind: 'service',
    host: fqdn,
    port,
  }))
  const byName = postgres.pods.map(({ fqdn }): PostgresHost => ({ kind: 'pod', host: fqdn, port }))
  const primary = services.findIndex(({ role }) => role === 'primary')
  const writeTo = throughService[primary]
  const task = {
    token: randomUUID(),
    mayWrite,
    ...(writeTo === undefined ? {} : { writeTo }),
    passwordFiles: passwordFiles(set, container, POSTGRES.passwordKeys),
    hosts: [...throughService, ...byName],
    port,
  }
  const about = { name: `postgres.${namespace}/${pod}`, source, deadlineMs: EXEC_MS }
  return collect(collecting, about, async (signal) => {
    const stdout = ran(await exec({ namespace, pod, container }, postgresCommand(task), signal))
    return parsePostgres(stdout, task)
  })
}
