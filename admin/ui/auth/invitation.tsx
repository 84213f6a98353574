import { Anchor, Button, Loader, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../api/client.ts'
import { problemOf } from '../api/problem.ts'
import { ProblemAlert } from '../kit/problem-alert.tsx'
import { useArrival } from './arrival.ts'
import { useLinkToken } from './token.ts'

/** Accepts an invitation, and signs in with what was just chosen. */
export function Invitation() {
  const { t } = useTranslation('auth')
  const token = useLinkToken()
  const arrive = useArrival(undefined)
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const invitation = useQuery({
    queryKey: ['invitation'],
    queryFn: () => dataOf(api.POST('/api/invitations/look', { body: { token } })),
    retry: false,
    gcTime: 0,
  })
  const accept = useMutation({
    mutationFn: async (isKnown: boolean) => {
      const { email } = await dataOf(
        api.POST('/api/invitations/accept', { body: isKnown ? { token } : { token, name, password } }),
      )
      if (!isKnown) await api.POST('/api/session', { body: { email, password } })
    },
    onSuccess: arrive,
    gcTime: 0,
  })
  if (invitation.isPending) return <Loader aria-label={t('invitation.title')} />
  if (invitation.error)
    return (
      <Stack>
        <Title order={1}>{t('invitation.title')}</Title>
        <ProblemAlert error={invitation.error} />
      </Stack>
    )
  const { email, partner, isKnown } = invitation.data
  const weak = problemOf(accept.error).code === 'password-weak'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    accept.mutate(isKnown)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1}>
          {partner ? t('invitation.toPartner', { partner }) : t('invitation.toPlatform')}
        </Title>
        <Text fz="sm" c="dimmed">
          {t(isKnown ? 'invitation.known' : 'invitation.choose')}
        </Text>
        {accept.error && !weak && <ProblemAlert error={accept.error} />}
        <TextInput label={t('field.email')} value={email} readOnly autoComplete="username" />
        {!isKnown && (
          <>
            <TextInput
              label={t('field.name')}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              autoComplete="name"
              required
            />
            <PasswordInput
              label={t('field.newPassword')}
              description={t('field.passwordHint')}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              error={weak && t('common:problem.password-weak')}
              autoComplete="new-password"
              minLength={12}
              required
            />
          </>
        )}
        <Button type="submit" loading={accept.isPending}>
          {t('invitation.accept')}
        </Button>
        {isKnown && (
          <Anchor component={Link} to="/auth/sign-in" fz="sm" ta="center">
            {t('signIn.title')}
          </Anchor>
        )}
      </Stack>
    </form>
  )
}
