import { Alert, Switch, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf, type Schemas } from '../api/client.ts'
import { CodeBlock } from '../kit/code-block.tsx'
import { apiKeyCredential, curlOf, type SampleCall, tokenCredential } from '../kit/curl.ts'
import { ErrorState } from '../kit/states.tsx'
import { type Draft, type Parameter, sampleCallOf } from './call.ts'
import { useHeld } from './held.ts'
import type { Documentation, OperationDocumentation } from './source.tsx'
import tabs from './tabs.module.css'

const languages = { node: 'Node.js', python: 'Python', java: 'Java', go: 'Go', php: 'PHP' } as const
type Language = keyof typeof languages

interface CodeSamplesProps {
  readonly found: OperationDocumentation
  readonly documentation: Documentation
  readonly parameters: readonly Parameter[]
  readonly draft: Draft
}

/** The call as it is filled in, as a program. The key stands in it only when one asks for that. */
export function CodeSamples({ found, documentation, parameters, draft }: CodeSamplesProps) {
  const { t } = useTranslation('docs')
  const { kind, secret } = useHeld()
  const [isInlined, setInlined] = useState(false)
  const call = sampleCallOf(found, documentation, draft, parameters)
  const inlined = isInlined && secret !== '' ? secret : undefined
  const credential = {
    ...(kind === 'token' ? tokenCredential : apiKeyCredential),
    ...(inlined !== undefined && { secret: inlined }),
  }
  return (
    <Tabs defaultValue="curl" keepMounted={false}>
      <Tabs.List mb="sm" className={tabs.list}>
        <Tabs.Tab value="curl">{'curl'}</Tabs.Tab>
        {Object.entries(languages).map(([language, name]) => (
          <Tabs.Tab key={language} value={language}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {secret !== '' && (
        <Switch
          mb="sm"
          label={t('code.inline')}
          checked={isInlined}
          onChange={({ currentTarget }) => setInlined(currentTarget.checked)}
        />
      )}
      {inlined !== undefined && (
        <Alert color="orange" mb="sm">
          {t('code.inlined')}
        </Alert>
      )}
      <Tabs.Panel value="curl">
        <CodeBlock label="curl" code={curlOf(call, credential)} />
      </Tabs.Panel>
      {(Object.keys(languages) as Language[]).map((language) => (
        <Tabs.Panel key={language} value={language}>
          <Written call={call} kind={kind} language={language} inlined={inlined} />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

interface WrittenProps {
  readonly call: SampleCall
  readonly kind: 'api-key' | 'token'
  readonly language: Language
  readonly inlined: string | undefined
}

/** Written by the server, which never sees the key: here it takes the place of what reads it. */
function Written({ call, kind, language, inlined }: WrittenProps) {
  const { url, method, headers, body } = call
  const asked: Schemas['CodeSampleRequest'] = {
    language,
    method,
    url,
    headers: [...headers],
    body,
    credential: kind,
  }
  const sample = useQuery({
    queryKey: ['code-sample', asked],
    queryFn: () => dataOf(api.POST('/api/code-samples', { body: asked })),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  })
  if (sample.error) return <ErrorState error={sample.error} onRetry={() => void sample.refetch()} />
  const { code = '', secret = null } = sample.data ?? {}
  const shown =
    inlined !== undefined && secret !== null ? code.replaceAll(secret, JSON.stringify(inlined)) : code
  return <CodeBlock label={languages[language]} code={shown} />
}
