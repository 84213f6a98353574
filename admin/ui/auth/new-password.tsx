import { Anchor, Button, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/client.ts'
import { problemOf } from '../api/problem.ts'
import { ProblemAlert } from '../kit/problem-alert.tsx'
import { useLinkToken } from './token.ts'

/** Sets a new password by a link. */
export function NewPassword() {
  const { t } = useTranslation('auth')
  const token = useLinkToken()
  const [password, setPassword] = useState('')
  const use = useMutation({
    mutationFn: () => api.POST('/api/password-resets/use', { body: { token, password } }),
    gcTime: 0,
  })
  if (use.isSuccess)
    return (
      <Stack>
        <Title order={1}>{t('reset.done')}</Title>
        <Text fz="sm">{t('reset.doneHint')}</Text>
        <Anchor component={Link} to="/auth/sign-in" fz="sm">
          {t('signIn.title')}
        </Anchor>
      </Stack>
    )
  const weak = problemOf(use.error).code === 'password-weak'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    use.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1}>{t('reset.choose')}</Title>
        {use.error && !weak && <ProblemAlert error={use.error} />}
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
        <Button type="submit" loading={use.isPending}>
          {t('reset.submit')}
        </Button>
      </Stack>
    </form>
  )
}
