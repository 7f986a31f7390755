"""Telethon against the fake data centre: reads one JSON object from stdin, prints one JSON object a line."""
import asyncio, json, sys
from telethon import TelegramClient, errors, events, functions
from telethon.crypto import rsa
from telethon.network import connection
from telethon.sessions import StringSession

job = json.load(sys.stdin)
rsa.add_key(job['pem'], old=False)


def say(**fields):
    print(json.dumps(fields), flush=True)


async def main():
    session = StringSession(job.get('session') or None)
    if not job.get('session'):
        session.set_dc(job['dc'], job['host'], job['port'])
    client = TelegramClient(
        session, 12345, '0123456789abcdef0123456789abcdef', connection=getattr(connection, job['connection']),
        connection_retries=5, retry_delay=0, flood_sleep_threshold=0)
    await client.connect()
    try:
        if not await client.is_user_authorized():
            if 'phone' not in job:
                return say(authorised=False)
            await client.send_code_request(job['phone'])
            try:
                await client.sign_in(job['phone'], job['code'])
            except errors.SessionPasswordNeededError:
                await client.sign_in(password=job['password'])
        me = await client.get_me()
        say(authorised=await client.is_user_authorized(), id=me.id, firstName=me.first_name, phone=me.phone)
        received = asyncio.get_running_loop().create_future()

        @client.on(events.NewMessage)
        async def handler(event):
            if not received.done():
                received.set_result({'id': event.message.id, 'text': event.raw_text, 'out': event.out})

        if job.get('text'):
            message = await client.send_message('me', job['text'])
            say(sent=message.id, text=message.raw_text)
        say(session=client.session.save())
        if job.get('listen'):
            say(received=await asyncio.wait_for(received, 10))
        if job.get('history'):
            say(history=[m.raw_text async for m in client.iter_messages('me')])
        if job.get('more'):
            state = await client(functions.updates.GetStateRequest())
            difference = await client(functions.updates.GetDifferenceRequest(pts=1, date=state.date, qts=0))
            full = await client(functions.users.GetFullUserRequest('me'))
            config = await client(functions.help.GetAppConfigRequest())
            token = await client(functions.auth.ExportLoginTokenRequest(12345, 'x', []))
            say(difference=[m.message for m in difference.new_messages], pts=difference.state.pts,
                full=full.full_user.id, config=type(config).__name__, token=len(token.token),
                dialogs=len(await client.get_dialogs()), out=await client.log_out())
            return
        full = await client.get_entity('me')
        say(entity=full.id)
    except errors.RPCError as error:
        say(error=type(error).__name__, code=error.code)
    finally:
        await client.disconnect()

asyncio.run(main())
