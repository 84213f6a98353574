import 'swagger-ui-dist/swagger-ui.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import SwaggerUi from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import classes from './classic.module.css'

/** The page that many know by heart, of this operation alone: a document of megabytes would take it half a minute. */
export function Classic({ document }: { readonly document: Record<string, unknown> }) {
  const box = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('light')
  useEffect(() => {
    SwaggerUi({
      domNode: box.current,
      spec: document,
      docExpansion: 'full',
      defaultModelsExpandDepth: 0,
      // Calls are tried on the page beside it, which sends them the way that a page may.
      supportedSubmitMethods: [],
      validatorUrl: null,
    })
  }, [document])
  useEffect(() => {
    // Its styles for the dark ask the root element, and nothing else does.
    const { classList } = window.document.documentElement
    classList.toggle('dark-mode', scheme === 'dark')
    return () => classList.remove('dark-mode')
  }, [scheme])
  return <div ref={box} className={classes.classic} />
}
