import type { Looking, Parts } from '../looking.js'
import type { KafkaSeen } from '../model/kafka.js'

/** By `<namespace>/<StatefulSet>`. */
export function collectKafka(_looking: Looking): Promise<Parts<KafkaSeen>> {
  return Promise.resolve({})
}
