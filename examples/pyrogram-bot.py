"""Answers `.ping` in Saved Messages, and sends nothing unasked; for Pyrogram, pyrofork, Kurigram and their kin. Start it
under `tgsession run`, which gives it the session as a file in TGSESSION_FILE and saves what it learns:

    npx tgsession run --client kurigram -- python3 -u examples/pyrogram-bot.py
"""

import asyncio
import os
import sys

from pyrogram import Client, filters, idle

CONFIGURATION = 78
NEEDED = ("TGSESSION_FILE", "TELEGRAM_API_ID", "TELEGRAM_API_HASH")

missing = [name for name in NEEDED if name not in os.environ]
if missing:
    print(f"Not set: {', '.join(missing)}. Start me with: tgsession run -- python3 -u pyrogram-bot.py", file=sys.stderr)
    sys.exit(CONFIGURATION)

# Client adds the ending itself.
app = Client(
    os.environ["TGSESSION_FILE"].removesuffix(".session"),
    int(os.environ["TELEGRAM_API_ID"]),
    os.environ["TELEGRAM_API_HASH"],
)


@app.on_message(filters.me & filters.command("ping", prefixes="."))
async def pong(client, message):
    await client.send_message("me", f"pong (asked {message.id})")


async def keep():
    """Pyrogram and Kurigram commit what they learn only when they stop, or here."""
    while True:
        await asyncio.sleep(60)
        await app.storage.save()


async def main():
    await app.start()
    print("pyrogram-bot: connected", flush=True)
    keeping = asyncio.create_task(keep())
    # Until SIGTERM, SIGINT or SIGABRT.
    await idle()
    keeping.cancel()
    await app.stop()


app.run(main())
