import { Button, type MantineColorScheme, Menu, Text, useMantineColorScheme } from '@mantine/core';
import { Icon } from '#/ui/Icon';
import { showError } from '#/ui/undo';
import { chooseWorkspace, useSession, useSignOut } from './session';

const SCHEMES: { value: MantineColorScheme; label: string }[] = [
  { value: 'auto', label: 'Same as the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function AccountMenu() {
  const session = useSession();
  const signOut = useSignOut();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="top-start" width={240} withinPortal>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          fullWidth
          justify="space-between"
          px="xs"
          c="inherit"
          fw={500}
          rightSection={<Icon name="chevronDown" size={14} />}
          title={session.workspace.name}
        >
          <span className="truncate" style={{ lineHeight: 1.6 }}>
            {session.workspace.name}
          </span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Text size="xs" c="dimmed" px="sm" py={6}>
          {session.user.email || session.user.name}
        </Text>
        {session.workspaces.length > 1 && (
          <>
            <Menu.Divider />
            <Menu.Label>Workspace</Menu.Label>
            {session.workspaces.map((workspace) => (
              <Menu.Item
                key={workspace.id}
                rightSection={workspace.id === session.workspace.id && <Icon name="check" size={14} />}
                onClick={() => chooseWorkspace(workspace)}
              >
                {workspace.name}
              </Menu.Item>
            ))}
          </>
        )}
        <Menu.Divider />
        <Menu.Label>Appearance</Menu.Label>
        {SCHEMES.map((scheme) => (
          <Menu.Item
            key={scheme.value}
            rightSection={scheme.value === colorScheme && <Icon name="check" size={14} />}
            onClick={() => setColorScheme(scheme.value)}
          >
            {scheme.label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => signOut().catch(showError)}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
