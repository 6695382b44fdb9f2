import { Box, Code, Divider, List, Table, Text, Title, Typography } from '@mantine/core'
import { lexer, type Token, type Tokens } from 'marked'
import { Fragment, type ReactNode } from 'react'
import { ForeignText, visible } from './foreign-text.tsx'
import { OutLink } from './page.tsx'

const charactersMax = 64 * 1024
const depthMax = 12

/**
 * Markdown of a stranger, made into elements one by one: markup in it is shown as text, nothing of it is given to the browser
 * to read as HTML. Pictures are links, since nothing is loaded from elsewhere.
 */
export default function Markdown({ text }: { text: string }) {
  return (
    <Typography className="berth-panel" p="md" style={{ overflowWrap: 'anywhere' }}>
      <Box>{blocks(lexer(text.slice(0, charactersMax), { gfm: true }), 0)}</Box>
    </Typography>
  )
}

function blocks(tokens: readonly Token[], depth: number): ReactNode {
  if (depth > depthMax) return visible(tokens.map(({ raw }) => raw).join(''))
  return tokens.map((token, index) => <Fragment key={index}>{block(token, depth + 1)}</Fragment>)
}

function block(token: Token, depth: number): ReactNode {
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'hr':
      return <Divider my="md" />
    case 'heading': {
      const { depth: level, tokens } = token as Tokens.Heading
      // The page has its own first and second headings.
      return <Title order={Math.min(level + 2, 6) as 3 | 4 | 5 | 6}>{inline(tokens, depth)}</Title>
    }
    case 'paragraph':
      return <p>{inline((token as Tokens.Paragraph).tokens ?? [], depth)}</p>
    case 'text': {
      const { tokens, text } = token as Tokens.Text
      return tokens ? inline(tokens, depth) : <ForeignText text={text} max={4000} />
    }
    case 'code':
      return <Code block>{visible((token as Tokens.Code).text)}</Code>
    case 'blockquote':
      return <blockquote>{blocks((token as Tokens.Blockquote).tokens, depth)}</blockquote>
    case 'list': {
      const { ordered, items } = token as Tokens.List
      return (
        <List type={ordered ? 'ordered' : 'unordered'}>
          {items.map((item, index) => (
            <List.Item key={index}>{blocks(item.tokens, depth)}</List.Item>
          ))}
        </List>
      )
    }
    case 'table':
      return <MarkdownTable table={token as Tokens.Table} depth={depth} />
    default:
      // HTML, and whatever a later grammar brings: as it was written.
      return <Text span>{visible(token.raw)}</Text>
  }
}

function MarkdownTable({ table, depth }: { table: Tokens.Table; depth: number }) {
  return (
    <Table.ScrollContainer minWidth={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            {table.header.map(({ tokens }, index) => (
              <Table.Th key={index}>{inline(tokens, depth)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.rows.map((row, index) => (
            <Table.Tr key={index}>
              {row.map(({ tokens }, column) => (
                <Table.Td key={column}>{inline(tokens, depth)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function inline(tokens: readonly Token[], depth: number): ReactNode {
  if (depth > depthMax) return visible(tokens.map(({ raw }) => raw).join(''))
  return tokens.map((token, index) => <Fragment key={index}>{span(token, depth + 1)}</Fragment>)
}

function span(token: Token, depth: number): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inline((token as Tokens.Strong).tokens, depth)}</strong>
    case 'em':
      return <em>{inline((token as Tokens.Em).tokens, depth)}</em>
    case 'del':
      return <del>{inline((token as Tokens.Del).tokens, depth)}</del>
    case 'codespan':
      return <Code>{visible((token as Tokens.Codespan).text)}</Code>
    case 'br':
      return <br />
    case 'link':
      return (
        <OutLink href={(token as Tokens.Link).href}>
          {inline((token as Tokens.Link).tokens, depth)}
        </OutLink>
      )
    case 'image': {
      const { href, text } = token as Tokens.Image
      return <OutLink href={href}>{text === '' ? href : text}</OutLink>
    }
    case 'escape':
    case 'text': {
      const { tokens, text } = token as Tokens.Text
      return tokens ? inline(tokens, depth) : <ForeignText text={unescaped(text)} max={4000} />
    }
    default:
      return visible(token.raw)
  }
}

/** The grammar writes five characters as HTML does; here they are text. */
function unescaped(text: string): string {
  return text.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity)
}

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}
