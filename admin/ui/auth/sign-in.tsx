import { Anchor, Button, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../api/client.ts'
import { ProblemAlert } from '../kit/problem-alert.tsx'
import { useArrival } from './arrival.ts'
import { SecondFactor } from './second-factor.tsx'

export function SignIn() {
  const { t } = useTranslation('auth')
  const { to } = useSearch({ strict: false }) as { to?: string }
  const [asksForFactor, setAsksForFactor] = useState(false)
  const arrive = useArrival(to)
  const form = useForm({ mode: 'uncontrolled', initialValues: { email: '', password: '' } })
  const signIn = useMutation({
    mutationFn: (body: { email: string; password: string }) => dataOf(api.POST('/api/session', { body })),
    onSuccess: ({ next }) => (next === 'second-factor' ? setAsksForFactor(true) : arrive()),
  })
  if (asksForFactor) return <SecondFactor onDone={arrive} onBack={() => setAsksForFactor(false)} />
  return (
    <form onSubmit={form.onSubmit((values) => signIn.mutate(values))}>
      <Stack>
        <Title order={1}>{t('signIn.title')}</Title>
        <ProblemAlert error={signIn.error} />
        <TextInput
          label={t('field.email')}
          type="email"
          autoComplete="username"
          required
          data-autofocus
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <PasswordInput
          label={t('field.password')}
          autoComplete="current-password"
          required
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <Button type="submit" loading={signIn.isPending}>
          {t('signIn.submit')}
        </Button>
        <Anchor component={Link} to="/auth/forgot" fz="sm" ta="center">
          {t('signIn.forgot')}
        </Anchor>
      </Stack>
    </form>
  )
}
