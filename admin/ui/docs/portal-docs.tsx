import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { DocsLayout } from './layout.tsx'
import { portalSource } from './source.tsx'

export function PortalDocs() {
  const { partner = '', version = '' } = useParams({ strict: false }) as {
    partner?: string
    version?: string
  }
  const source = useMemo(() => portalSource(partner, version), [partner, version])
  return <DocsLayout source={source} />
}
