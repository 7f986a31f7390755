/**
 * What this server answers with and what is the same in every layer; the rest is in API_LAYERS. Optional fields that
 * it never sends are left out: their flag stays 0, so the bytes are the same as with them.
 */
export const API_ANSWERS = `
@0
dcOption#18b7a10d flags:# ipv6:flags.0?true static:flags.4?true this_port_only:flags.5?true id:int ip_address:string port:int = DcOption
nearestDc#8e1a1775 country:string this_dc:int nearest_dc:int = NearestDc

auth.sentCode#5e002502 flags:# type:auth.SentCodeType phone_code_hash:string next_type:flags.1?auth.CodeType timeout:flags.2?int = auth.SentCode
auth.sentCodeTypeApp#3dbb5986 length:int = auth.SentCodeType
auth.sentCodeTypeSms#c000bba2 length:int = auth.SentCodeType
auth.codeTypeSms#72a3158c = auth.CodeType
auth.loggedOut#c3a2835f flags:# future_auth_token:flags.0?bytes = auth.LoggedOut
auth.exportedAuthorization#b434e2b8 id:long bytes:bytes = auth.ExportedAuthorization
authorization#ad01d61d flags:# current:flags.0?true official_app:flags.1?true password_pending:flags.2?true unconfirmed:flags.5?true hash:long device_model:string platform:string system_version:string api_id:int app_name:string app_version:string date_created:int date_active:int ip:string country:string region:string = Authorization
account.authorizations#4bff8ea0 authorization_ttl_days:int authorizations:Vector<Authorization> = account.Authorizations
auth.loginToken#629f1980 expires:int token:bytes = auth.LoginToken
auth.loginTokenMigrateTo#068e9916 dc_id:int token:bytes = auth.LoginToken
auth.loginTokenSuccess#390d5c5e authorization:auth.Authorization = auth.LoginToken
passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow#3a912d4a salt1:bytes salt2:bytes g:int p:bytes = PasswordKdfAlgo
securePasswordKdfAlgoUnknown#004a8537 = SecurePasswordKdfAlgo

userEmpty#d3bc4b7a id:long = User
users.userFull#3b6d152e full_user:UserFull chats:Vector<Chat> users:Vector<User> = users.UserFull
peerUser#59511722 user_id:long = Peer
peerChannel#a2a5371e channel_id:long = Peer
contacts.resolvedPeer#7f077ad9 peer:Peer chats:Vector<Chat> users:Vector<User> = contacts.ResolvedPeer
messages.chats#64ff9fd5 chats:Vector<Chat> = messages.Chats
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
updateMessageID#4e90bfd6 id:int random_id:long = Update
updateNewMessage#1f2b0afd message:Message pts:int pts_count:int = Update
updateNewChannelMessage#62ba04d9 message:Message pts:int pts_count:int = Update
updateChannelTooLong#108d941f flags:# channel_id:long pts:flags.0?int = Update
updateLoginToken#564fe691 = Update
messages.dialogs#15ba6c40 dialogs:Vector<Dialog> messages:Vector<Message> chats:Vector<Chat> users:Vector<User> = messages.Dialogs
`
