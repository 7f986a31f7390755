import type { TlObject } from '../../../src/fake-dc/tl/value.ts'

/** One of each constructor that the server answers with, all fields filled. */

const ID = 7_000_000_001n
const BYTES = Buffer.from('some bytes')
const peer = { _: 'peerUser', user_id: ID }
const channelPeer = { _: 'peerChannel', channel_id: ID }

const user = {
  _: 'user',
  self: true,
  bot: true,
  id: ID,
  access_hash: -5n,
  first_name: 'Ann',
  username: 'ann',
  phone: '1555',
  bot_info_version: 1,
}
const channel = {
  _: 'channel',
  broadcast: true,
  id: ID,
  access_hash: -5n,
  title: 'News',
  username: 'news',
  photo: { _: 'chatPhotoEmpty' },
  date: 7,
}
const message = {
  _: 'message',
  out: true,
  post: true,
  id: 3,
  from_id: peer,
  peer_id: channelPeer,
  saved_peer_id: peer,
  date: 9,
  message: 'hi',
}
const state = { _: 'updates.state', pts: 1, qts: 2, date: 3, seq: 4, unread_count: 5 }
const dialog = {
  _: 'dialog',
  peer,
  top_message: 1,
  read_inbox_max_id: 2,
  read_outbox_max_id: 3,
  unread_count: 4,
  unread_mentions_count: 5,
  unread_reactions_count: 6,
  unread_poll_votes_count: 7,
  notify_settings: { _: 'peerNotifySettings' },
  pts: 8,
}
const lists = { new_messages: [message], new_encrypted_messages: [], chats: [channel], users: [user] }
const authorised = { _: 'auth.authorization', future_auth_token: BYTES, user }
const device = {
  _: 'authorization',
  current: true,
  official_app: true,
  password_pending: true,
  unconfirmed: true,
  hash: -6n,
  device_model: 'd',
  platform: 'p',
  system_version: 's',
  api_id: 1,
  app_name: 'a',
  app_version: 'v',
  date_created: 2,
  date_active: 3,
  ip: 'i',
  country: 'c',
  region: 'r',
}
const kdf = {
  _: 'passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow',
  salt1: BYTES,
  salt2: BYTES,
  g: 3,
  p: BYTES,
}
const update = (name: string) => ({ _: name, message, pts: 5, pts_count: 1 })
const sentCode = (type: TlObject) => ({ _: 'auth.sentCode', type, phone_code_hash: 'h' })

/** Numbers of help.getConfig, in both of its forms. */
const LIMITS = [
  'chat_size_max megagroup_size_max forwarded_count_max online_update_period_ms offline_blur_timeout_ms',
  'offline_idle_timeout_ms online_cloud_timeout_ms notify_cloud_delay_ms notify_default_delay_ms',
  'push_chat_period_ms push_chat_limit saved_gifs_limit edit_time_limit revoke_time_limit',
  'revoke_pm_time_limit rating_e_decay stickers_recent_limit stickers_faved_limit',
  'channels_read_media_period pinned_dialogs_count_max pinned_infolder_count_max call_receive_timeout_ms',
  'call_ring_timeout_ms call_connect_timeout_ms call_packet_timeout_ms caption_length_max',
  'message_length_max webfile_dc_id',
].flatMap((line) => line.split(' '))

export const ANSWERS: TlObject[] = [
  {
    _: 'config',
    ...Object.fromEntries(LIMITS.map((name, i) => [name, i])),
    date: 1,
    expires: 2,
    test_mode: false,
    this_dc: 2,
    dc_options: [{ _: 'dcOption', ipv6: true, static: true, id: 4, ip_address: '::1', port: 443 }],
    dc_txt_domain_name: 'd',
    me_url_prefix: 'm',
  },
  { _: 'nearestDc', country: 'NL', this_dc: 1, nearest_dc: 2 },
  { _: 'help.appConfig', hash: 1, config: { _: 'jsonObject', value: [] } },
  {
    ...sentCode({ _: 'auth.sentCodeTypeApp', length: 5 }),
    next_type: { _: 'auth.codeTypeSms' },
    timeout: 60,
  },
  sentCode({ _: 'auth.sentCodeTypeSms', length: 5 }),
  { _: 'auth.sentCodeSuccess', authorization: authorised },
  authorised,
  { _: 'auth.loggedOut', future_auth_token: BYTES },
  { _: 'auth.exportedAuthorization', id: ID, bytes: BYTES },
  { _: 'auth.loginToken', expires: 5, token: BYTES },
  { _: 'auth.loginTokenMigrateTo', dc_id: 4, token: BYTES },
  { _: 'auth.loginTokenSuccess', authorization: authorised },
  { _: 'account.authorizations', authorization_ttl_days: 180, authorizations: [device] },
  {
    _: 'account.password',
    has_recovery: true,
    has_password: true,
    current_algo: kdf,
    srp_B: BYTES,
    srp_id: -3n,
    hint: 'h',
    new_algo: kdf,
    new_secure_algo: { _: 'securePasswordKdfAlgoUnknown' },
    secure_random: BYTES,
  },
  { _: 'userEmpty', id: ID },
  {
    _: 'users.userFull',
    full_user: {
      _: 'userFull',
      can_pin_message: true,
      id: ID,
      settings: { _: 'peerSettings' },
      notify_settings: { _: 'peerNotifySettings' },
      common_chats_count: 7,
    },
    chats: [channel],
    users: [user],
  },
  { _: 'contacts.resolvedPeer', peer: channelPeer, chats: [channel], users: [user] },
  { _: 'messages.chats', chats: [channel] },
  { _: 'messages.messages', messages: [message], topics: [], chats: [channel], users: [user] },
  { _: 'messages.dialogs', dialogs: [dialog], messages: [message], chats: [channel], users: [user] },
  { _: 'updates.differenceEmpty', date: 1, seq: 2 },
  { _: 'updates.difference', ...lists, other_updates: [], state },
  { _: 'updates.differenceSlice', ...lists, other_updates: [], intermediate_state: state },
  { _: 'updates.differenceTooLong', pts: 9 },
  { _: 'updates.channelDifferenceEmpty', final: true, pts: 9, timeout: 1 },
  { _: 'updates.channelDifference', final: true, pts: 9, timeout: 1, ...lists, other_updates: [] },
  {
    _: 'updates.channelDifferenceTooLong',
    final: true,
    timeout: 1,
    dialog,
    messages: [message],
    chats: [channel],
    users: [user],
  },
  {
    _: 'updates',
    updates: [
      { _: 'updateMessageID', id: 3, random_id: -4n },
      update('updateNewMessage'),
      update('updateNewChannelMessage'),
    ],
    users: [user],
    chats: [channel],
    date: 4,
    seq: 0,
  },
  { _: 'updateShort', update: { _: 'updateLoginToken' }, date: 4 },
  { _: 'updateChannelTooLong', channel_id: ID, pts: 5 },
  { _: 'updateNewAuthorization', unconfirmed: true, hash: -6n, date: 4, device: 'd', location: 'l' },
  { _: 'updateShortSentMessage', out: true, id: 3, pts: 4, pts_count: 1, date: 5 },
]
