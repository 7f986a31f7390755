/**
 * The methods that this server knows, and what they are made of. Where the end of a method does not matter here,
 * it is left out (`...`). `@198` opens the forms that came between layer 144 and 198, and so on; what
 * changed in between keeps an id of its own, so a client of another layer is read all the same.
 */
export const API_METHODS = `
@0
invokeWithLayer#da9b0d0d layer:int query:!X = X
invokeWithoutUpdates#bf9459b7 query:!X = X
invokeAfterMsg#cb9f372d msg_id:long query:!X = X
invokeAfterMsgs#3dc4b4f0 msg_ids:Vector<long> query:!X = X
initConnection#c1cd5ea9 flags:# api_id:int device_model:string system_version:string app_version:string system_lang_code:string lang_pack:string lang_code:string proxy:flags.0?InputClientProxy params:flags.1?JSONValue query:!X = X
inputClientProxy#75588b3f address:string port:int = InputClientProxy
jsonNull#3f6d7b68 = JSONValue
jsonBool#c7345e6a value:Bool = JSONValue
jsonNumber#2be0dfa4 value:double = JSONValue
jsonString#b71e767a value:string = JSONValue
jsonArray#f7444763 value:Vector<JSONValue> = JSONValue
jsonObject#99c1d49d value:Vector<JSONObjectValue> = JSONValue
jsonObjectValue#c0de1bd9 key:string value:JSONValue = JSONObjectValue

help.getConfig#c4f9186b = Config
help.getNearestDc#1fb33026 = NearestDc
help.getAppConfig#98914110 = JSONValue

auth.sendCode#a677244f phone_number:string api_id:int api_hash:string ... = auth.SentCode
auth.resendCode#3ef1a9bf phone_number:string phone_code_hash:string = auth.SentCode
auth.cancelCode#1f040578 phone_number:string phone_code_hash:string = Bool
auth.signIn#bcd51581 phone_number:string phone_code_hash:string phone_code:string = auth.Authorization
auth.checkPassword#d18b4d16 password:InputCheckPasswordSRP = auth.Authorization
auth.importBotAuthorization#67a3ff2c flags:int api_id:int api_hash:string bot_auth_token:string = auth.Authorization
auth.exportLoginToken#b7e085fe api_id:int api_hash:string except_ids:Vector<long> = auth.LoginToken
auth.importLoginToken#95ac5ce4 token:bytes = auth.LoginToken
auth.logOut#3e72ba19 = auth.LoggedOut
account.getPassword#548a30f5 = account.Password
account.updateStatus#6628562c offline:Bool = Bool
inputCheckPasswordSRP#d27ff082 srp_id:long A:bytes M1:bytes = InputCheckPasswordSRP
inputCheckPasswordEmpty#9880f658 = InputCheckPasswordSRP

users.getUsers#0d91a548 id:Vector<InputUser> = Vector<User>
users.getFullUser#b60f5918 id:InputUser = users.UserFull
inputUserEmpty#b98886cf = InputUser
inputUserSelf#f7c1b13f = InputUser
inputUser#f21158c6 user_id:long access_hash:long = InputUser

updates.getState#edd4882a = updates.State
updates.getDifference#25939651 flags:# pts:int pts_total_limit:flags.0?int date:int qts:int = updates.Difference
updates.getChannelDifference#03173d78 flags:# force:flags.0?true channel:InputChannel filter:ChannelMessagesFilter pts:int limit:int = updates.ChannelDifference
inputChannel#f35aec28 channel_id:long access_hash:long = InputChannel
channelMessagesFilterEmpty#94d42ee7 = ChannelMessagesFilter

messages.getDialogs#a0f4cb4f ... = messages.Dialogs
messages.getHistory#4423e6c5 peer:InputPeer offset_id:int offset_date:int add_offset:int limit:int max_id:int min_id:int hash:long = messages.Messages
messages.sendMessage#0d9d75a4 flags:# peer:InputPeer reply_to_msg_id:flags.0?int message:string random_id:long ... = Updates
inputPeerEmpty#7f3b18ea = InputPeer
inputPeerSelf#7da07ec9 = InputPeer
inputPeerUser#dde8a54c user_id:long access_hash:long = InputPeer
inputPeerChat#35a95cb9 chat_id:long = InputPeer
inputPeerChannel#27bcbbfc channel_id:long access_hash:long = InputPeer

@198
help.getAppConfig#61e3f854 hash:int = help.AppConfig
auth.resendCode#cae47523 flags:# phone_number:string phone_code_hash:string reason:flags.0?string = auth.SentCode
auth.signIn#8d52a951 flags:# phone_number:string phone_code_hash:string phone_code:flags.0?string ... = auth.Authorization
updates.getDifference#19c2f763 flags:# pts:int pts_limit:flags.1?int pts_total_limit:flags.0?int date:int qts:int qts_limit:flags.2?int = updates.Difference
messages.sendMessage#983f9745 flags:# peer:InputPeer reply_to:flags.0?InputReplyTo message:string random_id:long ... = Updates
inputReplyToMessage#22c0f6d5 flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int = InputReplyTo

@229
messages.sendMessage#fef48f62 flags:# peer:InputPeer reply_to:flags.0?InputReplyTo message:string random_id:long ... = Updates
inputReplyToMessage#3bd4b7c2 flags:# reply_to_msg_id:int top_msg_id:flags.0?int reply_to_peer_id:flags.1?InputPeer quote_text:flags.2?string quote_entities:flags.3?Vector<MessageEntity> quote_offset:flags.4?int monoforum_peer_id:flags.5?InputPeer todo_item_id:flags.6?int poll_option:flags.7?bytes = InputReplyTo
`
