/**
 * The methods that this server knows, and what they are made of: the same in every layer. Where the end of a method
 * does not matter here, it is left out (`...`). What changed since has its forms in API_LAYERS, and every form an id of
 * its own, so a client of any layer is read.
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

auth.sendCode#a677244f phone_number:string api_id:int api_hash:string settings:CodeSettings = auth.SentCode
auth.cancelCode#1f040578 phone_number:string phone_code_hash:string = Bool
auth.checkPassword#d18b4d16 password:InputCheckPasswordSRP = auth.Authorization
auth.importBotAuthorization#67a3ff2c flags:int api_id:int api_hash:string bot_auth_token:string = auth.Authorization
auth.exportLoginToken#b7e085fe api_id:int api_hash:string except_ids:Vector<long> = auth.LoginToken
auth.importLoginToken#95ac5ce4 token:bytes = auth.LoginToken
auth.logOut#3e72ba19 = auth.LoggedOut
auth.acceptLoginToken#e894ad4d token:bytes = Authorization
auth.exportAuthorization#e5bfffcd dc_id:int = auth.ExportedAuthorization
auth.importAuthorization#a57a7dad id:long bytes:bytes = auth.Authorization
auth.bindTempAuthKey#cdd42a05 perm_auth_key_id:long nonce:long expires_at:int encrypted_message:bytes = Bool
auth.resetAuthorizations#9fab0d1a = Bool
account.getAuthorizations#e320c158 = account.Authorizations
account.resetAuthorization#df77f3bc hash:long = Bool
account.changeAuthorizationSettings#40f48462 flags:# confirmed:flags.3?true hash:long encrypted_requests_disabled:flags.0?Bool call_requests_disabled:flags.1?Bool = Bool
account.setAuthorizationTTL#bf899aa0 authorization_ttl_days:int = Bool
account.getPassword#548a30f5 = account.Password
account.updateStatus#6628562c offline:Bool = Bool
inputCheckPasswordSRP#d27ff082 srp_id:long A:bytes M1:bytes = InputCheckPasswordSRP
inputCheckPasswordEmpty#9880f658 = InputCheckPasswordSRP

users.getUsers#0d91a548 id:Vector<InputUser> = Vector<User>
users.getFullUser#b60f5918 id:InputUser = users.UserFull
inputUserEmpty#b98886cf = InputUser
inputUserSelf#f7c1b13f = InputUser
inputUser#f21158c6 user_id:long access_hash:long = InputUser

channels.getChannels#0a7f6bbb id:Vector<InputChannel> = messages.Chats
messages.getChats#49e9528f id:Vector<long> = messages.Chats

updates.getState#edd4882a = updates.State
updates.getChannelDifference#03173d78 flags:# force:flags.0?true channel:InputChannel filter:ChannelMessagesFilter pts:int limit:int = updates.ChannelDifference
inputChannel#f35aec28 channel_id:long access_hash:long = InputChannel
channelMessagesFilterEmpty#94d42ee7 = ChannelMessagesFilter

messages.getDialogs#a0f4cb4f ... = messages.Dialogs
messages.getHistory#4423e6c5 peer:InputPeer offset_id:int offset_date:int add_offset:int limit:int max_id:int min_id:int hash:long = messages.Messages
inputPeerEmpty#7f3b18ea = InputPeer
inputPeerSelf#7da07ec9 = InputPeer
inputPeerUser#dde8a54c user_id:long access_hash:long = InputPeer
inputPeerChat#35a95cb9 chat_id:long = InputPeer
inputPeerChannel#27bcbbfc channel_id:long access_hash:long = InputPeer
`
