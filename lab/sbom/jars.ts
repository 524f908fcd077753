import type { Component } from './cyclonedx.js'
import { licences } from './licences.js'
import { purl } from './purl.js'

interface Group {
  /** As the projects' POMs declare; of two, one may be chosen. */
  readonly licences: readonly string[]
  readonly artifacts: readonly string[]
}

/**
 * Who publishes the jars of images/kafka/libs.sha256, by Maven's group id. A file's name tells neither this nor the
 * licence, most jars do not either, and the POMs that do are only there while Maven runs.
 */
export const groups: Readonly<Record<string, Group>> = {
  'com.dynatrace.hash4j': apache('hash4j'),
  'com.fasterxml.jackson.core': apache('jackson-annotations', 'jackson-core', 'jackson-databind'),
  'com.fasterxml.jackson.dataformat': apache('jackson-dataformat-csv', 'jackson-dataformat-yaml'),
  'com.fasterxml.jackson.datatype': apache('jackson-datatype-jdk8'),
  'com.fasterxml.jackson.jakarta.rs': apache('jackson-jakarta-rs-base', 'jackson-jakarta-rs-json-provider'),
  'com.fasterxml.jackson.module': apache('jackson-module-jakarta-xmlbind-annotations'),
  'com.github.ben-manes.caffeine': apache('caffeine'),
  'com.github.luben': { licences: ['BSD-2-Clause'], artifacts: ['zstd-jni'] },
  'com.google.re2j': { licences: ['BSD-3-Clause'], artifacts: ['re2j'] },
  // The Eclipse Distribution License is the one with three clauses.
  'com.sun.activation': { licences: ['BSD-3-Clause'], artifacts: ['jakarta.activation'] },
  'com.typesafe.scala-logging': apache('scala-logging_2.13'),
  'com.yammer.metrics': apache('metrics-core'),
  'commons-beanutils': apache('commons-beanutils'),
  'commons-collections': apache('commons-collections'),
  'commons-digester': apache('commons-digester'),
  'commons-logging': apache('commons-logging'),
  'commons-validator': apache('commons-validator'),
  'jakarta.activation': { licences: ['BSD-3-Clause'], artifacts: ['jakarta.activation-api'] },
  'jakarta.xml.bind': { licences: ['BSD-3-Clause'], artifacts: ['jakarta.xml.bind-api'] },
  'net.sf.jopt-simple': { licences: ['MIT'], artifacts: ['jopt-simple'] },
  'net.sourceforge.argparse4j': { licences: ['MIT'], artifacts: ['argparse4j'] },
  'org.apache.kafka': apache(
    ...['kafka_2.13', 'kafka-clients', 'kafka-coordinator-common', 'kafka-group-coordinator'],
    ...['kafka-group-coordinator-api', 'kafka-metadata', 'kafka-raft', 'kafka-server', 'kafka-server-common'],
    ...['kafka-share-coordinator', 'kafka-storage', 'kafka-storage-api', 'kafka-tools', 'kafka-tools-api'],
    'kafka-transaction-coordinator',
  ),
  'org.apache.logging.log4j': apache('log4j-api', 'log4j-core', 'log4j-slf4j-impl'),
  'org.bitbucket.b_c': apache('jose4j'),
  'org.hdrhistogram': { licences: ['BSD-2-Clause', 'CC0-1.0'], artifacts: ['HdrHistogram'] },
  'org.jspecify': apache('jspecify'),
  'org.lz4': apache('lz4-java'),
  'org.pcollections': { licences: ['MIT'], artifacts: ['pcollections'] },
  'org.scala-lang': apache('scala-library', 'scala-reflect'),
  'org.slf4j': { licences: ['MIT'], artifacts: ['slf4j-api'] },
  'org.xerial.snappy': apache('snappy-java'),
  'org.yaml': apache('snakeyaml'),
}

function apache(...artifacts: readonly string[]): Group {
  return { licences: ['Apache-2.0'], artifacts }
}

/** A jar that lies in an image. */
export interface Jar {
  /** `<artifact>-<version>.jar`. */
  readonly file: string
  readonly sha256: string
}

export function jarComponent({ file, sha256 }: Jar): Component {
  const hashes = [{ alg: 'SHA-256' as const, content: sha256 }]
  const [, artifact = file, version] = /^(.+?)-(\d[\w.-]*)\.jar$/.exec(file) ?? []
  const [group, published] =
    Object.entries(groups).find(([, { artifacts }]) => artifacts.includes(artifact)) ?? []
  if (version === undefined || group === undefined)
    return { type: 'file', 'bom-ref': `file:${file}`, name: file, hashes }
  const url = purl('maven', [group, artifact], version)
  return {
    ...{ type: 'library', 'bom-ref': url, group, name: artifact, version, hashes },
    ...licences(published?.licences ?? [], 'declared'),
    purl: url,
  }
}
