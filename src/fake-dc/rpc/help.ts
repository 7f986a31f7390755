import type { TlObject } from '../tl/value.ts'
import type { World } from '../world/world.ts'
import type { Call, Handler } from './call.ts'

/** Limits and time-outs as Telegram's servers send them; clients read few of them. */
const LIMITS = {
  test_mode: false,
  dc_txt_domain_name: 'apv3.stel.com',
  chat_size_max: 200,
  megagroup_size_max: 200_000,
  forwarded_count_max: 100,
  online_update_period_ms: 210_000,
  offline_blur_timeout_ms: 5000,
  offline_idle_timeout_ms: 30_000,
  online_cloud_timeout_ms: 300_000,
  notify_cloud_delay_ms: 30_000,
  notify_default_delay_ms: 1500,
  push_chat_period_ms: 60_000,
  push_chat_limit: 2,
  saved_gifs_limit: 200,
  edit_time_limit: 172_800,
  revoke_time_limit: 0x7fffffff,
  revoke_pm_time_limit: 0x7fffffff,
  rating_e_decay: 2_419_200,
  stickers_recent_limit: 200,
  stickers_faved_limit: 5,
  channels_read_media_period: 604_800,
  pinned_dialogs_count_max: 5,
  pinned_infolder_count_max: 100,
  call_receive_timeout_ms: 20_000,
  call_ring_timeout_ms: 90_000,
  call_connect_timeout_ms: 30_000,
  call_packet_timeout_ms: 10_000,
  me_url_prefix: 'https://t.me/',
  caption_length_max: 1024,
  message_length_max: 4096,
  webfile_dc_id: 4,
}

/** This data centre first. Whatever else a client may look for is said to be here too, unless it is known elsewhere. */
function dcOptions(world: World): TlObject[] {
  const ids = new Set([world.dcId, 1, 2, 3, 4, 5, ...world.neighbours.keys()])
  return [...ids].map((id) => {
    const { host, port } = world.neighbours.get(id) ?? world
    return { _: 'dcOption', ipv6: host.includes(':'), static: true, id, ip_address: host, port }
  })
}

/** How long a frozen account has to appeal, in seconds. */
const APPEAL_TIME = 30 * 86_400

const entry = (key: string, value: TlObject): TlObject => ({ _: 'jsonObjectValue', key, value })

/** What a frozen account learns about its state. */
function freeze({ key: { login }, world: { startedAt } }: Call): TlObject[] {
  if (login.account?.standing !== 'frozen') return []
  return [
    entry('freeze_since_date', { _: 'jsonNumber', value: startedAt }),
    entry('freeze_until_date', { _: 'jsonNumber', value: startedAt + APPEAL_TIME }),
    entry('freeze_appeal_url', { _: 'jsonString', value: 'https://t.me/spambot' }),
  ]
}

export const HELP: Record<string, Handler> = {
  'help.getConfig': ({ world }) => ({
    _: 'config',
    ...LIMITS,
    date: world.seconds,
    expires: world.seconds + 3600,
    this_dc: world.dcId,
    dc_options: dcOptions(world),
  }),
  'help.getNearestDc': ({ world }) => ({
    _: 'nearestDc',
    country: 'NL',
    this_dc: world.dcId,
    nearest_dc: world.dcId,
  }),
  // Up to layer 154 the bare JSON object, since then wrapped with a hash.
  'help.getAppConfig': (call, request) => {
    const config = { _: 'jsonObject', value: freeze(call) }
    return request['hash'] === undefined ? config : { _: 'help.appConfig', hash: 1, config }
  },
}
