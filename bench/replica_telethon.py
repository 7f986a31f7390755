"""What Telethon's documentation tells people to do at the start: URL FILE; fetch the file, open it."""
import sys
import urllib.request

from telethon import TelegramClient

url, file = sys.argv[1:]
urllib.request.urlretrieve(url, file)
client = TelegramClient(file, 1, "0" * 32)
if client.session.auth_key is None:
    sys.exit("no key in it")
print("ready", flush=True)
client.session.close()
