import { addressChecks } from './addresses.js'
import { endpointChecks } from './endpoints.js'
import { hostnameChecks } from './hostnames.js'
import { sliceChecks } from './slices.js'

export const endpointSliceChecks = [...addressChecks, ...sliceChecks, ...endpointChecks, ...hostnameChecks]
