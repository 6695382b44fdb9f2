import { explainDecision } from '@berth/api/decisions.ts'
import { IconAlertTriangle, IconBan, IconCircleCheck } from '@tabler/icons-react'
import { useApi } from '../../api/queries.ts'
import { imageText } from '../../text/images.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { useImage } from './image-context.ts'
import classes from './images.module.css'

const text = imageText.verdict
const icons = { allow: IconCircleCheck, warn: IconAlertTriangle, deny: IconBan }

/** Whether it may be pulled, in one line. Nothing where the policy cannot be asked. */
export function VerdictLine() {
  const { repository, reference, platform } = useImage()
  const { data, error } = useApi(explainDecision, {
    params: { repository: repository.name, reference },
  })
  if (!data) return error ? null : <Skeleton height={36} label={text.loading} />
  const { decision, violations, moreViolations } = data.body
  const Icon = icons[decision]
  const worst = violations.find(({ mode }) => decision !== 'deny' || mode === 'enforce')
  const others = violations.length - 1 + moreViolations
  return (
    <div className={classes.verdict} data-decision={decision} role="status">
      <Icon size={18} aria-hidden />
      <strong>{text[decision]}</strong>
      {decision !== 'allow' && worst && (
        <span>
          <ForeignText text={`${worst.subject}: ${worst.found}`} max={200} />
          {others > 0 && `, ${text.more(others)}`}
        </span>
      )}
      <PageLink
        to="/repositories/$repository/images/$reference/trust"
        params={{ repository: repository.name, reference }}
        search={{ platform }}
      >
        {text.why}
      </PageLink>
    </div>
  )
}
