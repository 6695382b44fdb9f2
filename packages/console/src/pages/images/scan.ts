import { listFindings } from '@berth/api/findings.ts'
import { listImagePackages, readScan, requestScan } from '@berth/api/scans.ts'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type * as z from 'zod'
import { useApi, useApiAction } from '../../api/queries.ts'
import { imageText as text } from '../../text/images.ts'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { useImage } from './image-context.ts'

export type ImageScan = z.output<typeof readScan.answer>['scans'][number]

const pollMs = 1500

export function isUnderWay({ state }: ImageScan): boolean {
  return state === 'waiting' || state === 'running'
}

/** What scanning knows of the image that the tabs speak of; asked again while a scan runs. */
export function useScan() {
  const { repository, top, image } = useImage()
  const client = useQueryClient()
  const query = useApi(
    readScan,
    { params: { repository: repository.name, reference: top.digest } },
    {},
    ({ scans: read }) => (read.some(isUnderWay) ? pollMs : false),
  )
  const scans = query.data?.body.scans ?? []
  const isRunning = scans.some(isUnderWay)
  const scan = scans.find(({ digest }) => digest === image.digest)
  const judged = scan?.matchedAt
  const before = useRef(judged)
  useEffect(() => {
    if (before.current !== judged && before.current !== undefined) {
      for (const { topic, id } of [listFindings, listImagePackages]) {
        void client.invalidateQueries({ queryKey: [topic, id] })
      }
      void client.invalidateQueries({ queryKey: ['Policies'] })
    }
    before.current = judged
  }, [judged, client])
  return { ...query, scan, scans, isRunning }
}

/** Asks for a scan of the image, or of all images of the index. */
export function useScanNow() {
  const { repository, top } = useImage()
  const action = useApiAction(requestScan, {
    changes: [readScan],
    onDone: () => notifyDone(text.actions.scanAsked),
  })
  return {
    isBusy: action.isPending,
    scanNow: () => {
      action.mutate(
        { params: { repository: repository.name, reference: top.digest } },
        { onError: notifyFault },
      )
    },
  }
}
