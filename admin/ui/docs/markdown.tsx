import { Anchor, Code, Table, Typography } from '@mantine/core'
import ReactMarkdown, { type Components } from 'react-markdown'
import classes from './markdown.module.css'

/** What a document says of itself is written by strangers: no HTML of theirs is shown, and no picture is fetched. */
const components: Components = {
  // An address without a host is meant on the author's site, which we do not know.
  a: ({ href = '', children }) =>
    /^(https?|mailto):/i.test(href) ? (
      <Anchor href={href} target="_blank" rel="noreferrer noopener" inherit>
        {children}
      </Anchor>
    ) : (
      children
    ),
  img: ({ alt }) => alt,
  code: ({ children }) => <Code>{children}</Code>,
  table: ({ children }) => <Table>{children}</Table>,
  // The page has headings of its own.
  h1: ({ children }) => <p className={classes.heading}>{children}</p>,
  h2: ({ children }) => <p className={classes.heading}>{children}</p>,
  h3: ({ children }) => <p className={classes.heading}>{children}</p>,
  h4: ({ children }) => <p className={classes.heading}>{children}</p>,
}

export function Markdown({ text, isSmall = false }: { readonly text: string; readonly isSmall?: boolean }) {
  if (text === '') return null
  return (
    <Typography className={isSmall ? classes.small : classes.text}>
      <ReactMarkdown components={components}>{plainMarks(text)}</ReactMarkdown>
    </Typography>
  )
}

/** The few tags that documents use for what Markdown has signs for; all others stay visible as text. */
function plainMarks(text: string): string {
  return text
    .replace(/<br\s*\/?>/gi, '\n\n')
    .replace(/<\/?p>/gi, '\n\n')
    .replace(/<\/?(strong|b)>/gi, '**')
    .replace(/<\/?(code)>/gi, '`')
    .replace(/<a href="([^"]*)"[^>]*>(.*?)<\/a>/gi, '[$2]($1)')
}
