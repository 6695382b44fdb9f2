import { Box, Table, Text } from '@mantine/core'
import { projectText } from '../../text/projects.ts'
import { Section } from '../../ui/page.tsx'
import { type ProjectRole, projectRoles } from './project-role.ts'

const text = projectText.members
const roles = projectRoles.filter((role) => role !== 'none')

/** Those who may; as the server decides it. */
const allowed: Readonly<Record<keyof typeof text.abilities, readonly ProjectRole[]>> = {
  pull: ['admin', 'maintainer', 'developer', 'reader'],
  push: ['admin', 'maintainer', 'developer'],
  delete: ['admin', 'maintainer'],
  rules: ['admin', 'maintainer'],
  readMembers: ['admin', 'maintainer'],
  members: ['admin'],
  settings: ['admin'],
}

/** What each role may do. */
export function RoleTable() {
  return (
    <Section title={text.table}>
      <Box className="berth-table" tabIndex={0} role="group" aria-label={text.table}>
        <Table aria-label={text.table}>
          <thead>
            <tr>
              <th scope="col">{text.may}</th>
              {roles.map((role) => (
                <th key={role} scope="col">
                  {text.roles[role]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(Object.keys(allowed) as (keyof typeof allowed)[]).map((ability) => (
              <tr key={ability}>
                <th scope="row">{text.abilities[ability]}</th>
                {roles.map((role) => (
                  <td key={role}>{allowed[ability].includes(role) ? text.yes : text.no}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </Table>
      </Box>
      <Text size="sm" className="berth-quiet">
        {text.noneMeans}
      </Text>
    </Section>
  )
}
