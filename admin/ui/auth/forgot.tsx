import { Anchor, Button, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/client.ts'
import { ProblemAlert } from '../kit/problem-alert.tsx'

/** Asks for a link; the answer is the same whether there is such a person or not. */
export function Forgot() {
  const { t } = useTranslation('auth')
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: () => api.POST('/api/password-resets', { body: { email } }) })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    ask.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1}>{t('forgot.title')}</Title>
        <Text fz="sm" c="dimmed" role="status">
          {t(ask.isSuccess ? 'forgot.sent' : 'forgot.hint')}
        </Text>
        <ProblemAlert error={ask.error} />
        {!ask.isSuccess && (
          <>
            <TextInput
              label={t('field.email')}
              type="email"
              autoComplete="username"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              required
            />
            <Button type="submit" loading={ask.isPending}>
              {t('forgot.submit')}
            </Button>
          </>
        )}
        <Anchor component={Link} to="/auth/sign-in" fz="sm" ta="center">
          {t('factor.back')}
        </Anchor>
      </Stack>
    </form>
  )
}
