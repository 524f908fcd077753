import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VerifyResult } from '../../lab/report/model.js'
import { LAB, start, type Ended } from './program.js'
import { smallSpec } from './small-spec.js'

/** What belongs to it must not be taken for the first lab's, whose name it begins with. */
export const SECOND = `${LAB}-2`

const VXLAN = `  pools:
    - cidr: 192.168.0.0/16
      encapsulation: VXLAN
`

/** Another lab on the same host. Its pool has encapsulation VXLAN, which the nodes of one subnet do not need. */
export function secondLabTests(whileBoth: () => void): void {
  describe('a second lab beside it', { concurrent: false }, () => {
    let folder = ''
    const second = (command: string, ...args: string[]): Promise<Ended> =>
      start([command, '--lab', join(folder, 'lab.yaml'), ...args]).ended

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'headless-lab-test-second-'))
      await writeFile(join(folder, 'lab.yaml'), smallSpec(SECOND, VXLAN))
    })
    afterAll(async () => {
      await second('teardown')
      await rm(folder, { recursive: true, force: true })
    })

    it('is deployed and verified, and what pods of different nodes say is on the wire inside VXLAN', async () => {
      const { code, stderr } = await second('deploy')
      expect(stderr).toContain('deployed and verified in')
      expect(code).toBe(0)
      const { stdout } = await second('verify', '--only', 'calico.*', '--json')
      const { checks } = JSON.parse(stdout) as VerifyResult
      expect(checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
      expect(checks.find(({ id }) => id === 'calico.vxlan')?.evidence.observed).toEqual([
        expect.stringMatching(/^VXLAN .* -> /),
        expect.stringMatching(/^VXLAN .* -> /),
      ])
    })

    whileBoth()

    it('is as it was when the first one is gone', async () => {
      const { code } = await second('verify')
      expect(code).toBe(0)
      expect((await second('status')).code).toBe(0)
    })

    it('takes the network of both with it, as the last one that uses it', async () => {
      const { code, stderr } = await second('teardown')
      expect(stderr).toContain(`container ${SECOND}-control-plane`)
      expect(code).toBe(0)
    })
  })
}
