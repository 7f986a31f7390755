import { ConfigurationError } from './errors.ts'
import { versionProblem } from './node-version.ts'

// The first import of each entry point, so that an older Node says this, and not what it lacks.
const problem = versionProblem(process.versions.node)
if (problem !== undefined)
  throw new ConfigurationError('node.too_old', problem, {
    hint: 'Install Node.js 24, or name it in "engines" of package.json where a host chooses by that.',
  })
