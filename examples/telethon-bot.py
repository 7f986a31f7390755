"""Answers `.ping` in Saved Messages, and sends nothing unasked. Start it under `tgsession run`, which gives it the
session as a file in TGSESSION_FILE and saves what it learns:

    npx tgsession run -- python3 -u examples/telethon-bot.py
"""

import asyncio
import os
import signal
import sys

from telethon import TelegramClient, events

CONFIGURATION = 78


async def main():
    client = TelegramClient(
        os.environ["TGSESSION_FILE"],
        int(os.environ["TELEGRAM_API_ID"]),
        os.environ["TELEGRAM_API_HASH"],
    )

    @client.on(events.NewMessage(outgoing=True, pattern=r"^\.ping$"))
    async def pong(event):
        await client.send_message("me", f"pong (asked {event.message.id})")

    # Python's default on SIGTERM is to die at once, without a word to Telegram.
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(client.disconnect()))

    # Not client.start(): that would ask for a phone number wherever the key is refused.
    await client.connect()
    print("telethon-bot: connected", flush=True)
    await client.run_until_disconnected()


missing = [name for name in ("TGSESSION_FILE", "TELEGRAM_API_ID", "TELEGRAM_API_HASH") if name not in os.environ]
if missing:
    print(
        f"Not set: {', '.join(missing)}. Start me with: tgsession run -- python3 -u examples/telethon-bot.py",
        file=sys.stderr,
    )
    sys.exit(CONFIGURATION)
asyncio.run(main())
