import { createChallenge, kdfFields, proves } from '../crypto/srp.ts'
import { RpcError } from '../errors.ts'
import { bytesOf, longOf, objectOf } from '../tl/fields.ts'
import { type Handler, accountOf } from './call.ts'
import { logIn } from './login.ts'

const KDF = 'passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow'

export const PASSWORD: Record<string, Handler> = {
  'account.getPassword': async (call) => {
    const { world, key } = call
    const account = key.login.pending ?? accountOf(call)
    const verifier = await account.verifier(world.randomBytes)
    const common = {
      _: 'account.password',
      new_algo: { _: KDF, ...kdfFields(world.randomBytes(8), world.randomBytes(16)) },
      new_secure_algo: { _: 'securePasswordKdfAlgoUnknown' },
      secure_random: world.randomBytes(256),
    }
    if (!verifier) return common
    const challenge = createChallenge(verifier, world.randomBytes)
    key.login.challenge = challenge
    return {
      ...common,
      has_password: true,
      current_algo: { _: KDF, ...kdfFields(verifier.salt1, verifier.salt2) },
      srp_B: challenge.publicValue,
      srp_id: challenge.id,
    }
  },
  'auth.checkPassword': async (call, request) => {
    const { world, key } = call
    const account = key.login.pending ?? accountOf(call)
    const verifier = await account.verifier(world.randomBytes)
    const answer = objectOf(request, 'password')
    const { challenge } = key.login
    if (!verifier || answer._ !== 'inputCheckPasswordSRP') throw new RpcError(400, 'PASSWORD_HASH_INVALID')
    if (challenge?.id !== longOf(answer, 'srp_id')) throw new RpcError(400, 'SRP_ID_INVALID')
    key.login.challenge = null
    if (!proves(verifier, challenge, bytesOf(answer, 'A'), bytesOf(answer, 'M1')))
      throw new RpcError(400, 'PASSWORD_HASH_INVALID')
    return logIn(call, account, key.login.authorization ?? undefined)
  },
}
