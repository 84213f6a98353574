import { Box, Group, Text } from '@mantine/core'
import classes from './code-block.module.css'
import { CopyButton } from './copy.tsx'

interface CodeBlockProps {
  readonly label: string
  readonly code: string
  readonly actions?: React.ReactNode
}

/** Text to copy: code, or the body of an answer. It scrolls by itself, by keyboard too. */
export function CodeBlock({ label, code, actions }: CodeBlockProps) {
  return (
    <Box className={classes.block}>
      <Group className={classes.head} justify="space-between" wrap="nowrap">
        <Text fz="xs" c="dimmed">
          {label}
        </Text>
        <Group gap={4} wrap="nowrap">
          {actions}
          <CopyButton value={code} />
        </Group>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <pre className={classes.code} tabIndex={0}>
        {code}
      </pre>
    </Box>
  )
}
