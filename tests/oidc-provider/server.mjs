// An OpenID provider on a port of this machine, for the tests of staff log-in: prints {"issuer":…} when it answers, and
// ends with its standard input.
//
// OIDC_TOOLS names the folder with node_modules, OIDC_REDIRECT the one address it sends browsers back to, OIDC_PORT a
// port (0 takes a free one). Whoever logs in as NAME is NAME, whatever the password, with the groups that GET
// /test/groups?name=NAME&group=… gave last. Each process signs with keys of its own.

import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const module = join(process.env.OIDC_TOOLS, 'node_modules/oidc-provider/lib/index.js')
const { default: Provider } = await import(pathToFileURL(module))
// The standard output is read for one line alone.
console.info = console.warn
const groups = new Map()
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

const configuration = {
  clients: [{
    client_id: 'filo',
    client_secret: process.env.OIDC_SECRET,
    redirect_uris: [process.env.OIDC_REDIRECT],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: process.env.OIDC_AUTH ?? 'client_secret_basic',
  }],
  clientAuthMethods: [process.env.OIDC_AUTH ?? 'client_secret_basic'],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['preferred_username', 'name'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'groups'],
  // Where the claims are: some providers put them into the ID token, others answer them at the userinfo endpoint.
  conformIdTokenClaims: process.env.OIDC_CLAIMS === 'userinfo',
  cookies: { keys: ['only a test'] },
  findAccount: (_context, name) => ({
    accountId: name,
    claims: () => ({
      sub: name, preferred_username: name, name: `${name} of the city`, groups: groups.get(name) ?? [],
    }),
  }),
}

const server = createServer()
server.listen(Number(process.env.OIDC_PORT ?? 0), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, configuration).callback()
  server.on('request', (request, response) => {
    const { pathname, searchParams } = new URL(request.url, issuer)
    if (pathname !== '/test/groups') return provider(request, response)
    groups.set(searchParams.get('name'), searchParams.getAll('group'))
    response.end()
  })
  console.log(JSON.stringify({ issuer }))
})
process.stdin.on('end', () => process.exit(0)).resume()
