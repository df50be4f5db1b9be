import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { send } from '#/api/client';
import type { Link } from '#/api/types';
import { shortName } from '#/lib/urls';
import { Dialog } from '#/ui/Dialog';
import { Icon } from '#/ui/Icon';
import { Loaded } from '#/ui/PageState';
import { showError } from '#/ui/undo';
import classes from './QrDialog.module.css';

type QrFormat = 'svg' | 'png';

/** Pixels a module of the PNG: large enough for print at 5 cm. */
const PNG_SCALE = 24;

function fetchQr(link: Link, format: QrFormat, signal?: AbortSignal): Promise<Response> {
  const query = format === 'png' ? { format, scale: PNG_SCALE } : { format };
  return send('GET', `/links/${link.id}/qr`, { query, ...(signal ? { signal } : {}) });
}

export function QrDialog({ link, onClose }: { link: Link; onClose: () => void }) {
  const code = useQuery({
    queryKey: ['links', 'qr', link.id, link.short_url],
    queryFn: async ({ signal }) => (await fetchQr(link, 'svg', signal)).text(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const download = useMutation({
    mutationFn: async (format: QrFormat) => saveAs(await (await fetchQr(link, format)).blob(), fileName(link, format)),
    onError: showError,
  });
  return (
    <Dialog onClose={onClose} title="QR code" size="sm">
      <Stack align="center" gap="sm">
        <Loaded query={code} loading={<Skeleton width={232} height={232} />}>
          {(svg) => <img className={classes.code} src={dataUrl(svg)} alt={`QR code that opens ${link.short_url}`} />}
        </Loaded>
        <Text size="sm" className="mono" ta="center">
          {shortName(link.short_url)}
        </Text>
        <Group gap="xs">
          {(['svg', 'png'] as const).map((format) => (
            <Button
              key={format}
              variant="default"
              leftSection={<Icon name="download" size={16} />}
              loading={download.isPending && download.variables === format}
              onClick={() => download.mutate(format)}
            >
              {format.toUpperCase()}
            </Button>
          ))}
        </Group>
        <Text size="xs" c="dimmed" ta="center">
          SVG stays sharp at any size: take it for print.
        </Text>
      </Stack>
    </Dialog>
  );
}

function dataUrl(svg: string): string {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
}

function fileName(link: Link, format: QrFormat): string {
  return `${shortName(link.short_url).replace(/[/:]/g, '-')}.${format}`;
}

function saveAs(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const anchor = Object.assign(document.createElement('a'), { href: address, download: name });
  anchor.click();
  URL.revokeObjectURL(address);
}
