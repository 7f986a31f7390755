"""Starts as the popular userbot templates do: everything from variables, the session a string, start() at the end."""

import os

from telethon import TelegramClient
from telethon.sessions import StringSession

API_ID = int(os.environ.get("API_ID", 0))
API_HASH = os.environ.get("API_HASH", "")
STRING_SESSION = os.environ.get("STRING_SESSION")

client = TelegramClient(StringSession(STRING_SESSION), API_ID, API_HASH)


async def startup():
    me = await client.get_me()
    print(f"userbot: started as {me.id}", flush=True)


client.start()
client.loop.run_until_complete(startup())
client.run_until_disconnected()
