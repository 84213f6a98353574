import { Alert, Button, Checkbox, Group, Stack, Textarea, Title } from '@mantine/core'
import { IconSend } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { problemOf } from '../api/problem.ts'
import { Answer } from './answer.tsx'
import { type Draft, keyOf, type Parameter, tryCallOf } from './call.ts'
import { CredentialField } from './credential-field.tsx'
import { environmentOf, useHeld } from './held.ts'
import { ParameterField } from './parameter-field.tsx'
import { type Documentation, type OperationDocumentation, useSource } from './source.tsx'

interface TryItProps {
  readonly found: OperationDocumentation
  readonly documentation: Documentation
  readonly parameters: readonly Parameter[]
  readonly draft: Draft
  readonly setDraft: (change: (draft: Draft) => Draft) => void
}

/** Sends the call through the gateway, as a partner's program would, and shows what came back. */
export function TryIt({ found, parameters, draft, setDraft }: TryItProps) {
  const { t } = useTranslation('docs')
  const source = useSource()
  const { kind, secret } = useHeld()
  const [isSure, setSure] = useState(false)
  const isLive = environmentOf(secret) === 'live'
  const credential = secret === '' ? null : kind === 'token' ? { kind, token: secret } : { kind, key: secret }
  const sending = useMutation({
    mutationFn: () => source.send(tryCallOf(found.operation.id, draft, parameters, credential)),
  })
  const set = (key: string, value: string) =>
    setDraft((before) => ({ ...before, values: { ...before.values, [key]: value } }))
  const problem = sending.error && problemOf(sending.error)
  const faultAt = (pointer: string) => problem?.errors.find((fault) => fault.pointer === pointer)?.detail
  return (
    <Stack gap="md">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          sending.mutate()
        }}
      >
        <Stack gap="md">
          <CredentialField scopes={found.operation.scopes} />
          {isLive && (
            <Alert color="red" title={t('try.live')}>
              <Checkbox
                label={t('try.liveSure')}
                checked={isSure}
                onChange={({ currentTarget }) => setSure(currentTarget.checked)}
              />
            </Alert>
          )}
          {(['path', 'query', 'header'] as const).map((place) => {
            const some = parameters.filter((one) => one.in === place)
            if (some.length === 0) return null
            return (
              <Stack key={place} gap="xs" component="fieldset" bd={0} p={0} m={0}>
                <Title order={3} component="legend" p={0}>
                  {t(`place.${place}`)}
                </Title>
                {some.map((one) => (
                  <ParameterField
                    key={keyOf(one)}
                    parameter={one}
                    components={found.document.components}
                    value={draft.values[keyOf(one)] ?? ''}
                    onChange={(value) => set(keyOf(one), value)}
                    error={place === 'path' ? faultAt(`/path/${one.name}`) : undefined}
                  />
                ))}
              </Stack>
            )
          })}
          {draft.body && (
            <Textarea
              label={t('try.body', { type: draft.body.type })}
              autosize
              minRows={4}
              maxRows={24}
              spellCheck={false}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
              value={draft.body.text}
              onChange={({ currentTarget: { value } }) =>
                setDraft((before) => ({ ...before, body: before.body && { ...before.body, text: value } }))
              }
            />
          )}
          <Group>
            <Button
              type="submit"
              loading={sending.isPending}
              disabled={isLive && !isSure}
              leftSection={<IconSend size={16} aria-hidden />}
              color={isLive ? 'red' : undefined}
            >
              {t(isLive ? 'try.sendLive' : 'try.send')}
            </Button>
          </Group>
        </Stack>
      </form>
      <div aria-live="polite">
        {problem && (
          <Alert color="red" title={problem.title || t('try.failed')}>
            {problem.errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ') || problem.detail}
          </Alert>
        )}
        {sending.data && <Answer answer={sending.data} />}
      </div>
    </Stack>
  )
}
