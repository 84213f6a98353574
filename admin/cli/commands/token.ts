import type { Command } from 'commander'
import { reach } from '../client.ts'
import { type Io, readText } from '../io.ts'
import { print } from '../output.ts'
import { addLiveTokenCommands } from './live-tokens.ts'

interface Options {
  readonly clientId: string
  readonly secretFile?: string
  readonly gateway: string
  readonly scope?: string[]
}
interface TokenAnswer {
  readonly access_token?: string
  readonly error?: string
  readonly error_description?: string
}

const examples = `
The client secret comes from GATEWAYCTL_CLIENT_SECRET or a file, never from an argument.

Examples:
  gatewayctl token get --client-id cred_01… --secret-file - < secret.txt
  GATEWAYCTL_CLIENT_SECRET=… gatewayctl token get --client-id cred_01… --scope payments:write`

export function addTokenCommand(program: Command, io: Io): void {
  const group = program.command('token').description('access tokens: get one, list and end those that live')
  addLiveTokenCommands(group, io)
  group
    .command('get', { isDefault: true })
    .description('get an access token from the gateway (client credentials) and print it')
    .requiredOption('--client-id <id>', 'id of the OAuth client')
    .option('--secret-file <file>', 'file with its secret, - for stdin')
    .option(
      '--gateway <url>',
      'address of the gateway (GATEWAYCTL_GATEWAY_URL)',
      io.env.GATEWAYCTL_GATEWAY_URL ?? 'http://127.0.0.1:8000',
    )
    .option('--scope <scopes...>', 'scopes to ask for; default: all that are granted')
    .addHelpText('after', examples)
    .action(async (options: Options, command: Command) => {
      const { secretFile } = options
      const text = secretFile === undefined ? io.env.GATEWAYCTL_CLIENT_SECRET : await readText(io, secretFile)
      const secret = text?.trim()
      if (!secret)
        command.error('There is no client secret: set GATEWAYCTL_CLIENT_SECRET or give --secret-file.', {
          exitCode: 2,
        })
      if (!URL.canParse(options.gateway))
        command.error(`--gateway: ${options.gateway} is not an address like http://127.0.0.1:8000`, {
          exitCode: 2,
        })
      const answer = await askForToken(options, secret)
      print(io, command, answer, () => answer.access_token!)
    })
}

async function askForToken({ gateway, clientId, scope }: Options, secret: string): Promise<TokenAnswer> {
  // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
  const basic = Buffer.from([clientId, secret].map(formEncoded).join(':')).toString('base64')
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope ? { scope: scope.join(' ') } : {}),
  })
  const response = await reach(new URL('/oauth2/token', gateway), {
    method: 'POST',
    headers: { Authorization: `Basic ${basic}` },
    body,
    redirect: 'error',
  })
  const text = await response.text()
  let answer: TokenAnswer
  try {
    answer = JSON.parse(text)
  } catch {
    throw new Error(`${gateway} answered ${response.status}; is it the gateway?`)
  }
  if (response.ok) return answer
  throw new Error(`The gateway gave no token: ${answer.error_description ?? answer.error ?? response.status}`)
}

const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
