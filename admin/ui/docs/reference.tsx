import { Group, Stack, Tabs, Text, Title } from '@mantine/core'
import { type Dispatch, type SetStateAction, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { CodeBlock } from '../kit/code-block.tsx'
import { keyOf, type Parameter, type Place } from './call.ts'
import { Markdown } from './markdown.tsx'
import {
  type Components,
  innermost,
  isSchema,
  merged,
  propertiesOf,
  resolve,
  type Schema,
  typeOf,
  variantsOf,
} from './schema.ts'
import classes from './schema-tree.module.css'
import { Facts, PartsProvider, SchemaTree, useParts } from './schema-tree.tsx'
import type { OperationDocumentation } from './source.tsx'
import { StatusCode } from './status-code.tsx'
import tabs from './tabs.module.css'

interface ReferenceProps {
  readonly written: Schema
  readonly parameters: readonly Parameter[]
  readonly examples: OperationDocumentation['exampleAnswers']
  readonly components: Components
  readonly onComponents: Dispatch<SetStateAction<Components>>
}

/** What a call takes, and what it answers. */
export function Reference({ written, parameters, examples, components, onComponents }: ReferenceProps) {
  const { t } = useTranslation('docs')
  const parts = useMemo(
    () => ({ components, add: (more: Components) => onComponents((known) => joined(known, more)) }),
    [components, onComponents],
  )
  const body = resolve(components, written.requestBody).schema
  return (
    <PartsProvider value={parts}>
      <Stack gap="lg">
        {(['path', 'query', 'header'] as const).map((place) => (
          <Parameters key={place} place={place} parameters={parameters.filter((one) => one.in === place)} />
        ))}
        {isSchema(body.content) && hasFields(components, body.content) && (
          <section>
            <Title order={2} mb="xs">
              {t('body')}
            </Title>
            <Markdown text={String(body.description ?? '')} isSmall />
            <Content content={body.content} />
          </section>
        )}
        <section>
          <Title order={2} mb="xs">
            {t('answers')}
          </Title>
          <Answers responses={isSchema(written.responses) ? written.responses : {}} examples={examples} />
        </section>
      </Stack>
    </PartsProvider>
  )
}

/** Some documents give every operation a body, be it one without any field. */
function hasFields(components: Components, content: Schema): boolean {
  return Object.values(content).some((media) => {
    const { schema, cut } = innermost(components, isSchema(media) ? media.schema : undefined)
    const isEmpty = typeOf(components, schema) === 'object' && propertiesOf(schema).length === 0
    return (
      cut !== undefined || !isEmpty || variantsOf(schema).length > 0 || schema.additionalProperties === true
    )
  })
}

/** What was fetched takes the place of its stub; a stub never that of what is known. */
function joined(known: Components, more: Components): Components {
  const all: Record<string, Record<string, unknown>> = Object.fromEntries(
    Object.entries(known).map(([kind, names]) => [kind, { ...names }]),
  )
  for (const [kind, names] of Object.entries(more))
    for (const [name, part] of Object.entries(names)) {
      const there = all[kind]?.[name]
      const isStub = !isSchema(there) || there['x-cut'] === true
      if (isStub) all[kind] = { ...all[kind], [name]: part }
    }
  return all
}

function Parameters({
  place,
  parameters,
}: {
  readonly place: Place
  readonly parameters: readonly Parameter[]
}) {
  const { t } = useTranslation('docs')
  const { components } = useParts()
  if (parameters.length === 0) return null
  return (
    <section>
      <Title order={2} mb="xs">
        {t(`place.${place}`)}
      </Title>
      <div className={classes.tree}>
        {parameters.map((one) => (
          <div key={keyOf(one)} className={classes.row}>
            <div className={classes.head}>
              <span className={classes.name} data-deprecated={one.isDeprecated || undefined}>
                {one.name}
              </span>
              <span className={classes.type}>{typeOf(components, one.schema)}</span>
              {one.isRequired && <span className={classes.required}>{t('schema.required')}</span>}
            </div>
            <Markdown text={one.description} isSmall />
            <Facts schema={merged(components, one.schema).schema} />
          </div>
        ))}
      </div>
    </section>
  )
}

/** A body by its media types; most have one. */
function Content({ content }: { readonly content: Schema }) {
  const { t } = useTranslation('docs')
  const types = Object.entries(content).filter(([, media]) => isSchema(media)) as [string, Schema][]
  if (types.length === 1)
    return (
      <Stack gap={6}>
        <Text ff="monospace" fz="xs" c="dimmed">
          {types[0]![0]}
        </Text>
        <SchemaTree schema={types[0]![1].schema} />
      </Stack>
    )
  return (
    <Tabs defaultValue={types[0]?.[0] ?? null} variant="pills">
      <Tabs.List mb="xs" className={tabs.list} aria-label={t('mediaType')}>
        {types.map(([type]) => (
          <Tabs.Tab key={type} value={type} fz="xs">
            {type}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {types.map(([type, media]) => (
        <Tabs.Panel key={type} value={type}>
          <SchemaTree schema={media.schema} />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

interface AnswersProps {
  readonly responses: Schema
  readonly examples: ReferenceProps['examples']
}

function Answers({ responses, examples }: AnswersProps) {
  const { t } = useTranslation('docs')
  const { components } = useParts()
  const statuses = Object.keys(responses)
  return (
    <Tabs defaultValue={statuses[0] ?? null} variant="outline">
      <Tabs.List className={tabs.list} aria-label={t('answers')}>
        {statuses.map((status) => (
          <Tabs.Tab key={status} value={status}>
            <StatusCode status={status} />
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {statuses.map((status) => {
        const { schema: answer } = resolve(components, responses[status])
        const example = examples.find((one) => one.status === status)
        return (
          <Tabs.Panel key={status} value={status} pt="sm">
            <Stack gap="sm">
              <Markdown text={String(answer.description ?? '')} />
              {isSchema(answer.headers) && <Headers headers={answer.headers} />}
              {isSchema(answer.content) && Object.keys(answer.content).length > 0 && (
                <Content content={answer.content} />
              )}
              {example && <CodeBlock label={t('example')} code={example.text} />}
            </Stack>
          </Tabs.Panel>
        )
      })}
    </Tabs>
  )
}

function Headers({ headers }: { readonly headers: Schema }) {
  const { components } = useParts()
  return Object.entries(headers).map(([name, written]) => {
    const { schema: header } = resolve(components, written)
    return (
      <Group key={name} gap="xs" align="baseline">
        <span className={classes.name}>{name}</span>
        <span className={classes.type}>{typeOf(components, header.schema)}</span>
        <Markdown text={String(header.description ?? '')} isSmall />
      </Group>
    )
  })
}
