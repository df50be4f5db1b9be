import { ActionIcon, Anchor, Group, Menu, Table, Text, Tooltip } from '@mantine/core';
import type { Link } from '#/api/types';
import { formatCount } from '#/lib/numbers';
import { readableUrl, shortName } from '#/lib/urls';
import { channelLabel } from '#/lib/words';
import { CopyIcon } from '#/ui/Copy';
import { Icon } from '#/ui/Icon';
import { Moment } from '#/ui/Moment';
import { Rows } from '#/ui/Rows';
import { TextLink } from '#/ui/TextLink';
import { LinkBadges } from './LinkBadges';
import classes from './LinksTable.module.css';
import { useArchiveLink } from './queries';

const COLUMNS = [
  { label: 'Link' },
  { label: 'Actions', isHidden: true },
  { label: 'Campaign' },
  { label: 'Channel' },
  { label: 'Clicks', isNumber: true },
  { label: 'Created' },
];

interface LinksTableProps {
  links: Link[];
  onEdit: (link: Link) => void;
  onQr: (link: Link) => void;
  onResults: (link: Link) => void;
}

export function LinksTable({ links, ...actions }: LinksTableProps) {
  return (
    <Rows label="Links" columns={COLUMNS}>
      {links.map((link) => (
        <Table.Tr key={link.id}>
          <Table.Td className={classes.link ?? ''}>
            <LinkName link={link} />
          </Table.Td>
          <Table.Td>
            <LinkActions link={link} {...actions} />
          </Table.Td>
          <Table.Td>
            <span className={`truncate ${classes.campaign}`} title={link.campaign?.name}>
              {link.campaign?.name ?? (
                <Text span size="sm" c="dimmed">
                  –
                </Text>
              )}
            </span>
          </Table.Td>
          <Table.Td className="nowrap">{channelLabel(link.channel)}</Table.Td>
          <Table.Td className="number">
            <TextLink to="/conversions" search={{ link_id: link.id }} title="Show its conversions">
              {formatCount(link.clicks)}
            </TextLink>
          </Table.Td>
          <Table.Td>
            <Moment at={link.created_at} style="ago" />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function LinkName({ link }: { link: Link }) {
  return (
    <>
      <Group gap={6} wrap="nowrap">
        <Anchor
          href={link.short_url}
          target="_blank"
          rel="noreferrer"
          fw={550}
          className="truncate"
          title={link.short_url}
        >
          {shortName(link.short_url)}
        </Anchor>
        {link.warnings.length > 0 && (
          <Tooltip label={link.warnings.join(' ')} multiline maw={320}>
            <span className={classes.warning} role="img" aria-label={`Warning: ${link.warnings.join(' ')}`}>
              <Icon name="warning" size={15} />
            </span>
          </Tooltip>
        )}
      </Group>
      <Group gap={4} className={classes.badges ?? ''}>
        <LinkBadges link={link} />
      </Group>
      {link.title && (
        <span className="truncate" title={link.title}>
          {link.title}
        </span>
      )}
      <Text span size="xs" c="dimmed" className="truncate" title={link.destination}>
        {readableUrl(link.destination)}
      </Text>
    </>
  );
}

function LinkActions({ link, onEdit, onQr, onResults }: { link: Link } & Omit<LinksTableProps, 'links'>) {
  const { archive, restore } = useArchiveLink();
  const name = shortName(link.short_url);
  return (
    <Group gap={0} wrap="nowrap">
      <CopyIcon text={link.short_url} label={`Copy ${name}`} />
      <Tooltip label="QR code">
        <ActionIcon aria-label={`QR code of ${name}`} onClick={() => onQr(link)}>
          <Icon name="qr" />
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${name}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="edit" size={16} />} onClick={() => onEdit(link)}>
            Edit
          </Menu.Item>
          {link.rules.length > 0 && (
            <Menu.Item leftSection={<Icon name="overview" size={16} />} onClick={() => onResults(link)}>
              Results by destination
            </Menu.Item>
          )}
          {link.archived_at ? (
            <Menu.Item leftSection={<Icon name="restore" size={16} />} onClick={() => restore(link)}>
              Restore
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icon name="archive" size={16} />} onClick={() => archive(link)}>
              Archive
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
