"""Starts as bots do that serve files by links: a bot token, start() with it, a web server beside it on $PORT."""

import asyncio
import os

from telethon import TelegramClient

BOT_TOKEN = os.environ["BOT_TOKEN"]
client = TelegramClient(os.environ.get("TGSESSION_FILE", "StreamBot"), int(os.environ["API_ID"]), os.environ["API_HASH"])


async def answer(reader, writer):
    await reader.readline()
    me = await client.get_me()
    writer.write(f"HTTP/1.0 200 OK\r\n\r\n{me.username}\n".encode())
    await writer.drain()
    writer.close()


async def main():
    await client.start(bot_token=BOT_TOKEN)
    await asyncio.start_server(answer, "127.0.0.1", int(os.environ["PORT"]))
    print("file-stream: started", flush=True)
    await client.run_until_disconnected()


client.loop.run_until_complete(main())
