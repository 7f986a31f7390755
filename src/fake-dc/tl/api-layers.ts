/**
 * What changed its form since layer 144 (Debian's Telethon 1.25), by the layer that brought the new one, up to 229.
 * Facts of the schemas that `@mtcute/tl`, `@mtcute/core`, `telegram` and `teleproto` carry; where no package has a
 * layer, of its published schema. Optional fields that this server never sends are left out: their flag stays 0, so
 * the bytes are the same as with them. `as before` keeps the fields and changes the id.
 */
export const API_LAYERS = `
@144
channel#8261ac61 flags:# broadcast:flags.5?true id:long access_hash:flags.13?long title:string username:flags.6?string photo:ChatPhoto date:int = Chat
dialog#a8edd0f5 flags:# peer:Peer top_message:int read_inbox_max_id:int read_outbox_max_id:int unread_count:int unread_mentions_count:int unread_reactions_count:int notify_settings:PeerNotifySettings pts:flags.0?int = Dialog
config#330b4067 flags:# date:int expires:int test_mode:Bool this_dc:int dc_options:Vector<DcOption> dc_txt_domain_name:string chat_size_max:int megagroup_size_max:int forwarded_count_max:int online_update_period_ms:int offline_blur_timeout_ms:int offline_idle_timeout_ms:int online_cloud_timeout_ms:int notify_cloud_delay_ms:int notify_default_delay_ms:int push_chat_period_ms:int push_chat_limit:int saved_gifs_limit:int edit_time_limit:int revoke_time_limit:int revoke_pm_time_limit:int rating_e_decay:int stickers_recent_limit:int stickers_faved_limit:int channels_read_media_period:int pinned_dialogs_count_max:int pinned_infolder_count_max:int call_receive_timeout_ms:int call_ring_timeout_ms:int call_connect_timeout_ms:int call_packet_timeout_ms:int me_url_prefix:string caption_length_max:int message_length_max:int webfile_dc_id:int = Config
auth.authorization#33fb7bb8 flags:# user:User = auth.Authorization
account.password#185b184f flags:# has_recovery:flags.0?true has_password:flags.2?true current_algo:flags.2?PasswordKdfAlgo srp_B:flags.2?bytes srp_id:flags.2?long hint:flags.3?string new_algo:PasswordKdfAlgo new_secure_algo:SecurePasswordKdfAlgo secure_random:bytes = account.Password
user#3ff6ecb0 flags:# self:flags.10?true bot:flags.14?true id:long access_hash:flags.0?long first_name:flags.1?string username:flags.3?string phone:flags.4?string bot_info_version:flags.14?int = User
userFull#c4b1fc3f flags:# can_pin_message:flags.7?true id:long settings:PeerSettings notify_settings:PeerNotifySettings common_chats_count:int = UserFull
peerSettings#a518110d flags:# = PeerSettings
peerNotifySettings#a83b0426 flags:# = PeerNotifySettings
message#38116ee0 flags:# out:flags.1?true post:flags.14?true id:int from_id:flags.8?Peer peer_id:Peer date:int message:string = Message
messages.messages#8c718e87 messages:Vector<Message> chats:Vector<Chat> users:Vector<User> = messages.Messages
auth.resendCode#3ef1a9bf phone_number:string phone_code_hash:string = auth.SentCode
auth.signIn#bcd51581 phone_number:string phone_code_hash:string phone_code:string = auth.Authorization
help.getAppConfig#98914110 = JSONValue
messages.sendMessage#0d9d75a4 flags:# peer:InputPeer reply_to_msg_id:flags.0?int message:string random_id:long ... = Updates
updates.getDifference#25939651 flags:# pts:int pts_total_limit:flags.0?int date:int qts:int = updates.Difference
contacts.resolveUsername#f93ccba3 username:string = contacts.ResolvedPeer
codeSettings#8a6469c2 flags:# logout_tokens:flags.6?Vector<bytes> = CodeSettings
@145
config#232566ac as before
account.password#957b50fb as before
user#5d99adee as before
auth.signIn#8d52a951 flags:# phone_number:string phone_code_hash:string phone_code:flags.0?string ... = auth.Authorization
@148
channel#83259464 flags:# broadcast:flags.5?true flags2:# id:long access_hash:flags.13?long title:string username:flags.6?string photo:ChatPhoto date:int = Chat
user#8f97c628 flags:# self:flags.10?true bot:flags.14?true flags2:# id:long access_hash:flags.0?long first_name:flags.1?string username:flags.3?string phone:flags.4?string bot_info_version:flags.14?int = User
messages.sendMessage#1cc20387 flags:# peer:InputPeer reply_to_msg_id:flags.0?int top_msg_id:flags.9?int message:string random_id:long ... = Updates
@150
dialog#d58a08c6 as before
@151
userFull#f8d32aed as before
@152
auth.authorization#2ea2c0d4 flags:# future_auth_token:flags.2?bytes user:User = auth.Authorization
auth.sentCodeSuccess#2390fe44 authorization:auth.Authorization = auth.SentCode
codeSettings#ad253d78 flags:# logout_tokens:flags.6?Vector<bytes> token:flags.8?string app_sandbox:flags.8?Bool = CodeSettings
@155
config#cc1a241e flags:# date:int expires:int test_mode:Bool this_dc:int dc_options:Vector<DcOption> dc_txt_domain_name:string chat_size_max:int megagroup_size_max:int forwarded_count_max:int online_update_period_ms:int offline_blur_timeout_ms:int offline_idle_timeout_ms:int online_cloud_timeout_ms:int notify_cloud_delay_ms:int notify_default_delay_ms:int push_chat_period_ms:int push_chat_limit:int edit_time_limit:int revoke_time_limit:int revoke_pm_time_limit:int rating_e_decay:int stickers_recent_limit:int channels_read_media_period:int call_receive_timeout_ms:int call_ring_timeout_ms:int call_connect_timeout_ms:int call_packet_timeout_ms:int me_url_prefix:string caption_length_max:int message_length_max:int webfile_dc_id:int = Config
help.appConfig#dd18782e hash:int config:JSONValue = help.AppConfig
help.getAppConfig#61e3f854 hash:int = help.AppConfig
@158
userFull#93eadb53 as before
@160
user#abb5f120 as before
userFull#4fe1cc86 as before
peerNotifySettings#99622c0c flags:# = PeerNotifySettings
messages.sendMessage#280d096f flags:# peer:InputPeer reply_to:flags.0?InputReplyTo message:string random_id:long ... = Updates
updates.getDifference#19c2f763 flags:# pts:int pts_limit:flags.1?int pts_total_limit:flags.0?int date:int qts:int qts_limit:flags.2?int = updates.Difference
inputReplyToMessage#9c5386e4 flags:# reply_to_msg_id:int top_msg_id:flags.0?int = InputReplyTo
@164
channel#94f592db as before
userFull#b9b12c6c as before
updateNewAuthorization#8951abef flags:# unconfirmed:flags.0?true hash:long date:flags.0?int device:flags.0?string location:flags.0?string = Update
@166
channel#1981ea7e as before
user#eb602f25 as before
inputReplyToMessage#073ec805 flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> = InputReplyTo
@167
channel#8e87ccd8 as before
user#215c4438 as before
inputReplyToMessage#22c0f6d5 flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int = InputReplyTo
@168
channel#0aadfc8f as before
@170
message#76bec211 flags:# out:flags.1?true post:flags.14?true id:int from_id:flags.8?Peer peer_id:Peer saved_peer_id:flags.28?Peer date:int message:string = Message
@174
message#1e4c8a69 as before
@176
userFull#22ff3e85 flags:# can_pin_message:flags.7?true flags2:# id:long settings:PeerSettings notify_settings:PeerNotifySettings common_chats_count:int = UserFull
message#a66c7efc as before
messages.sendMessage#dff8042c as before
@177
userFull#cc997720 as before
peerSettings#acd66c5e flags:# = PeerSettings
message#2357bf25 flags:# out:flags.1?true post:flags.14?true flags2:# id:int from_id:flags.8?Peer peer_id:Peer saved_peer_id:flags.28?Peer date:int message:string = Message
@180
message#bde09c2e as before
auth.resendCode#cae47523 flags:# phone_number:string phone_code_hash:string reason:flags.0?string = auth.SentCode
messages.sendMessage#983f9745 as before
@181
message#94345242 as before
@185
user#83314fca as before
@186
channel#fe4478bd as before
@189
userFull#1f58e369 as before
@195
userFull#979d2376 as before
contacts.resolveUsername#725afbbc flags:# username:string ... = contacts.ResolvedPeer
@196
channel#e00998b7 as before
user#4b46c37e as before
userFull#4d975bbc as before
message#96fdbbe9 as before
@200
channel#7482147e as before
user#020b1422 as before
userFull#d2234ea0 as before
peerSettings#f47741f7 flags:# = PeerSettings
message#eabcdd4d as before
messages.sendMessage#fbf2340a as before
@201
userFull#99e78045 as before
@204
channel#fe685355 as before
inputReplyToMessage#b07038b0 flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int monoforum_peer_id:flags.5?InputPeer = InputReplyTo
@206
message#9815cec8 as before
messages.sendMessage#fe05dc9a as before
@208
inputReplyToMessage#869fbe10 flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int monoforum_peer_id:flags.5?InputPeer todo_item_id:flags.6?int = InputReplyTo
@210
userFull#29de80be as before
@211
userFull#7e63ce1f as before
@213
userFull#3fd81e28 as before
@214
userFull#c577b5ad as before
@216
userFull#a02bc13e as before
messages.messages#1d73e7ea messages:Vector<Message> topics:Vector<ForumTopic> chats:Vector<Chat> users:Vector<User> = messages.Messages
@217
channel#1c32b11c as before
user#31774388 as before
message#b92f76cf as before
messages.sendMessage#545cd15a as before
@221
message#9cb490e9 as before
@223
message#3ae56482 as before
@224
dialog#fc89f7f3 flags:# peer:Peer top_message:int read_inbox_max_id:int read_outbox_max_id:int unread_count:int unread_mentions_count:int unread_reactions_count:int unread_poll_votes_count:int notify_settings:PeerNotifySettings pts:flags.0?int = Dialog
userFull#06cbe645 as before
inputReplyToMessage#3bd4b7c2 flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int monoforum_peer_id:flags.5?InputPeer todo_item_id:flags.6?int poll_option:flags.7?bytes = InputReplyTo
@225
message#95ef6f2b as before
@227
message#7600b9d3 as before
messages.sendMessage#fef48f62 as before
@228
channel#d49f34c6 as before
user#b1b8cc83 as before
`
