import { Kbd, Modal, Stack, Switch, Table } from '@mantine/core'
import { useState } from 'react'
import { shellText } from '../text/shell.ts'
import { areSingleKeysOn, switchSingleKeys } from './shortcuts.ts'

const text = shellText.keyboard
const rows: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [['/', 'Ctrl K'], text.search],
  [['?'], text.help],
  [['↑', '↓'], text.move],
  [['Enter'], text.choose],
  [['Esc'], text.escape],
  [['Tab', 'Shift Tab'], text.next],
  [['Space'], text.sort],
]

/** What can be done by keys, and a switch for those that are a single one. */
export function KeyboardHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [isOn, setOn] = useState(areSingleKeysOn)
  return (
    <Modal opened={isOpen} onClose={onClose} title={text.title}>
      <Stack>
        <Table>
          <Table.Tbody>
            {rows.map(([keys, meaning]) => (
              <Table.Tr key={meaning}>
                <Table.Th scope="row" fw={400}>
                  {meaning}
                </Table.Th>
                <Table.Td ta="end">
                  {keys.map((key) => (
                    <Kbd key={key} ml={4}>
                      {key}
                    </Kbd>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch
          label={text.singleKeys}
          description={text.singleKeysHint}
          checked={isOn}
          onChange={(event) => {
            switchSingleKeys(event.currentTarget.checked)
            setOn(event.currentTarget.checked)
          }}
        />
      </Stack>
    </Modal>
  )
}
