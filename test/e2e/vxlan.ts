import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VerifyResult } from '../../lab/report/model.js'
import { lab } from './program.js'

/** A small lab, as nothing else of the workloads is about encapsulation. */
const SPEC = `topology:
  workers: 1
  pools:
    - cidr: 192.168.0.0/16
      encapsulation: VXLAN
workloads:
  redis: { replicas: 2 }
${['postgres', 'kafka', 'mysql', 'grpc', 'externalDatabase', 'moon', 'webApi', 'fixtures']
  .map((workload) => `  ${workload}: { enabled: false }`)
  .join('\n')}
`

/** In the default lab the nodes are in one subnet, where its pool needs no encapsulation. */
export function vxlanTests(): void {
  describe('a lab whose pool has encapsulation VXLAN', { concurrent: false }, () => {
    let folder = ''
    let spec = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'headless-lab-vxlan-'))
      spec = join(folder, 'lab.yaml')
      await writeFile(spec, SPEC)
    })
    afterAll(async () => {
      await lab('teardown', '--lab', spec)
      await rm(folder, { recursive: true, force: true })
    })

    it('is deployed and verified, and what pods of different nodes say is on the wire inside VXLAN', async () => {
      const { code, stderr } = await lab('deploy', '--lab', spec)
      expect(stderr).toContain('deployed and verified in')
      expect(code).toBe(0)
      const { stdout } = await lab('verify', '--lab', spec, '--only', 'calico.*', '--json')
      const { checks } = JSON.parse(stdout) as VerifyResult
      expect(checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
      expect(checks.find(({ id }) => id === 'calico.vxlan')?.evidence.observed).toEqual([
        expect.stringMatching(/^VXLAN .* -> /),
        expect.stringMatching(/^VXLAN .* -> /),
      ])
    })
  })
}
