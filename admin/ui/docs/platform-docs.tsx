import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { DocsLayout } from './layout.tsx'
import { platformSource } from './source.tsx'

export function PlatformDocs() {
  const { version = '' } = useParams({ strict: false }) as { version?: string }
  const source = useMemo(() => platformSource(version), [version])
  return <DocsLayout source={source} />
}
