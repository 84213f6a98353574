import { Badge, Box, Code, Group, Loader, NativeSelect, Text, UnstyledButton } from '@mantine/core'
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { createContext, useContext, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { problemOf } from '../api/problem.ts'
import { Markdown } from './markdown.tsx'
import {
  boundsOf,
  type Components,
  choicesOf,
  innermost,
  isNullable,
  merged,
  type Property,
  propertiesOf,
  type Schema,
  typeOf,
  variantsOf,
} from './schema.ts'
import classes from './schema-tree.module.css'
import { useSource } from './source.tsx'

interface Parts {
  readonly components: Components
  readonly add: (more: Components) => void
}

const PartsContext = createContext<Parts>({ components: {}, add: () => {} })
export const PartsProvider = PartsContext.Provider
export const useParts = () => useContext(PartsContext)

/** A schema as rows that open. What had no room on the page is fetched when it is opened. */
export function SchemaTree({ schema }: { readonly schema: unknown }) {
  const { t } = useTranslation('docs')
  const { components } = useParts()
  const { schema: inner, cut } = innermost(components, schema)
  const isPlain = cut === undefined && propertiesOf(inner).length === 0 && variantsOf(inner).length === 0
  return (
    <Box className={classes.tree}>
      {isPlain ? (
        <Group gap="xs" p="xs">
          <Text ff="monospace" fz="xs">
            {typeOf(components, schema) || t('schema.any')}
          </Text>
          <Facts schema={inner} />
        </Group>
      ) : (
        <Below schema={schema} depth={0} />
      )}
    </Box>
  )
}

/** The properties of a schema, or a choice of what it may be. */
function Below({ schema, depth }: { readonly schema: unknown; readonly depth: number }) {
  const { t } = useTranslation('docs')
  const { components } = useParts()
  const [chosen, setChosen] = useState(0)
  const found = innermost(components, schema)
  if (found.cut !== undefined) return <Fetch name={found.cut} />
  const variants = variantsOf(found.schema)
  const properties = propertiesOf(found.schema)
  return (
    <>
      {properties.map((property) => (
        <Row key={property.name} property={property} depth={depth} />
      ))}
      {variants.length > 0 && (
        <div className={classes.variants}>
          {variants.length > 1 && (
            <NativeSelect
              size="xs"
              label={t('schema.oneOf')}
              value={chosen}
              onChange={({ currentTarget }) => setChosen(Number(currentTarget.value))}
              data={variants.map((variant, i) => ({
                value: String(i),
                label: nameOf(components, variant, i),
              }))}
            />
          )}
          <Below schema={variants[chosen] ?? variants[0]} depth={depth} />
        </div>
      )}
      {properties.length === 0 && variants.length === 0 && (
        <Group gap="xs" p="xs">
          <Text ff="monospace" fz="xs">
            {typeOf(components, found.schema) || t('schema.any')}
          </Text>
          <Facts schema={found.schema} />
        </Group>
      )}
    </>
  )
}

function nameOf(components: Components, variant: unknown, i: number): string {
  const { schema, name } = merged(components, variant)
  return (
    (typeof schema.title === 'string' && schema.title) || name || typeOf(components, variant) || `${i + 1}`
  )
}

function Row({ property, depth }: { readonly property: Property; readonly depth: number }) {
  const { t } = useTranslation('docs')
  const { components } = useParts()
  const [isOpen, setOpen] = useState(false)
  const { schema } = merged(components, property.schema)
  const inner = innermost(components, property.schema)
  const opens =
    inner.cut !== undefined || propertiesOf(inner.schema).length > 0 || variantsOf(inner.schema).length > 1
  const name = property.isAny ? t('schema.anyName') : property.name
  const Chevron = isOpen ? IconChevronDown : IconChevronRight
  const head = (
    <>
      {opens ? (
        <Chevron size={14} aria-hidden className={classes.chevron} />
      ) : (
        <span className={classes.chevron} />
      )}
      <span className={classes.name} data-deprecated={schema.deprecated === true || undefined}>
        {name}
      </span>
      <span className={classes.type}>{typeOf(components, property.schema) || t('schema.any')}</span>
      {property.isRequired && <span className={classes.required}>{t('schema.required')}</span>}
    </>
  )
  return (
    <div className={classes.row}>
      {opens ? (
        <UnstyledButton className={classes.head} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {head}
        </UnstyledButton>
      ) : (
        <div className={classes.head}>{head}</div>
      )}
      <div className={classes.about}>
        <Markdown text={String(schema.description ?? '')} isSmall />
        <Facts schema={schema} />
      </div>
      {isOpen && (
        <div className={classes.below}>
          <Below schema={property.schema} depth={depth + 1} />
        </div>
      )}
    </div>
  )
}

/** Bounds, choices and marks of a value. */
export function Facts({ schema }: { readonly schema: Schema }) {
  const { t } = useTranslation('docs')
  const choices = choicesOf(schema)
  const marks = [
    ...(schema.deprecated === true ? ['deprecated'] : []),
    ...(schema.readOnly === true ? ['readOnly'] : []),
    ...(schema.writeOnly === true ? ['writeOnly'] : []),
    ...(isNullable(schema) ? ['nullable'] : []),
  ]
  const bounds = boundsOf(schema)
  if (choices.length === 0 && marks.length === 0 && bounds.length === 0 && schema.default === undefined)
    return null
  return (
    <Group gap={6}>
      {marks.map((mark) => (
        <Badge key={mark} size="xs" variant="default" tt="none">
          {t(`schema.${mark}`)}
        </Badge>
      ))}
      {bounds.map(({ range, of }) => (
        <Code key={`${of} ${range}`} fz={11}>
          {of ? t(`schema.${of}`, { range }) : range}
        </Code>
      ))}
      {schema.default !== undefined && (
        <Text fz="xs" c="dimmed">
          {t('schema.default')} <Code fz={11}>{JSON.stringify(schema.default)}</Code>
        </Text>
      )}
      {choices.length > 0 && <Choices choices={choices.map(String)} />}
    </Group>
  )
}

const fewChoices = 8

function Choices({ choices }: { readonly choices: readonly string[] }) {
  const { t } = useTranslation('docs')
  const [all, setAll] = useState(choices.length <= fewChoices + 2)
  return (
    <>
      {(all ? choices : choices.slice(0, fewChoices)).map((choice) => (
        <Code key={choice} fz={11}>
          {choice}
        </Code>
      ))}
      {!all && (
        <UnstyledButton fz="xs" className={classes.more} onClick={() => setAll(true)}>
          {t('schema.more', { count: choices.length - fewChoices })}
        </UnstyledButton>
      )}
    </>
  )
}

/** Asks for a part once it is to be seen. */
function Fetch({ name }: { readonly name: string }) {
  const { t } = useTranslation('docs')
  const source = useSource()
  const { add } = useParts()
  const fetching = useMutation({
    mutationFn: () => source.part(name),
    onSuccess: ({ components }) => add(components),
  })
  if (fetching.isPending) return <Loader size="xs" m="xs" aria-label={t('schema.loading')} />
  return (
    <UnstyledButton fz="xs" m="xs" className={classes.more} onClick={() => fetching.mutate()}>
      {fetching.error
        ? t('schema.again', { why: problemOf(fetching.error).title })
        : t('schema.load', { name: name.slice(name.indexOf('/') + 1) })}
    </UnstyledButton>
  )
}
