"""A bot of Pyrogram's kin, as examples/pyrogram-bot.py: its storage is theirs (pyrogram_storage.py), its network that of
Telethon, which gets nothing but the auth key. It answers `.ping`, and keeps whom it meets.

    TGSESSION_FILE=… CHAOS_DC=HOST:PORT python3 pyrogram_bot.py FAMILY [--save SECONDS]
"""
import argparse
import asyncio
import os
import signal
import sys
import time

from telethon import TelegramClient, events, functions, utils
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession
from telethon.tl import types

from pyrogram_storage import FAMILIES, Storage

parser = argparse.ArgumentParser()
parser.add_argument('family', choices=FAMILIES)
parser.add_argument('--save', type=float, help='call storage.save() this often')
args = parser.parse_args()
storage = Storage(args.family)
# What SQLite could not commit it has taken back: whoever was met since the last commit is not kept.
lost = False


def meet(users):
    users = [user for user in users if isinstance(user, types.User) and user.access_hash is not None]
    try:
        storage.update_peers([(utils.get_peer_id(user), user.access_hash, 'bot' if user.bot else 'user',
                               (user.username or '').lower() or None, user.phone) for user in users])
    except Exception as error:  # as Pyrogram: an update that cannot be handled is logged
        print(f'pyrogram-bot: {error}', file=sys.stderr)


async def keep():
    global lost
    while True:
        await asyncio.sleep(args.save)
        try:
            storage.save(int(time.time()))
        except Exception as error:
            lost = True
            print(f'pyrogram-bot: {error}', file=sys.stderr)


async def main():
    session = MemorySession()
    dc_id, key = storage.conn.execute('SELECT dc_id, auth_key FROM sessions').fetchone()
    host, _, port = os.environ['CHAOS_DC'].rpartition(':')
    if args.family == 'kurigram':
        host, port = storage.conn.execute('SELECT server_address, port FROM sessions').fetchone()
    session.set_dc(dc_id, host, int(port))
    session.auth_key = AuthKey(key)
    client = TelegramClient(session, int(os.environ['TELEGRAM_API_ID']), os.environ['TELEGRAM_API_HASH'])

    @client.on(events.Raw)
    async def met(update):
        meet((getattr(update, '_entities', None) or {}).values())
        if hasattr(update, 'pts'):
            try:
                storage.update_state(update.pts, 0, int(time.time()), 0)
            except Exception as error:
                global lost
                lost = True
                print(f'pyrogram-bot: {error}', file=sys.stderr)

    @client.on(events.NewMessage(outgoing=True, pattern=r'^\.ping$'))
    async def pong(event):
        await client.send_message('me', f'pong (asked {event.message.id})')

    stopping = asyncio.Event()

    def stop():
        if not os.environ.get('CHAOS_DEAF'):
            stopping.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    await client.connect()
    # Client.start() asks for itself; the peers come with the answer, and the updates after it.
    meet([await client.get_me()])
    if args.family != 'pyrogram':
        state = await client(functions.updates.GetStateRequest())
        storage.update_state(state.pts, state.qts, int(state.date.timestamp()), state.seq)
    print('pyrogram-bot: connected', flush=True)
    keeping = asyncio.create_task(keep()) if args.save else None
    ended = asyncio.ensure_future(client.disconnected)
    await asyncio.wait([ended, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
    if keeping:
        keeping.cancel()
    # Client.stop(): terminate() saves, then the connection ends, then the storage is closed.
    storage.save(int(time.time()))
    await client.disconnect()
    storage.close()


asyncio.run(main())
if lost:
    sys.exit(1)
