import type { Looking, Parts } from '../looking.js'
import type { GrpcSeen } from '../model/grpc.js'

/** By `<namespace>/<Deployment>` of the client. */
export function collectGrpc(_looking: Looking): Promise<Parts<GrpcSeen>> {
  return Promise.resolve({})
}
