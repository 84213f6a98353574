import {
  Button,
  Checkbox,
  Code,
  CopyButton as Copied,
  List,
  PasswordInput,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../api/client.ts'
import { ProblemAlert } from '../kit/problem-alert.tsx'
import { useArrival } from './arrival.ts'
import { QrCode } from './qr-code.tsx'

/** What protects the platform: an authenticator app, and codes on paper. Kept in this component's memory only. */
export function SetUpSecondFactor() {
  const { t } = useTranslation('auth')
  const [password, setPassword] = useState('')
  const begin = useMutation({
    mutationFn: (given: string) => dataOf(api.POST('/api/second-factor', { body: { password: given } })),
    gcTime: 0,
  })
  if (begin.data) return <Confirm uri={begin.data.uri} backupCodes={begin.data.backupCodes} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    begin.mutate(password)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1}>{t('setUp.title')}</Title>
        <Text fz="sm" c="dimmed">
          {t('setUp.why')}
        </Text>
        <ProblemAlert error={begin.error} />
        <PasswordInput
          label={t('field.password')}
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          required
        />
        <Button type="submit" loading={begin.isPending}>
          {t('setUp.begin')}
        </Button>
      </Stack>
    </form>
  )
}

function Confirm({ uri, backupCodes }: { readonly uri: string; readonly backupCodes: readonly string[] }) {
  const { t } = useTranslation('auth')
  const [code, setCode] = useState('')
  const [isKept, setKept] = useState(false)
  const arrive = useArrival(undefined)
  const confirm = useMutation({
    mutationFn: (given: string) => api.POST('/api/second-factor/confirm', { body: { code: given } }),
    onSuccess: arrive,
  })
  const secret = new URL(uri).searchParams.get('secret') ?? ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.mutate(code)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1}>{t('setUp.title')}</Title>
        <List type="ordered" fz="sm" spacing="md" withPadding={false}>
          <List.Item>
            {t('setUp.scan')}
            <QrCode text={uri} label={t('setUp.qr')} />
            <Text fz="xs" c="dimmed">
              {t('setUp.byHand')} <Code>{secret}</Code>
            </Text>
          </List.Item>
          <List.Item>
            {t('setUp.codes')}
            <SimpleGrid cols={2} spacing={4} verticalSpacing={4} my="xs">
              {backupCodes.map((one) => (
                <Code key={one}>{one}</Code>
              ))}
            </SimpleGrid>
            <Copied value={backupCodes.join('\n')}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy}>
                  {t(copied ? 'setUp.copied' : 'setUp.copy')}
                </Button>
              )}
            </Copied>
          </List.Item>
        </List>
        <Checkbox
          label={t('setUp.kept')}
          checked={isKept}
          onChange={(event) => setKept(event.currentTarget.checked)}
        />
        <ProblemAlert error={confirm.error} />
        <TextInput
          label={t('factor.code')}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value.trim())}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={6}
          required
        />
        <Button type="submit" loading={confirm.isPending} disabled={!isKept || code.length !== 6}>
          {t('setUp.finish')}
        </Button>
      </Stack>
    </form>
  )
}
