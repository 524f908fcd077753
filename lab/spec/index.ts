export { externalDatabaseNode } from './external-database.js'
export { loadSpec, type LoadSpecOptions } from './load.js'
export { parseSpec, type ParsedSpec, type Spec, type Workloads } from './parse.js'
export type { SpecInput } from './schema.js'
