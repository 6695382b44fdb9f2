import { useMediaQuery } from '@mantine/hooks'
import { useLinkProps } from '@tanstack/react-router'
import { useId } from 'react'
import { artifactKindText } from '../../text/artifact-kinds.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { shortDigest, useImage } from './image-context.ts'
import { nodeHeight, nodeWidth, type Placed, placeNodes, stackNodes } from './relation-layout.ts'
import type { RelationNode } from './relation-nodes.ts'
import classes from './relation-picture.module.css'

const text = imageSecurityText.relations
/** Pixels: what is meant and what refers reach a node apart from each other. */
const apart = 7
const detailMax = 36

/** The relations drawn: each manifest is a link, and the arrows lead from what refers to what is meant. */
export function RelationPicture({ nodes }: { nodes: readonly RelationNode[] }) {
  const arrow = useId()
  const isNarrow = useMediaQuery('(max-width: 48em)') ?? false
  const { placed, width, height } = isNarrow ? stackNodes(nodes) : placeNodes(nodes)
  const all = [...placed.values()]
  return (
    <div className={classes.box}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label={text.picture}
      >
        <defs>
          <marker
            id={arrow}
            viewBox="0 0 10 10"
            refX="9"
            refY="5"
            markerWidth="7"
            markerHeight="7"
            orient="auto-start-reverse"
          >
            <path d="M0 0 L10 5 L0 10 z" className={classes.head} />
          </marker>
        </defs>
        {all.map((each) => (
          <Edge
            key={each.node.key}
            arrow={arrow}
            isNarrow={isNarrow}
            from={each.node.on === undefined ? undefined : placed.get(each.node.on)}
            to={each}
          />
        ))}
        {all.map((each) => (
          <NodeLink key={each.node.key} placed={each} />
        ))}
      </svg>
    </div>
  )
}

function Edge({
  arrow,
  isNarrow,
  from,
  to,
}: {
  arrow: string
  isNarrow: boolean
  from: Placed | undefined
  to: Placed
}) {
  if (!from) return null
  const head = `url(#${arrow})`
  const marker = to.node.isMeant ? { markerEnd: head } : { markerStart: head }
  if (isNarrow) {
    const path = `M${from.x + 12} ${from.y + nodeHeight} V${to.y + nodeHeight / 2} H${to.x}`
    return <path className={classes.edge} d={path} {...marker} />
  }
  const side = to.node.isMeant ? apart : -apart
  const [x1, y1] = [from.x + nodeWidth, from.y + nodeHeight / 2 + side]
  const [x2, y2] = [to.x, to.y + nodeHeight / 2]
  const middle = (x1 + x2) / 2
  return (
    <path
      className={classes.edge}
      d={`M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}
      {...marker}
    />
  )
}

function NodeLink({ placed: { node, x, y } }: { placed: Placed }) {
  const { repository } = useImage()
  const link = useLinkProps({
    to: '/repositories/$repository/images/$reference',
    params: { repository: repository.name, reference: node.digest },
  })
  const detail = visible(node.detail === '' ? shortDigest(node.digest) : node.detail)
  const isCut = detail.length > detailMax
  return (
    <a
      href={link.href}
      onClick={link.onClick}
      className={classes.node}
      data-kind={node.kind}
      {...(node.relation === 'self' && { 'aria-current': true })}
    >
      <title>{visible(`${artifactKindText[node.kind]} ${node.detail} ${node.digest}`)}</title>
      <rect x={x} y={y} width={nodeWidth} height={nodeHeight} rx={6} />
      <text x={x + 12} y={y + 19} className={classes.kind}>
        {artifactKindText[node.kind]}
      </text>
      <text x={x + 12} y={y + 36} className={classes.detail}>
        {isCut ? `${detail.slice(0, detailMax)}…` : detail}
      </text>
    </a>
  )
}
