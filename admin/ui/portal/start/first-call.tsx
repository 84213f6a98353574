import { Button, Card, Group, Select, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Answer } from '../../docs/answer.tsx'
import { draftOf, parametersOf, sampleCallOf, tryCallOf, writtenOperation } from '../../docs/call.ts'
import { hold } from '../../docs/held.ts'
import { indexQuery, operationQuery, portalSource } from '../../docs/source.tsx'
import { CodeBlock } from '../../kit/code-block.tsx'
import { apiKeyCredential, curlOf } from '../../kit/curl.ts'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { Acknowledge, SecretField } from '../../kit/secret-dialog.tsx'
import { type PortalVersion, usePartner } from '../queries.ts'

interface FirstCallProps {
  readonly version: PortalVersion
  readonly secret: string
  readonly onDone: () => void
}

/** The key, shown this once, and a call with it at the press of a button. */
export function FirstCall({ version, secret, onDone }: FirstCallProps) {
  const { t } = useTranslation('start')
  const partner = usePartner()
  const source = useMemo(() => portalSource(partner, version.id), [partner, version.id])
  const index = useQuery(indexQuery(source))
  const operations = index.data?.operations ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const safest =
    operations.find(({ method, isDeprecated }) => method === 'GET' && !isDeprecated) ?? operations[0]
  const operationId = chosen ?? safest?.id ?? ''
  const operation = useQuery({ ...operationQuery(source, operationId), enabled: operationId !== '' })
  const call = useMemo(() => {
    if (!operation.data || !index.data) return undefined
    const draft = draftOf(operation.data)
    const parameters = parametersOf(
      writtenOperation(operation.data),
      operation.data.document.components as never,
    )
    return {
      request: tryCallOf(operationId, draft, parameters, { kind: 'api-key', key: secret }),
      sample: sampleCallOf(operation.data, index.data, draft, parameters),
    }
  }, [operation.data, index.data, operationId, secret])
  const send = useMutation({ mutationFn: () => source.send(call!.request) })
  const done = () => {
    hold({ kind: 'api-key', secret })
    onDone()
  }
  return (
    <Stack maw={760}>
      <Card withBorder p="lg">
        <Stack>
          <Title order={2}>{t('key.title')}</Title>
          <Text fz="sm">{t('common:secret.once')}</Text>
          <SecretField secret={secret} variable="API_KEY" />
        </Stack>
      </Card>
      <Card withBorder p="lg">
        <Stack>
          <Group justify="space-between" align="flex-end">
            <Select
              label={t('field.operation')}
              data={operations.map(({ id, method, path }) => ({ value: id, label: `${method} ${path}` }))}
              value={operationId}
              onChange={setChosen}
              allowDeselect={false}
              flex={1}
            />
            <Button
              onClick={() => send.mutate()}
              loading={send.isPending || operation.isPending}
              disabled={!call}
            >
              {t('send')}
            </Button>
          </Group>
          <ProblemAlert error={send.error ?? index.error ?? operation.error} />
          {send.data && <Answer answer={send.data} />}
          {call && <CodeBlock label={t('curl')} code={curlOf(call.sample, apiKeyCredential)} />}
        </Stack>
      </Card>
      <Acknowledge onDone={done} />
    </Stack>
  )
}
