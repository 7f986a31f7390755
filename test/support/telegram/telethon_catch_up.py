"""Telethon with catch_up=True on a session file: tells what it gets until it has `count` messages, one JSON a line."""
import asyncio, json, sys
from telethon import TelegramClient, events
from telethon.crypto import rsa

job = json.load(sys.stdin)
rsa.add_key(job['pem'], old=False)


async def main():
    client = TelegramClient(job['file'], 1, '0123456789abcdef0123456789abcdef', catch_up=True)
    enough = asyncio.Event()
    seen = []

    @client.on(events.NewMessage)
    async def handler(event):
        seen.append(event.raw_text)
        print(json.dumps(event.raw_text), flush=True)
        if len(seen) == job['count']:
            enough.set()

    await client.connect()
    print(json.dumps('started'), flush=True)
    try:
        await asyncio.wait_for(enough.wait(), 10)
        await asyncio.sleep(0.2)
    finally:
        await client.disconnect()

asyncio.run(main())
