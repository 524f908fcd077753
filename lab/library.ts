/**
 * The verifier as a library, `headless-lab/verify`: observe a cluster once, judge what was seen as often as you
 * like.
 *
 * @packageDocumentation
 */
export { judge } from './checks/judge.js'
export { selectChecks } from './checks/select.js'
export type { Selection } from './checks/select.js'
export { LabError } from './errors.js'
export type { ErrorCode, LabErrorOptions } from './errors.js'
export { rbacManifest, withCluster } from './observe/any-cluster.js'
export type { AnyCluster, ClusterOptions, RbacOptions, UseCluster } from './observe/any-cluster.js'
export type { Clock } from './observe/clock.js'
export { readDeclared } from './observe/model/declared.js'
export type { Declared } from './observe/model/declared.js'
export type { LabFacts, TopologyFacts } from './observe/model/lab.js'
export type { Observations, Pack, Part, PartMissing, PartSeen } from './observe/model/observations.js'
export type { EngineAccess, ProbePods, Recording, VerifyTarget } from './observe/model/target.js'
export { observe } from './observe/observe.js'
export type { ObserveOptions } from './observe/observe.js'
export { renderConsole } from './report/console.js'
export type { ConsoleOptions, Paint } from './report/console.js'
export { renderJson } from './report/json.js'
export { renderJunit } from './report/junit.js'
export { exitCodeOf } from './report/model.js'
export type { CheckResult, Evidence, Subject, Verdict, VerifyResult } from './report/model.js'
export { readRecording, writeRecording } from './report/recording-file.js'
export { parseRecording, printRecording } from './report/recording.js'
export { verifyJsonSchema } from './report/schema.js'
export { replay, verify } from './verify.js'
export type { PartProgress, RoundProgress, VerifyOptions, VerifyProgress } from './verify.js'
