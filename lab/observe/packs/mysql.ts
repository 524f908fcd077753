import type { Looking, Parts } from '../looking.js'
import type { MysqlSeen } from '../model/mysql.js'

/** By `<namespace>/<StatefulSet>`. */
export function collectMysql(_looking: Looking): Promise<Parts<MysqlSeen>> {
  return Promise.resolve({})
}
