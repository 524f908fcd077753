import { randomUUID } from 'node:crypto'
import { collect, missing } from '../collect.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { databaseServices, passwordFiles } from '../model/databases.js'
import type { DatabaseSet } from '../model/databases.js'
import { nameOf, namespaceOf } from '../model/declared.js'
import type { Part } from '../model/observations.js'
import { MYSQL, ROOT_PASSWORD_KEYS, mysqlSets } from '../model/mysql.js'
import type { MysqlSeen, MysqlServerSeen } from '../model/mysql.js'
import { parseMysql, mysqlCommand } from '../mysql-script.js'
import type { MysqlHost } from '../mysql-script.js'
import { EXEC_MS } from '../deadlines.js'
import { ran } from '../exec.js'

/** What the servers of each MySQL say: one exec in each pod, all at once. */
export function collectMysql(looking: Looking): Promise<Parts<MysqlSeen>> {
  const { declared, lab, mayWrite, unlisted } = looking
  return byKey(
    mysqlSets(declared, lab),
    ({ key }) => key,
    async (mysql): Promise<Part<MysqlSeen>> => {
      if (unlisted !== undefined) return unlisted
      const servers = await byKey(
        mysql.pods,
        ({ name }) => name,
        ({ name }) => collectServer(looking, mysql, name),
      )
      const durationMs = Math.max(0, ...Object.values(servers).map((part) => part.durationMs))
      return { value: { servers, mayWrite }, source: `mariadb in the pods of ${mysql.key}`, durationMs }
    },
  )
}

function collectServer(
  { collecting, exec, pods, declared, lab, mayWrite }: Looking,
  mysql: DatabaseSet,
  pod: string,
): Promise<Part<MysqlServerSeen>> {
  const { set, namespace, container, port } = mysql
  const source = `kubectl exec -n ${namespace} ${pod} -c ${container} -- mariadb`
  if (!pods.some((each) => nameOf(each) === pod && namespaceOf(each) === namespace))
    return Promise.resolve(missing(`there is no pod ${pod}`, source))
  const services = databaseServices(mysql, declared, lab)
  const throughService = services.map(({ fqdn, port }): MysqlHost => ({
    kind: 'service',
    host: fqdn,
    port,
  }))
  const byName = mysql.pods.map(({ fqdn }): MysqlHost => ({ kind: 'pod', host: fqdn, port }))
  const task = {
    token: randomUUID(),
    // A replica that lost its source takes itself for a primary. A row in it would keep it from coming back.
    mayWrite: mayWrite && pod === mysql.pods[0]?.name,
    rootPasswordFiles: passwordFiles(set, container, ROOT_PASSWORD_KEYS),
    passwordFiles: passwordFiles(set, container, MYSQL.passwordKeys),
    hosts: [...throughService, ...byName],
  }
  const about = { name: `mysql.${namespace}/${pod}`, source, deadlineMs: EXEC_MS }
  return collect(collecting, about, async (signal) => {
    const stdout = ran(await exec({ namespace, pod, container }, mysqlCommand(task), signal))
    return parseMysql(stdout, task)
  })
}
