import { Anchor, Button, PinInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/client.ts'
import { ProblemAlert } from '../kit/problem-alert.tsx'

interface SecondFactorProps {
  readonly onDone: () => void
  readonly onBack: () => void
}

/** The second step of signing in: six digits of the app, or a code on paper. */
export function SecondFactor({ onDone, onBack }: SecondFactorProps) {
  const { t } = useTranslation('auth')
  const [usesPaper, setUsesPaper] = useState(false)
  const [code, setCode] = useState('')
  const pass = useMutation({
    mutationFn: (given: string) => api.POST('/api/session/second-factor', { body: { code: given } }),
    onSuccess: onDone,
    onError: () => setCode(''),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    pass.mutate(code)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1}>{t('factor.title')}</Title>
        <Text fz="sm" c="dimmed">
          {t(usesPaper ? 'factor.paperHint' : 'factor.appHint')}
        </Text>
        <ProblemAlert error={pass.error} />
        {usesPaper ? (
          <TextInput
            label={t('factor.paper')}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            autoComplete="off"
            required
            autoFocus
          />
        ) : (
          <PinInput
            length={6}
            type="number"
            oneTimeCode
            autoFocus
            value={code}
            onChange={setCode}
            onComplete={(full) => pass.mutate(full)}
            aria-label={t('factor.code')}
            getInputProps={(index) => ({ 'aria-label': t('factor.digit', { number: index + 1 }) })}
          />
        )}
        <Button type="submit" loading={pass.isPending} disabled={code.length < 6}>
          {t('factor.submit')}
        </Button>
        <Anchor component="button" type="button" fz="sm" onClick={() => setUsesPaper(!usesPaper)}>
          {t(usesPaper ? 'factor.useApp' : 'factor.usePaper')}
        </Anchor>
        <Anchor component="button" type="button" fz="sm" onClick={onBack}>
          {t('factor.back')}
        </Anchor>
      </Stack>
    </form>
  )
}
