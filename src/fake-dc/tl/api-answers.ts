/**
 * What this server answers with, in the forms of layers 144, 198 and 229. Optional fields that it never sends
 * are left out: their flag stays 0, so the bytes are the same as with them.
 */
export const API_ANSWERS = `
@0
dcOption#18b7a10d flags:# ipv6:flags.0?true static:flags.4?true this_port_only:flags.5?true id:int ip_address:string port:int = DcOption
nearestDc#8e1a1775 country:string this_dc:int nearest_dc:int = NearestDc
help.appConfig#dd18782e hash:int config:JSONValue = help.AppConfig

auth.sentCode#5e002502 flags:# type:auth.SentCodeType phone_code_hash:string next_type:flags.1?auth.CodeType timeout:flags.2?int = auth.SentCode
auth.sentCodeTypeApp#3dbb5986 length:int = auth.SentCodeType
auth.sentCodeTypeSms#c000bba2 length:int = auth.SentCodeType
auth.codeTypeSms#72a3158c = auth.CodeType
auth.loggedOut#c3a2835f flags:# = auth.LoggedOut
auth.loginToken#629f1980 expires:int token:bytes = auth.LoginToken
auth.loginTokenMigrateTo#068e9916 dc_id:int token:bytes = auth.LoginToken
auth.loginTokenSuccess#390d5c5e authorization:auth.Authorization = auth.LoginToken
passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow#3a912d4a salt1:bytes salt2:bytes g:int p:bytes = PasswordKdfAlgo
securePasswordKdfAlgoUnknown#004a8537 = SecurePasswordKdfAlgo

userEmpty#d3bc4b7a id:long = User
users.userFull#3b6d152e full_user:UserFull chats:Vector<Chat> users:Vector<User> = users.UserFull
peerUser#59511722 user_id:long = Peer
peerChannel#a2a5371e channel_id:long = Peer
chatPhotoEmpty#37c1011c = ChatPhoto

updates.state#a56c2a3e pts:int qts:int date:int seq:int unread_count:int = updates.State
updates.differenceEmpty#5d75a138 date:int seq:int = updates.Difference
updates.difference#00f49ca0 new_messages:Vector<Message> new_encrypted_messages:Vector<EncryptedMessage> other_updates:Vector<Update> chats:Vector<Chat> users:Vector<User> state:updates.State = updates.Difference
updates.differenceSlice#a8fb1981 new_messages:Vector<Message> new_encrypted_messages:Vector<EncryptedMessage> other_updates:Vector<Update> chats:Vector<Chat> users:Vector<User> intermediate_state:updates.State = updates.Difference
updates.differenceTooLong#4afe8f6d pts:int = updates.Difference
updates.channelDifferenceEmpty#3e11affb flags:# final:flags.0?true pts:int timeout:flags.1?int = updates.ChannelDifference
updates.channelDifference#2064674e flags:# final:flags.0?true pts:int timeout:flags.1?int new_messages:Vector<Message> other_updates:Vector<Update> chats:Vector<Chat> users:Vector<User> = updates.ChannelDifference
updates.channelDifferenceTooLong#a4bcc6fe flags:# final:flags.0?true timeout:flags.1?int dialog:Dialog messages:Vector<Message> chats:Vector<Chat> users:Vector<User> = updates.ChannelDifference
updates#74ae4240 updates:Vector<Update> users:Vector<User> chats:Vector<Chat> date:int seq:int = Updates
updateShort#78d4dec1 update:Update date:int = Updates
updateShortSentMessage#9015e101 flags:# out:flags.1?true id:int pts:int pts_count:int date:int = Updates
updateNewMessage#1f2b0afd message:Message pts:int pts_count:int = Update
updateNewChannelMessage#62ba04d9 message:Message pts:int pts_count:int = Update
updateChannelTooLong#108d941f flags:# channel_id:long pts:flags.0?int = Update
updateLoginToken#564fe691 = Update
messages.dialogs#15ba6c40 dialogs:Vector<Dialog> messages:Vector<Message> chats:Vector<Chat> users:Vector<User> = messages.Dialogs

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

@198
channel#e00998b7 flags:# broadcast:flags.5?true flags2:# id:long access_hash:flags.13?long title:string username:flags.6?string photo:ChatPhoto date:int = Chat
dialog#d58a08c6 flags:# peer:Peer top_message:int read_inbox_max_id:int read_outbox_max_id:int unread_count:int unread_mentions_count:int unread_reactions_count:int notify_settings:PeerNotifySettings pts:flags.0?int = Dialog
config#cc1a241e flags:# date:int expires:int test_mode:Bool this_dc:int dc_options:Vector<DcOption> dc_txt_domain_name:string chat_size_max:int megagroup_size_max:int forwarded_count_max:int online_update_period_ms:int offline_blur_timeout_ms:int offline_idle_timeout_ms:int online_cloud_timeout_ms:int notify_cloud_delay_ms:int notify_default_delay_ms:int push_chat_period_ms:int push_chat_limit:int edit_time_limit:int revoke_time_limit:int revoke_pm_time_limit:int rating_e_decay:int stickers_recent_limit:int channels_read_media_period:int call_receive_timeout_ms:int call_ring_timeout_ms:int call_connect_timeout_ms:int call_packet_timeout_ms:int me_url_prefix:string caption_length_max:int message_length_max:int webfile_dc_id:int = Config
auth.authorization#2ea2c0d4 flags:# user:User = auth.Authorization
account.password#957b50fb flags:# has_recovery:flags.0?true has_password:flags.2?true current_algo:flags.2?PasswordKdfAlgo srp_B:flags.2?bytes srp_id:flags.2?long hint:flags.3?string new_algo:PasswordKdfAlgo new_secure_algo:SecurePasswordKdfAlgo secure_random:bytes = account.Password
user#4b46c37e flags:# self:flags.10?true bot:flags.14?true flags2:# id:long access_hash:flags.0?long first_name:flags.1?string username:flags.3?string phone:flags.4?string bot_info_version:flags.14?int = User
userFull#4d975bbc flags:# can_pin_message:flags.7?true flags2:# id:long settings:PeerSettings notify_settings:PeerNotifySettings common_chats_count:int = UserFull
peerSettings#acd66c5e flags:# = PeerSettings
peerNotifySettings#99622c0c flags:# = PeerNotifySettings
message#96fdbbe9 flags:# out:flags.1?true post:flags.14?true flags2:# id:int from_id:flags.8?Peer peer_id:Peer saved_peer_id:flags.28?Peer date:int message:string = Message

@229
channel#d49f34c6 flags:# broadcast:flags.5?true flags2:# id:long access_hash:flags.13?long title:string username:flags.6?string photo:ChatPhoto date:int = Chat
dialog#fc89f7f3 flags:# peer:Peer top_message:int read_inbox_max_id:int read_outbox_max_id:int unread_count:int unread_mentions_count:int unread_reactions_count:int unread_poll_votes_count:int notify_settings:PeerNotifySettings pts:flags.0?int = Dialog
user#b1b8cc83 flags:# self:flags.10?true bot:flags.14?true flags2:# id:long access_hash:flags.0?long first_name:flags.1?string username:flags.3?string phone:flags.4?string bot_info_version:flags.14?int = User
userFull#06cbe645 flags:# can_pin_message:flags.7?true flags2:# id:long settings:PeerSettings notify_settings:PeerNotifySettings common_chats_count:int = UserFull
peerSettings#f47741f7 flags:# = PeerSettings
message#7600b9d3 flags:# out:flags.1?true post:flags.14?true flags2:# id:int from_id:flags.8?Peer peer_id:Peer saved_peer_id:flags.28?Peer date:int message:string = Message
messages.messages#1d73e7ea messages:Vector<Message> topics:Vector<ForumTopic> chats:Vector<Chat> users:Vector<User> = messages.Messages
`
