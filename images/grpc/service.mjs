// What server and client share: the service of whoami.proto, and its port.
import { fileURLToPath } from 'node:url'
import { loadPackageDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const proto = loadSync(fileURLToPath(new URL('whoami.proto', import.meta.url)))

/** The client's class; `Whoami.service` is what a server adds. */
export const { Whoami } = loadPackageDefinition(proto).headless_lab

/** The service's full name, as health checks ask for it. */
export const SERVICE_NAME = 'headless_lab.Whoami'

/** Port of gRPC's own examples, and of document 003. */
export const PORT = 50051
